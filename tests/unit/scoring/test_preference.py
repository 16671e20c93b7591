from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from builders import a_verdict, an_unscored
from hypothesis import given
from hypothesis import strategies as st
from strategies import partials, weights, words

from judge_service.domain.comparison import ComparedCriterion
from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome
from judge_service.scoring.preference import by_levels, by_orders, of_same_texts, position, whole

if TYPE_CHECKING:
    from judge_service.scoring.aggregate import Partial

SWAPPED = {"a_first": "b_first", "b_first": "a_first", "a": "b", "b": "a"}
OTHER = {"a": "b", "b": "a", "tie": "tie", None: None}


def said(label: str, weight: float = 1.0) -> Scored:
    return Scored(level=label, value=None, weight=weight, rationale=f"It is {label}.")


labels = st.sampled_from(["first", "second", "tie"])
outcomes = st.sampled_from(get_args(UnscoredOutcome))


@st.composite
def verdict_pairs(draw: st.DrawFn) -> tuple[Scored | Unscored, Scored | Unscored]:
    weight = draw(weights)
    sound = labels.map(lambda label: said(label, weight))
    broken = outcomes.map(lambda outcome: an_unscored(outcome, weight=weight))
    either = st.one_of(sound, sound, sound, broken)
    return draw(either), draw(either)


@st.composite
def level_pairs(draw: st.DrawFn) -> tuple[Scored | Unscored, Scored | Unscored]:
    weight = draw(weights)
    sound = st.sampled_from([0.0, 40.0, 100.0]).map(lambda value: a_verdict(value, weight=weight))
    either = sound | outcomes.map(lambda outcome: an_unscored(outcome, weight=weight))
    return draw(either), draw(either)


pairs = st.dictionaries(words, verdict_pairs(), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("a_first", "b_first", "winner", "preference"),
    [
        ("first", "second", "a", 1.0),
        ("second", "first", "b", -1.0),
        ("tie", "tie", "tie", 0.0),
        ("first", "tie", "a", 0.5),
        ("tie", "second", "a", 0.5),
        ("second", "tie", "b", -0.5),
        ("tie", "first", "b", -0.5),
    ],
)
def test_orders_that_do_not_contradict_each_other_name_a_winner_or_a_tie(
    a_first: str, b_first: str, winner: str, preference: float
) -> None:
    found = by_orders(said(a_first), said(b_first))
    assert (found.outcome, found.flipped) == ("compared", False)
    assert (found.winner, found.preference) == (winner, preference)


@pytest.mark.parametrize("place", ["first", "second"])
def test_the_same_position_twice_is_a_flip_and_no_winner(place: str) -> None:
    found = by_orders(said(place), said(place))
    assert (found.outcome, found.flipped, found.winner, found.preference) == (
        "position_flip",
        True,
        None,
        0.0,
    )
    facts = position({"one": found})
    assert (facts.criteria, facts.flips) == (1, 1)
    assert (facts.to_first, facts.to_second) == ((1, 0) if place == "first" else (0, 1))


def test_what_was_said_is_told_in_the_names_of_the_responses() -> None:
    found = by_orders(said("first"), said("first"))
    assert {asking: each.prefers for asking, each in found.said.items()} == {"a_first": "a", "b_first": "b"}
    assert found.said["b_first"].rationale == "It is first."


def test_one_order_without_an_answer_is_no_comparison_and_says_which() -> None:
    found = by_orders(said("first"), an_unscored("refused", reason="the judge declined"))
    assert (found.outcome, found.winner, found.preference) == ("refused", None, None)
    assert found.reason == "with b shown first: the judge declined"
    assert found.said["a_first"].prefers == "a"


@pytest.mark.parametrize(
    ("a", "b", "winner", "preference"), [(80, 20, "a", 1.0), (20, 80, "b", -1.0), (40, 40, "tie", 0.0)]
)
def test_of_two_levels_the_higher_one_wins(a: float, b: float, winner: str, preference: float) -> None:
    found = by_levels(a_verdict(a), a_verdict(b))
    assert (found.outcome, found.winner, found.preference) == ("compared", winner, preference)
    assert position({"one": found}).criteria == 0


@given(verdict_pairs() | level_pairs())
def test_a_flip_or_a_missing_answer_never_yields_a_winner(
    pair: tuple[Scored | Unscored, Scored | Unscored],
) -> None:
    combine = by_levels if any(verdict.value is not None for verdict in pair) else by_orders
    found = combine(*pair)
    if found.flipped or any(isinstance(verdict, Unscored) for verdict in pair):
        assert found.winner is None
    assert (found.preference is None) is any(isinstance(verdict, Unscored) for verdict in pair)


@given(pairs, partials)
def test_swapping_the_responses_mirrors_the_result_exactly(
    verdicts: dict[str, tuple[Scored | Unscored, Scored | Unscored]], partial: Partial
) -> None:
    straight = {key: by_orders(one, other) for key, (one, other) in verdicts.items()}
    mirrored = {key: by_orders(other, one) for key, (one, other) in verdicts.items()}
    for key, each in straight.items():
        assert mirrored[key].winner == OTHER[each.winner]
        assert mirrored[key].preference == (None if each.preference is None else -each.preference)
        assert mirrored[key].flipped is each.flipped
        assert set(mirrored[key].said) == {SWAPPED[asking] for asking in each.said}
    there, back = whole(straight, partial=partial), whole(mirrored, partial=partial)
    assert back.winner == OTHER[there.winner]
    assert back.preference == (None if there.preference is None else -there.preference)
    assert (back.outcome, back.left_out, back.flags) == (there.outcome, there.left_out, there.flags)
    assert position(straight) == position(mirrored)


@given(pairs, weights)
def test_a_tie_more_never_changes_the_sign(
    verdicts: dict[str, tuple[Scored | Unscored, Scored | Unscored]], weight: float
) -> None:
    criteria = {key: by_orders(one, other) for key, (one, other) in verdicts.items()}
    before = whole(criteria)
    after = whole({**criteria, "TIE": by_orders(said("tie", weight), said("tie", weight))})
    assert (after.winner, after.outcome) == (before.winner, before.outcome)
    if before.preference:
        assert after.preference
        assert (after.preference > 0) is (before.preference > 0)


@given(pairs, partials)
def test_a_preference_stays_in_its_range_and_its_sign_is_the_winner(
    verdicts: dict[str, tuple[Scored | Unscored, Scored | Unscored]], partial: Partial
) -> None:
    found = whole({key: by_orders(*pair) for key, pair in verdicts.items()}, partial=partial)
    if found.preference is None:
        assert found.winner is None
        assert found.reason
        assert found.outcome in get_args(UnscoredOutcome)
        return
    assert -1 <= found.preference <= 1
    sign = "a" if found.preference > 0 else "b" if found.preference < 0 else "tie"
    assert found.winner in ({sign} if found.outcome == "compared" else {None})
    assert str(found.preference) != "-0.0"


def test_weights_decide_the_whole() -> None:
    found = whole(
        {"x": by_orders(said("first", 4), said("second", 4)), "y": by_orders(said("second"), said("first"))}
    )
    assert (found.winner, found.preference, found.outcome) == ("a", 0.6, "compared")


def test_a_flip_counts_as_nothing_with_its_weight() -> None:
    found = whole(
        {"x": by_orders(said("first"), said("second")), "y": by_orders(said("first", 3), said("first", 3))}
    )
    assert (found.winner, found.preference, found.flags) == ("a", 0.25, ("position_flip",))


@pytest.mark.parametrize("rest", [[], [("tie", "tie")], [("first", "second"), ("second", "first")]])
def test_nothing_where_something_flipped_is_no_tie(rest: list[tuple[str, str]]) -> None:
    told = [("second", "second"), *rest]
    found = whole({str(at): by_orders(said(one), said(other)) for at, (one, other) in enumerate(told)})
    assert (found.outcome, found.winner, found.preference) == ("position_flip", None, 0.0)
    assert found.reason is not None
    assert "0" in found.reason


def test_one_unscored_criterion_makes_the_whole_null_unless_it_may_be_left_out() -> None:
    criteria = {
        "x": by_orders(said("first"), said("second")),
        "y": by_orders(said("first"), an_unscored("truncated")),
    }
    found = whole(criteria)
    assert (found.preference, found.winner, found.outcome) == (None, None, "truncated")
    partly = whole(criteria, partial="renormalise")
    assert (partly.preference, partly.winner, partly.left_out, partly.flags) == (
        1.0,
        "a",
        ("y",),
        ("partial",),
    )


def test_one_text_twice_is_a_tie() -> None:
    found = whole({"x": of_same_texts(1), "y": of_same_texts(4)})
    assert (found.outcome, found.winner, found.preference) == ("compared", "tie", 0.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "position_flip", "preference": 0.0},
        {"outcome": "position_flip", "preference": 0.0, "flipped": True, "winner": "a"},
        {"outcome": "compared", "preference": 0.5},
        {"outcome": "compared", "winner": "a"},
        {"outcome": "refused", "preference": 0.0},
        {"outcome": "refused", "winner": "tie"},
    ],
)
def test_a_criterion_that_claims_too_much_cannot_be_made(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"a flip is|has a winner|has no number"):
        ComparedCriterion.model_validate({"weight": 1, "said": {}} | fields)
