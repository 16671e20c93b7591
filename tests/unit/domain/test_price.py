"""What a call costs: exact, rounded up, and null rather than guessed."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from judge_service.domain.price import FREE, Price, TokenPrice, total, usd

TOKENS = st.integers(0, 10**7)
MICRO = st.integers(0, 10**9)
PRICE = Price(2_500_000, 10_000_000, 1_250_000)


@given(MICRO, MICRO, st.none() | MICRO, TOKENS, TOKENS, st.none() | TOKENS)
def test_a_cost_is_the_exact_one_rounded_up(
    read: int, written: int, cached: int | None, tokens_in: int, tokens_out: int, kept: int | None
) -> None:
    price = Price(read, written, cached)
    from_cache = min(kept or 0, tokens_in)
    exact = Fraction(
        (tokens_in - from_cache) * read
        + from_cache * (read if cached is None else cached)
        + tokens_out * written,
        10**6,
    )
    assert price.cost(tokens_in, tokens_out, kept) == (0 if price.is_free else math.ceil(exact))


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        ((1_000_000, 0), 2_500_000),
        ((0, 1_000_000), 10_000_000),
        ((1000, 100), 3500),
        ((1000, 100, 400), 3000),
        ((1, 0), 3),
        ((0, 0), 0),
        ((None, 100), None),
        ((1000, None), None),
    ],
)
def test_costs_by_hand(tokens: tuple[int | None, ...], cost: int | None) -> None:
    assert PRICE.cost(*tokens) == cost


@pytest.mark.parametrize("code", ["timeout", "broken_reply", "unavailable", "content_filter", "bad_request"])
def test_a_failure_that_may_have_been_billed_has_no_known_cost(code: str) -> None:
    assert PRICE.cost_of_failure(code) is None
    assert FREE.cost_of_failure(code) == 0


@pytest.mark.parametrize("code", ["rate_limited", "unauthorized", "unknown_model"])
def test_what_was_turned_away_unread_costs_nothing(code: str) -> None:
    assert PRICE.cost_of_failure(code) == 0


def test_who_asks_nobody_pays_nothing_whatever_was_counted() -> None:
    assert FREE.cost(None, None) == 0


@given(st.lists(st.none() | MICRO))
def test_a_total_is_unknown_as_soon_as_a_part_is(costs: list[int | None]) -> None:
    known = [cost for cost in costs if cost is not None]
    assert total(costs) == (sum(known) if len(known) == len(costs) else None)


@pytest.mark.parametrize("odd", [True, "1"])
@pytest.mark.parametrize("field", TokenPrice.model_fields)
def test_a_price_that_is_no_number_is_refused(field: str, odd: object) -> None:
    fields = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2, field: odd}
    with pytest.raises(ValidationError, match="valid number"):
        TokenPrice.model_validate(fields)


def test_a_price_of_the_settings_is_in_dollars() -> None:
    own = TokenPrice(input_usd_per_mtok=0.15, output_usd_per_mtok=0.6).price
    assert (own.input, own.output, own.cached_input, own.as_of) == (150_000, 600_000, None, "settings")
    kept = TokenPrice(input_usd_per_mtok=1, output_usd_per_mtok=2, cached_input_usd_per_mtok=0.1)
    assert kept.price.cached_input == 100_000


@pytest.mark.parametrize(
    ("micro", "told"), [(0, "0 USD"), (1, "0.000001 USD"), (10_000_000, "10 USD"), (1_250_000, "1.25 USD")]
)
def test_money_as_people_read_it(micro: int, told: str) -> None:
    assert usd(micro) == told
