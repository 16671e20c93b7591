"""The desk of files, without HTTP around it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from judge_service.errors import BodyRejected, BodyTooLarge, FileNotKept, StoreError
from judge_service.jobs.file_desk import Described, FileDesk
from judge_service.jobs.shelf import BLOCK_BYTES
from judge_service.jobs.sqlite import SqliteJobs
from judge_service.jobs.sqlite_shelf import SqliteShelf
from judge_service.jobs.tending import Tender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.jobs.base import JobBackend

TOLD = Described("t", "in.jsonl", 3600.0)


class Watched(SqliteShelf):
    """Notes what is written, and how long each block was."""

    def __init__(self) -> None:
        super().__init__(None, clock=lambda: self.now)
        self.now = 1_000_000.0
        self.begun: list[str] = []
        self.blocks: list[int] = []

    async def begin(self, file: str, lease_s: float) -> None:
        self.begun.append(file)
        await super().begin(file, lease_s)

    async def append(self, file: str, number: int, block: bytes, lease_s: float) -> None:
        self.blocks.append(len(block))
        await super().append(file, number, block, lease_s)


@pytest.fixture
async def shelf() -> AsyncIterator[Watched]:
    shelf = Watched()
    yield shelf
    await shelf.aclose()


def desk_of(shelf: Watched, cap: int = 8 * BLOCK_BYTES) -> FileDesk:
    return FileDesk(shelf, bytes_cap=cap, clock=lambda: shelf.now)


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        yield part


async def test_a_file_comes_in_by_blocks_and_goes_out_the_same(shelf: Watched) -> None:
    chance = random.Random(5)
    given = [chance.randbytes(chance.randrange(400_000)) for _ in range(20)]
    desk = desk_of(shelf)
    taken = await desk.take(parts(*given), lambda: TOLD)
    assert taken.size == sum(map(len, given))
    assert set(shelf.blocks[:-1]) == {BLOCK_BYTES}
    assert (taken.created_at, taken.expires_at) == (shelf.now, shelf.now + 3600)
    assert await desk.get("t", taken.id) == taken
    assert b"".join([part async for part in desk.read(taken, 0, taken.size)]) == b"".join(given)


async def test_another_tenant_finds_nothing(shelf: Watched) -> None:
    desk = desk_of(shelf)
    taken = await desk.take(parts(b"x"), lambda: TOLD)
    for call in (desk.get, desk.delete):
        with pytest.raises(FileNotKept):
            await call("other", taken.id)
    assert await desk.of_tenant("other", None, 9) == []
    await desk.delete("t", taken.id)
    with pytest.raises(FileNotKept):
        await desk.get("t", taken.id)


async def test_of_a_file_that_is_too_large_nothing_is_kept(shelf: Watched) -> None:
    with pytest.raises(BodyTooLarge, match="2 MiB"):
        await desk_of(shelf, 2 * BLOCK_BYTES).take(parts(*[b"x" * BLOCK_BYTES] * 2, b"x"), lambda: TOLD)
    await _nothing_is_kept(shelf)
    await desk_of(shelf, 2 * BLOCK_BYTES).take(parts(*[b"x" * BLOCK_BYTES] * 2), lambda: TOLD)


async def test_of_a_file_that_is_badly_described_or_cut_nothing_is_kept(shelf: Watched) -> None:
    def badly() -> Described:
        raise BodyRejected("no purpose")

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * BLOCK_BYTES
        raise ConnectionError

    with pytest.raises(BodyRejected):
        await desk_of(shelf).take(parts(b"x" * BLOCK_BYTES), badly)
    with pytest.raises(ConnectionError):
        await desk_of(shelf).take(broken(), lambda: TOLD)
    await _nothing_is_kept(shelf)


async def test_the_tender_sweeps(shelf: Watched) -> None:
    desk = desk_of(shelf)
    taken = await desk.take(parts(b"x"), lambda: TOLD)
    jobs: JobBackend = SqliteJobs(None)
    tender = Tender(jobs, sweep=shelf.sweep)
    await tender.tend()
    assert await desk.get("t", taken.id) == taken
    shelf.now += 3601
    await tender.tend()
    with pytest.raises(StoreError):
        [part async for part in shelf.read(taken.id, 0, 1)]
    await jobs.aclose()


async def _nothing_is_kept(shelf: Watched) -> None:
    for file in shelf.begun:
        with pytest.raises(StoreError):
            [part async for part in shelf.read(file, 0, 1)]
        with pytest.raises(StoreError):
            await shelf.append(file, 0, b"more", 60)
