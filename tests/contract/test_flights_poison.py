"""An entry that is not wholly sound is never served, whatever is wrong with it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
import zstandard
from flightdeck import soon

from judge_service.stores.flights import Flights, Flown
from judge_service.stores.memory import MemoryStore
from judge_service.stores.records import seal, unseal
from judge_service.stores.redis import RedisStore
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from judge_service.stores.base import Store
    from judge_service.stores.landing import Landing

pytestmark = pytest.mark.clocked


@pytest.fixture
def prefix() -> str:
    return f"test:{uuid.uuid4()}"


@pytest.fixture(params=["memory", "file", "redis"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, prefix: str
) -> AsyncIterator[Store]:
    kinds: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "file": lambda: FileStore(tmp_path / "store.sqlite", call_s=2),
        "redis": lambda: RedisStore.at(redis_url, prefix=prefix, call_s=2),
    }
    store = kinds[request.param]()
    yield store
    await store.aclose()


def sealed(payload: object, *, schema: int = 1, key: str = "k") -> bytes:
    return seal(payload, schema=schema, now=0, key=key)


def read_record(blob: bytes) -> bytes | None:
    answer = unseal(blob, schema=1, key="k")
    return answer if isinstance(answer, bytes) else None


def flipped(blob: bytes, place: int) -> bytes:
    return blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]


def bomb() -> bytes:
    return sealed(b"x")[:48] + zstandard.ZstdCompressor(level=19).compress(bytes(64 * 2**20))


POISON = {
    **{f"bit {place}": flipped(sealed(b"poison"), place) for place in range(len(sealed(b"poison")))},
    "older schema": sealed(b"poison", schema=0),
    "newer schema": sealed(b"poison", schema=2),
    "another key's": sealed(b"poison", key="another"),
    "another shape": sealed({"score": 0.5}),
    "no record": b"poison",
    "nothing": b"",
    "cut": sealed(b"poison")[:-1],
    "bomb": bomb(),
}


async def test_no_poisoned_entry_is_served(store: Store) -> None:
    assert read_record(sealed(b"sound")) == b"sound"
    flights = Flights(store)

    async def compute(landing: Landing) -> tuple[bytes, bytes | None]:
        return b"sound", sealed(b"sound")

    for kind, blob in POISON.items():
        await store.put("k", blob, 60)
        assert await flights.peek("k", read_record) is None, kind
        assert await store.get("k") is None, kind
        await store.put("k", blob, 60)
        flown = await flights.fetch("k", compute, read_record, deadline=soon())
        assert flown == Flown(b"sound", "miss"), kind
        assert await flights.peek("k", read_record) == b"sound", kind
