from __future__ import annotations

from itertools import pairwise

import pytest

from judge_service.backends.pace import (
    BACK_TO,
    DOUBLES_IN_S,
    FIRST_BURST,
    GROWTH,
    LEAST_PER_S,
    RECOVERS_IN_S,
    Pace,
    Ramp,
)


def refused_after(calls: int, *, within_s: float = 1.0, paused_until: float = 2.0) -> Pace:
    """A pace whose judge took so many calls in the second before it said no, at the time 1."""
    pace = Pace()
    for at in range(calls):
        pace.begin(1 - within_s + within_s * at / calls)
    pace.begin(0.999)
    pace.refused(1.0, 0.999, paused_until)
    return pace


def per_s(pace: Pace, at: float) -> float:
    began = max(at, pace.next_at)
    pace.begin(began)
    return 1 / (pace.next_at - began)


def test_there_is_no_pace_before_the_first_no() -> None:
    pace = Pace()
    for _ in range(1000):
        pace.begin(5.0)
        assert pace.next_at < 5.0


def test_nothing_begins_before_the_pause_is_over() -> None:
    assert refused_after(100).next_at == 2.0


@pytest.mark.parametrize(
    ("since_s", "share"),
    [
        (0.0, BACK_TO),
        (RECOVERS_IN_S / 2, (1 + BACK_TO) / 2),
        (RECOVERS_IN_S, 1.0),
        (RECOVERS_IN_S + 2, GROWTH**2),
    ],
)
def test_goes_back_to_what_was_taken_and_on(since_s: float, share: float) -> None:
    assert per_s(refused_after(100), 2.0 + since_s) == pytest.approx(100 * share)


def test_an_hour_later_it_holds_nobody_back() -> None:
    pace = refused_after(10)
    pace.begin(3600.0)
    assert pace.next_at - 3600.0 < 1e-6


def test_calls_are_evenly_apart_however_many_wait() -> None:
    pace = refused_after(100)
    begun = []
    for _ in range(5):
        begun.append(pace.next_at)
        pace.begin(pace.next_at)
    gaps = [later - earlier for earlier, later in pairwise(begun)]
    assert gaps == pytest.approx([1 / 70] * 4, rel=0.01)


def test_what_was_not_used_is_not_made_up_for() -> None:
    pace = refused_after(100)
    pace.begin(4.0)
    assert pace.next_at > 4.0


def test_a_no_to_the_first_call_of_all_leaves_a_pace_to_work_with() -> None:
    assert per_s(refused_after(0), 2.0) == pytest.approx(LEAST_PER_S * BACK_TO)


def test_only_the_last_second_counts() -> None:
    pace = Pace()
    for at in range(100):
        pace.begin(at / 100)
    pace.begin(10.0)
    pace.refused(10.0, 10.0, 10.0)
    assert per_s(pace, 10.0) == pytest.approx(LEAST_PER_S * BACK_TO)


def test_the_nos_that_were_on_their_way_already_do_not_cut_again() -> None:
    pace = Pace()
    for at in range(50):
        pace.begin(at / 100)
    for _ in range(30):
        pace.begin(0.9)
    for at in range(30):
        pace.refused(1.0 + at / 1000, 0.9, 2.0)
    first = per_s(pace, 2.0)
    assert first == pytest.approx(BACK_TO * 79)  # the others' "no" had not come when it was reckoned
    pace.refused(1.1, 0.95, 2.0)
    assert per_s(pace, 2.0) == pytest.approx(first, rel=0.01)


def test_a_later_no_reckons_anew_and_lengthens_the_pause() -> None:
    pace = refused_after(100)
    for at in range(20):
        pace.begin(2.5 + at / 40)
    pace.refused(3.1, 2.9, 9.0)
    assert pace.next_at == 9.0
    assert per_s(pace, 9.0) == pytest.approx(20 * BACK_TO, rel=0.1)


# --- a first burst


def let_in(ramp: Ramp, at: float, inflight: int) -> int:
    while ramp.allows(at, inflight):
        inflight += 1
    return inflight


def test_a_burst_begins_with_eight_and_doubles() -> None:
    ramp = Ramp()
    inside = let_in(ramp, 0.0, 0)
    assert inside == FIRST_BURST
    for doubled in (16, 32, 64):
        end = ramp.opens(inside)
        while inside < doubled:
            inside = let_in(ramp, ramp.opens(inside), inside)
        assert end > 0
    assert ramp.opens(inside) == pytest.approx(3 * DOUBLES_IN_S, abs=0.002)


def test_who_was_idle_begins_anew() -> None:
    ramp = Ramp()
    assert let_in(ramp, 0.0, 0) == FIRST_BURST
    assert let_in(ramp, 60.0, 0) == FIRST_BURST


def test_what_was_borne_enters_at_once() -> None:
    ramp = Ramp()
    ramp.borne = 40
    assert let_in(ramp, 0.0, 0) >= FIRST_BURST
    assert let_in(ramp, 1.0, 0) == 40


def test_it_opens_when_it_says() -> None:
    ramp = Ramp()
    inside = let_in(ramp, 0.0, 0)
    opens = ramp.opens(inside)
    assert not ramp.allows(opens - 0.001, inside)
    assert ramp.allows(opens + 1e-6, inside)
