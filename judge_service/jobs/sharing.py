"""Which jobs' items are next: by priority, then to the tenant and the job that have the least in work."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.job import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.job import JobPriority

_ROUNDING = 1e-6  # of an item


@dataclass(slots=True)
class Standing:
    """An open job: how much of it waits, how much is in work, and what its caps still let begin.

    `queued` items were dealt and nobody has taken them yet: they go first, and count like items in work.
    """

    job: str
    tenant: str
    priority: JobPriority
    waiting: int
    running: int
    room: int  # items that its caps on concurrency and rate let begin now
    queued: int = 0


def shares(standings: Sequence[Standing], most: int) -> dict[str, int]:
    """Deal as `deal` does, and say how many places each job has."""
    return dict(Counter(deal(standings, most)))


def deal(standings: Sequence[Standing], most: int) -> list[str]:
    """Deal at most so many places to jobs, less those that are queued; give the jobs in the places' order.

    Each place goes to the most urgent priority that has something waiting; within it to the tenant with the
    least in work, and of that tenant to the job with the least. So a tenant alone gets all, and of two that
    both wait neither gets more than half for longer than what it has in work takes. Jobs that stand earlier
    in the list go first among equals. What is queued less urgently stands in nobody's way.
    """
    dealt: list[str] = []
    in_work: dict[str, int] = {}
    for one in standings:
        in_work[one.tenant] = in_work.get(one.tenant, 0) + one.running
    for priority in PRIORITIES:
        level = [one for one in standings if one.priority == priority]
        for one in level:
            in_work[one.tenant] += one.queued
            most -= one.queued
        places = _deal_level(level, most, in_work)
        most -= len(places)
        dealt += places
    return dealt


def _deal_level(level: Sequence[Standing], most: int, in_work: dict[str, int]) -> list[str]:
    places: list[str] = []
    begun = {one.job: 0 for one in level}
    able = [one for one in level if _able(one, 0)]
    while able and len(places) < most:
        one = min(able, key=lambda s: (in_work[s.tenant], s.running + s.queued + begun[s.job]))
        places.append(one.job)
        begun[one.job] += 1
        in_work[one.tenant] += 1
        if not _able(one, begun[one.job]):
            able.remove(one)
    return places


def starved(standings: Sequence[Standing], most: int) -> bool:
    """Whether so many who ask now would miss something more urgent, or anything, than what is queued."""
    for priority in PRIORITIES:
        level = [one for one in standings if one.priority == priority]
        most -= sum(one.queued for one in level)
        if most <= 0:
            return False
        if any(_able(one, 0) for one in level):
            return True
    return False


def _able(one: Standing, dealt: int) -> bool:
    return min(one.waiting, one.room) > dealt


def rate_room(per_minute: float | None, due: float, now: float) -> int | None:
    """How many items a cap per minute lets begin now; None where there is no cap.

    `due` is when the last item begun would have had its turn (`rate_due` moves it on). At most what a second
    brings, and at least one, is saved up: no burst after a pause.
    """
    if per_minute is None:
        return None
    interval = 60 / per_minute
    return int((now - _base(per_minute, due, now)) / interval + _ROUNDING)


def rate_due(per_minute: float, due: float, now: float, begun: int) -> float:
    """Move `due` on by the items that begin now."""
    return _base(per_minute, due, now) + begun * 60 / per_minute


def _base(per_minute: float, due: float, now: float) -> float:
    saved = max(1.0, per_minute / 60)
    return max(due, now - saved * 60 / per_minute)
