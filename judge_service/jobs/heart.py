"""A thread that keeps a worker's leases alive, also while its event loop is busy; not when the loop hangs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from judge_service.jobs.base import Claim

HUNG_S = 60.0
LONGEST_BEAT_S = 10.0
_log = structlog.get_logger(__name__)


class Heart:
    """Beats three times in a lease for all claims that `held` gives. `tick` is called by the loop."""

    def __init__(
        self,
        beat: Callable[[Iterable[Claim]], None],
        held: Callable[[], list[Claim]],
        lease_s: float,
        *,
        hung_s: float = HUNG_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beat = beat
        self._held = held
        self._every_s = min(lease_s / 3, LONGEST_BEAT_S)
        self._hung_s = hung_s
        self._clock = clock
        self._ticked = clock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs-heart", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def tick(self) -> None:
        """Say that the event loop goes round."""
        self._ticked = self._clock()

    def stop(self) -> None:
        """Beat no more; returns when the last beat is over."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._clock() - self._ticked < self._hung_s:
                self._try()
            self._stopped.wait(self._every_s)

    def _try(self) -> None:
        try:
            self._beat(self._held())
        except Exception as exc:  # noqa: BLE001 (nobody would notice that this thread has ended)
            # The next beat comes before the lease is over; if that fails too, others take over and lose nothing.
            _log.warning("no heartbeat", error_code=type(exc).__name__)
