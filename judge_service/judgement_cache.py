"""Keeps judgements in the store and lets equal questions share one call: the cache that scoring sees."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from judge_service.scoring.judgement import RECORD_SCHEMA, Judgement, to_record
from judge_service.stores.records import RecordFault, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_service.backends.base import Landing
    from judge_service.stores.flights import Flights

    Restore = Callable[[Mapping[str, object]], Judgement | None]


class StoredJudgements:
    """A `JudgementCache` over a store. Only what `to_record` vouches for is written."""

    def __init__(self, flights: Flights) -> None:
        self._flights = flights

    async def fetch(
        self,
        key: str,
        compute: Callable[[Landing], Awaitable[Judgement]],
        restore: Restore,
        *,
        deadline: float,
        refresh: bool,
    ) -> Judgement:
        """Find the judgement, join the call that is making it, or make it."""

        async def sealed(landing: Landing) -> tuple[Judgement, bytes | None]:
            judgement = await compute(landing)
            record = to_record(judgement)
            return judgement, None if record is None else seal(
                _bound(key, record), schema=RECORD_SCHEMA, now=time.time()
            )

        flown = await self._flights.fetch(
            key, sealed, _reader(key, restore), deadline=deadline, refresh=refresh
        )
        return replace(flown.value, cache=flown.source)

    async def peek(self, key: str, restore: Restore) -> Judgement | None:
        """Find the judgement, and make none."""
        return await self._flights.peek(key, _reader(key, restore))


def _bound(key: str, record: dict[str, object]) -> dict[str, object]:
    # The record names its key, so that one that was moved to another key is not believed.
    return {"key": key, "judgement": record}


def _reader(key: str, restore: Restore) -> Callable[[bytes], Judgement | None]:
    def read(blob: bytes) -> Judgement | None:
        record = unseal(blob, schema=RECORD_SCHEMA)
        if (
            not isinstance(record, dict)
            or record.get("key") != key
            or not isinstance(record.get("judgement"), dict)
        ):
            raise RecordFault("corrupt")
        return restore(record["judgement"])

    return read
