"""Which jobs' items are next: by priority, then to the tenant and the job that have the least in work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.job import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.job import JobPriority

_ROUNDING = 1e-6  # of an item


@dataclass(slots=True)
class Standing:
    """An open job: how much of it waits, how much is in work, and what its caps still let begin."""

    job: str
    tenant: str
    priority: JobPriority
    waiting: int
    running: int
    room: int  # items that its caps on concurrency and rate let begin now


def shares(standings: Sequence[Standing], most: int) -> dict[str, int]:
    """Deal at most so many places to jobs: job → places.

    Each place goes to the most urgent priority that has something waiting; within it to the tenant with the
    least in work, and of that tenant to the job with the least. So a tenant alone gets all, and of two that
    both wait neither gets more than half for longer than what it has in work takes. Jobs that stand earlier
    in the list go first among equals.
    """
    dealt: dict[str, int] = {}
    in_work: dict[str, int] = {}
    for one in standings:
        in_work[one.tenant] = in_work.get(one.tenant, 0) + one.running
    for priority in PRIORITIES:
        able = [one for one in standings if one.priority == priority and _able(one, 0)]
        while able and most > 0:
            one = min(able, key=lambda s: (in_work[s.tenant], s.running + dealt.get(s.job, 0)))
            given = dealt.get(one.job, 0) + 1
            dealt[one.job] = given
            in_work[one.tenant] += 1
            most -= 1
            if not _able(one, given):
                able.remove(one)
    return dealt


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
