from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from judge_service.backends.line import Line
from judge_service.domain.place import INTERACTIVE, Place


@dataclass(eq=False)
class Someone:
    place: Place
    number: int = 0


class Hall:
    """A line before a limited room, played from one seed, with its own books in lists."""

    def __init__(self, seed: int, limit: int) -> None:
        self.random = Random(seed)
        self.limit = limit
        self.line: Line[Someone] = Line()
        self.waiting: list[Someone] = []
        self.inside: list[Someone] = []
        self.passed: Counter[tuple[str, str]] = (
            Counter()
        )  # how often one tenant went while another could have
        self.count = 0

    def comes(self) -> None:
        self.count += 1
        tenant = self.random.choice("aaabc")
        place = Place("batch", tenant) if self.random.random() < 0.7 else INTERACTIVE
        someone = Someone(place, self.count)
        self.waiting.append(someone)
        self.line.join(someone)

    def gives_up(self) -> None:
        if self.waiting:
            someone = self.waiting.pop(self.random.randrange(len(self.waiting)))
            assert self.line.leave(someone)
            assert not self.line.leave(someone)
            if someone.place not in [each.place for each in self.waiting]:  # a line of its own ends
                for other in "abc":
                    self.passed[other, someone.place.tenant] = 0

    def ends(self) -> None:
        if self.inside:
            self.line.rise(self.inside.pop(self.random.randrange(len(self.inside))).place)

    def enters(self) -> None:
        if len(self.inside) >= self.limit:
            return
        someone = self.line.call(self.limit)
        if someone is None:
            assert self.waiting == []
            return
        self._is_rightly_next(someone)
        self.waiting.remove(someone)
        self.inside.append(someone)
        self.line.seat(someone.place)

    def _is_rightly_next(self, someone: Someone) -> None:
        same = [each for each in self.waiting if each.place == someone.place]
        assert someone is same[0]
        if someone.place == INTERACTIVE:
            return
        assert INTERACTIVE not in [each.place for each in self.waiting]
        tenants = {each.place.tenant for each in self.waiting}
        held = Counter(each.place.tenant for each in self.inside if each.place.priority == "batch")
        share = (self.limit + 1) // 2
        goes = someone.place.tenant
        if len(tenants) > 1:
            assert held[goes] < share
        for other in "abc":
            self.passed[other, goes] = 0
            could_go = other != goes and other in tenants and held[other] < share
            self.passed[goes, other] = self.passed[goes, other] + 1 if could_go else 0
            assert self.passed[goes, other] <= 1, "it had its turn, and went again before the other"

    def play(self, steps: int) -> None:
        moves = [self.comes, self.comes, self.enters, self.enters, self.ends, self.gives_up]
        for _ in range(steps):
            self.random.choice(moves)()
            assert len(self.line) == len(self.waiting)

    def empty(self) -> None:
        while self.waiting or self.inside:
            self.enters()
            self.ends()


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.integers(1, 9), steps=st.integers(1, 300))
def test_every_turn_comes_in_its_order_and_shares_hold(seed: int, limit: int, steps: int) -> None:
    hall = Hall(seed, limit)
    hall.play(steps)
    hall.empty()
    assert len(hall.line) == 0
    assert (hall.line._held, hall.line._tenants) == ({}, {})


def _seconds_per_call(waiting: int, tenants: int) -> float:
    line: Line[Someone] = Line()
    for at in range(waiting):
        line.join(Someone(Place("batch", str(at % tenants))))
    began = perf_counter()
    for _ in range(1000):
        someone = line.call(64)
        assert someone is not None
        line.join(someone)
    return (perf_counter() - began) / 1000


def test_a_turn_costs_the_same_however_many_wait() -> None:
    few = min(_seconds_per_call(10, 2) for _ in range(3))
    assert min(_seconds_per_call(50_000, 2_000) for _ in range(3)) < 20 * few
