from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from judge_service.backends.budget import CEILING, RetryBudget


def _drained(budget: RetryBudget) -> int:
    spent = 0
    while budget.spend():
        spent += 1
    return spent


def test_starts_with_its_reserve_and_then_is_empty() -> None:
    assert _drained(RetryBudget()) == 10


def test_ten_successes_pay_for_one_retry() -> None:
    budget = RetryBudget()
    _drained(budget)
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    assert not budget.spend()


def test_a_refused_retry_costs_nothing() -> None:
    budget = RetryBudget(reserve=0.5, share=0.25)
    assert not budget.spend()
    budget.earn()
    budget.earn()
    assert budget.spend()


def test_a_long_good_time_saves_no_more_than_the_ceiling() -> None:
    budget = RetryBudget()
    for _ in range(100_000):
        budget.earn()
    assert _drained(budget) == CEILING


@given(st.lists(st.booleans(), max_size=400))
def test_retries_never_exceed_the_reserve_and_a_tenth_of_the_successes(events: list[bool]) -> None:
    budget = RetryBudget()
    earned = spent = refused = 0
    for success in events:
        if success:
            budget.earn()
            earned += 1
        elif budget.spend():
            spent += 1
        else:
            refused += 1
            assert 10 + earned / 10 - spent < 1
    assert spent <= 10 + earned / 10 + 1e-6
    assert spent + refused + earned == len(events)
