from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from builders import a_verdict, an_unscored
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import mixed_verdicts, numeric_verdicts, partials, unscored

from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome
from judge_service.scoring.aggregate import Partial, Total, weighted_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

Verdicts = dict[str, Scored | Unscored]


def by_hand(verdicts: Mapping[str, Scored | Unscored]) -> float:
    above = below = 0.0
    for verdict in verdicts.values():
        if verdict.value is not None:
            above += verdict.weight * verdict.value
            below += verdict.weight
    return above / below


def test_a_published_total_comes_out_of_its_criteria() -> None:
    # GPT-5's open-ended row of the Med-CMR paper (arXiv 2512.00818): 97.77, 88.86, 40.45, 34.65 -> 48.70.
    values = {"consistency": 97.77, "coherence": 88.86, "visual_accuracy": 40.45, "ground_truth": 34.65}
    weights = {"consistency": 1, "coherence": 1, "visual_accuracy": 4, "ground_truth": 4}
    verdicts = {name: a_verdict(value, weight=weights[name]) for name, value in values.items()}
    total = weighted_mean(verdicts)
    assert total.score == pytest.approx(48.703)
    assert total == Total(total.score, "scored")


@given(numeric_verdicts)
def test_a_total_is_the_weighted_mean_and_lies_among_its_values(verdicts: Verdicts) -> None:
    total = weighted_mean(verdicts)
    values = [verdict.value for verdict in verdicts.values() if verdict.value is not None]
    assert total.score == pytest.approx(by_hand(verdicts), abs=1e-7)
    assert total.score is not None
    assert min(values) <= total.score <= max(values)
    assert total == Total(total.score, "scored")


@given(numeric_verdicts, st.randoms())
def test_the_order_of_criteria_changes_nothing(verdicts: Verdicts, chance: Random) -> None:
    shuffled = list(verdicts.items())
    chance.shuffle(shuffled)
    assert weighted_mean(dict(shuffled)) == weighted_mean(verdicts)


@given(numeric_verdicts, st.floats(0.1, 0.9))
def test_a_criterion_split_in_two_counts_as_much_as_before(verdicts: Verdicts, share: float) -> None:
    first, verdict = next(iter(verdicts.items()))
    split = dict(verdicts)
    split[first] = verdict.model_copy(update={"weight": verdict.weight * share})
    split["the other part"] = verdict.model_copy(update={"weight": verdict.weight * (1 - share)})
    assert weighted_mean(split).score == pytest.approx(weighted_mean(verdicts).score, abs=1e-7)


@given(numeric_verdicts, st.floats(0.01, 100))
def test_only_the_proportions_of_weights_count(verdicts: Verdicts, factor: float) -> None:
    scaled = {
        name: verdict.model_copy(update={"weight": verdict.weight * factor})
        for name, verdict in verdicts.items()
    }
    assert weighted_mean(scaled).score == pytest.approx(weighted_mean(verdicts).score, abs=1e-7)


@given(numeric_verdicts, st.floats(0, 100))
def test_a_better_verdict_never_lowers_the_total(verdicts: Verdicts, value: float) -> None:
    first, verdict = next(iter(verdicts.items()))
    assert verdict.value is not None
    better = verdicts | {first: verdict.model_copy(update={"value": max(value, verdict.value)})}
    before, after = weighted_mean(verdicts).score, weighted_mean(better).score
    assert before is not None
    assert after is not None
    assert after >= before - 1e-9


@given(numeric_verdicts, unscored(), st.integers(0, 5))
def test_one_unscored_criterion_makes_the_total_null(verdicts: Verdicts, bad: Unscored, at: int) -> None:
    items = list(verdicts.items())
    items.insert(at, ("the bad one", bad))
    assert weighted_mean(dict(items)) == Total(None, bad.outcome, f"the bad one: {bad.reason}")


@given(numeric_verdicts, unscored())
def test_renormalising_leaves_the_rest_as_it_is_and_says_what_it_left_out(
    verdicts: Verdicts, bad: Unscored
) -> None:
    total = weighted_mean(verdicts | {"the bad one": bad}, partial="renormalise")
    assert total.score == weighted_mean(verdicts).score
    assert total.outcome == "scored"
    assert total.left_out == ("the bad one",)
    assert total.flags == ("partial",)


@given(mixed_verdicts, partials)
def test_a_total_has_a_number_or_a_reason_and_never_both(verdicts: Verdicts, partial: Partial) -> None:
    total = weighted_mean(verdicts, partial=partial)
    assert (total.score is None) == (total.reason is not None)
    assert (total.outcome == "scored") == (total.score is not None)
    bad = {name for name, verdict in verdicts.items() if isinstance(verdict, Unscored)}
    assert set(total.left_out) == (bad if total.outcome == "scored" else set())


@given(st.dictionaries(st.text(max_size=3), unscored(), min_size=1, max_size=5), partials)
def test_where_nothing_is_scored_there_is_no_total_either_way(bad: Verdicts, partial: Partial) -> None:
    total = weighted_mean(bad, partial=partial)
    assert total.score is None
    assert total.outcome in {verdict.outcome for verdict in bad.values()}


@given(st.permutations(get_args(UnscoredOutcome)))
def test_of_several_reasons_the_total_tells_what_can_be_mended_soonest(
    outcomes: list[UnscoredOutcome],
) -> None:
    assume(len(outcomes) > 1)
    verdicts: Verdicts = {outcome: an_unscored(outcome) for outcome in outcomes}
    for expected in get_args(UnscoredOutcome):
        assert weighted_mean(verdicts).outcome == expected
        del verdicts[expected]


def test_verdicts_without_values_are_scored_and_have_no_total() -> None:
    nominal = a_verdict(None, level="supported")
    assert weighted_mean({"a": nominal}) == Total(None, "scored", None, (), ("no_numeric_scale",))
    partly = weighted_mean({"a": nominal, "b": an_unscored()}, partial="renormalise")
    assert partly == Total(None, "scored", None, ("b",), ("partial", "no_numeric_scale"))
    assert weighted_mean({"a": nominal, "b": an_unscored("refused")}).outcome == "refused"


def test_a_total_of_expected_values_never_takes_a_level_instead() -> None:
    told = {"a": a_verdict(100.0, expected=60.0), "b": a_verdict(0.0, distribution_withheld="mass_unseen")}
    whole = weighted_mean(told, score_from="expected")
    assert (whole.score, whole.outcome) == (None, "no_distribution")
    assert whole.reason is not None
    assert whole.reason.startswith("b: no expected level: too much of the probability")
    part = weighted_mean(told, partial="renormalise", score_from="expected")
    assert (part.score, part.left_out) == (60.0, ("b",))
    assert weighted_mean(told).score == 50.0
