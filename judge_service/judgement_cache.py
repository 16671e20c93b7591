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
    from judge_service.domain.place import Place
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
        place: Place,
    ) -> Judgement:
        """Find the judgement, join the call that is making it, or make it."""

        async def kept(landing: Landing) -> tuple[Judgement, bytes | None]:
            judgement = await compute(landing)
            return judgement, _sealed(key, judgement)

        flown = await self._flights.fetch(
            key, kept, _reader(key, restore), deadline=deadline, refresh=refresh, place=place
        )
        return replace(flown.value, cache=flown.source)

    async def peek(self, key: str, restore: Restore) -> Judgement | None:
        """Find the judgement, and make none."""
        return await self._flights.peek(key, _reader(key, restore))


def _sealed(key: str, judgement: Judgement) -> bytes | None:
    record = to_record(judgement)
    if record is None:
        return None
    try:
        return seal(record, schema=RECORD_SCHEMA, now=time.time(), key=key)
    except RecordFault:  # a judge may say more than is worth keeping; the caller gets it all the same
        return None


def _reader(key: str, restore: Restore) -> Callable[[bytes], Judgement | None]:
    def read(blob: bytes) -> Judgement | None:
        record = unseal(blob, schema=RECORD_SCHEMA, key=key)
        return restore(record) if isinstance(record, dict) else None

    return read
