"""Keeps a worker's leases in Redis alive, from a thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_service.jobs.redis_calls import ticket_args
from judge_service.jobs.redis_queue_scripts import PULSE
from judge_service.stores.redis_door import answered_blocked, blocked_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from judge_service.jobs.base import Claim
    from judge_service.jobs.redis_calls import Arg

_ANSWER_S = 2.0


class Pulse:
    """Called from one thread; its connection is made with the first call."""

    def __init__(
        self, url: str, worker: str, *, prefix: str, lease_s: float, clock: Callable[[], float]
    ) -> None:
        self._client = blocked_client(url, _ANSWER_S)
        self._renewal = self._client.register_script(PULSE)
        self._worker = worker
        self._prefix = prefix
        self._lease_s = lease_s
        self._clock = clock

    def __call__(self, claims: Iterable[Claim]) -> None:
        """Begin the leases that are still the worker's anew, and drop the names of workers that are gone."""
        now = self._clock()
        args: list[Arg] = [self._prefix, self._worker, now, now + self._lease_s, *ticket_args(claims)]
        answered_blocked("renew leases", self._client, lambda _: self._renewal(args=args))
