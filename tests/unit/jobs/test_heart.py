"""Leases are renewed from a thread: also while the loop is busy, not when it hangs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from judge_service.errors import StoreError
from judge_service.jobs.base import Claim
from judge_service.jobs.heart import Heart

if TYPE_CHECKING:
    from collections.abc import Iterable

CLAIM = Claim("job_1", 0, 1, "1")
WITHIN_S = 5.0


class Beats:
    """Notes every beat; `faults` come first."""

    def __init__(self, *faults: Exception) -> None:
        self.held: list[list[Claim]] = []
        self.threads: set[int] = set()
        self._faults = list(faults)
        self._changed = threading.Condition()

    def __call__(self, claims: Iterable[Claim]) -> None:
        with self._changed:
            self.held.append(list(claims))
            self.threads.add(threading.get_ident())
            self._changed.notify_all()
        if self._faults:
            raise self._faults.pop(0)

    def come(self, number: int) -> bool:
        """Wait for so many in all."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.held) >= number, WITHIN_S)


def test_it_beats_while_the_loop_is_blocked() -> None:
    beats = Beats()
    heart = Heart(beats, lambda: [CLAIM], 0.06)
    heart.start()
    time.sleep(0.2)  # the loop's thread does nothing else for three leases
    heart.stop()
    assert len(beats.held) >= 4
    assert all(held == [CLAIM] for held in beats.held)
    assert beats.threads != {threading.get_ident()}


def test_it_stops_when_the_loop_hangs_and_goes_on_when_it_turns_again() -> None:
    now = 0.0
    beats = Beats()
    heart = Heart(beats, list, 0.03, hung_s=60.0, clock=lambda: now)
    heart.start()
    assert beats.come(2)
    now = 61.0
    time.sleep(0.03)  # what was under way
    count = len(beats.held)
    time.sleep(0.1)
    assert len(beats.held) == count
    heart.tick()
    assert beats.come(count + 2)
    heart.stop()


@pytest.mark.parametrize("fault", [StoreError("away"), KeyError("a surprise")], ids=["away", "surprise"])
def test_a_beat_that_fails_is_not_the_last(fault: Exception) -> None:
    beats = Beats(fault, fault)
    heart = Heart(beats, list, 0.03)
    heart.start()
    assert beats.come(4)
    heart.stop()


def test_when_it_has_stopped_there_is_no_further_beat() -> None:
    beats = Beats()
    heart = Heart(beats, list, 0.003)
    heart.start()
    assert beats.come(3)
    heart.stop()
    count = len(beats.held)
    time.sleep(0.05)
    assert len(beats.held) == count


def test_three_beats_fit_in_a_lease_and_long_leases_are_shown_as_well() -> None:
    assert Heart(Beats(), list, 6.0)._every_s == 2.0
    assert Heart(Beats(), list, 3600.0)._every_s == 10.0
    assert Heart(Beats(), list, float("inf"))._every_s == 10.0
