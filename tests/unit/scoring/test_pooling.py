"""One verdict from several: whatever the order, never moved by who said nothing, never outside the range."""

from __future__ import annotations

import statistics
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from builders import a_criterion, a_nominal_scale, a_scale, an_unscored
from hypothesis import assume, given
from hypothesis import strategies as st

from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome
from judge_service.scoring.pooling import INCOMPLETE, Voting, pooled
from judge_service.scoring.reading import scored as scored_as

if TYPE_CHECKING:
    from random import Random

    from judge_service.domain.rubric import Criterion

ORDINAL = a_criterion("accuracy", weight=4)
NOMINAL = a_criterion("claim", scale=a_nominal_scale())
UNEVEN = a_criterion(
    "uneven",
    scale=a_scale(
        levels=[
            {"label": at, "value": value, "means": "m"} for at, value in enumerate((0, 0.1, 0.15, 0.9, 1))
        ]
    ),
)
NAMES = "abcdefg"
OUTCOMES: list[UnscoredOutcome] = ["refused", "timeout", "provider_error", "abstained", "unparsable"]
Verdicts = dict[str, Scored | Unscored]

weights = st.sampled_from([0.1, 0.2, 0.3, 1, 2, 3]) | st.floats(1e-6, 1e6)


def said(criterion: Criterion, level: int | str, rationale: str = "Because.") -> Scored:
    return scored_as(criterion, level, rationale)


@st.composite
def panels(draw: st.DrawFn, *criteria: Criterion, least: int = 1) -> tuple[Criterion, Verdicts, Voting]:
    """Verdicts of two to six members of whom at least so many gave a level, and as small a quorum."""
    criterion = draw(st.sampled_from(criteria or (ORDINAL, UNEVEN, NOMINAL)))
    size = draw(st.integers(2, 6))
    with_level = draw(st.integers(least, size))
    verdicts: Verdicts = {}
    for at, name in enumerate(NAMES[:size]):
        if at < with_level:
            verdicts[name] = said(criterion, draw(st.sampled_from(criterion.scale.labels)), f"By {name}.")
        else:
            verdicts[name] = an_unscored(draw(st.sampled_from(OUTCOMES)))
    voting = Voting(draw(st.integers(1, with_level)), {name: draw(weights) for name in NAMES})
    return criterion, verdicts, voting


@given(panels(), st.sampled_from(OUTCOMES))
def test_a_further_member_without_a_level_moves_nothing(
    panel: tuple[Criterion, Verdicts, Voting], outcome: UnscoredOutcome
) -> None:
    criterion, verdicts, voting = panel
    before = pooled(criterion, verdicts, voting)
    after = pooled(criterion, verdicts | {"g": an_unscored(outcome)}, voting)
    assert (after.outcome, after.level, after.value) == (before.outcome, before.level, before.value)
    if isinstance(before, Scored) and isinstance(after, Scored):
        assert (after.disagreement, after.by, after.rationale) == (
            before.disagreement,
            before.by,
            before.rationale,
        )
        assert INCOMPLETE in after.flags


@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_members_changes_nothing(
    panel: tuple[Criterion, Verdicts, Voting], random: Random
) -> None:
    criterion, verdicts, voting = panel
    names = list(verdicts)
    random.shuffle(names)
    shuffled = {name: verdicts[name] for name in names}
    assert pooled(criterion, shuffled, voting) == pooled(criterion, verdicts, voting)


@given(panels(ORDINAL, UNEVEN))
def test_the_value_lies_within_the_members_range_and_the_level_is_one_of_theirs(
    panel: tuple[Criterion, Verdicts, Voting],
) -> None:
    criterion, verdicts, voting = panel
    found = pooled(criterion, verdicts, voting)
    assert isinstance(found, Scored)
    theirs = [verdict for verdict in verdicts.values() if isinstance(verdict, Scored)]
    values = [verdict.value for verdict in theirs if verdict.value is not None]
    assert found.value is not None
    assert min(values) <= found.value <= max(values)
    assert found.level in {verdict.level for verdict in theirs}
    assert found.weight == criterion.weight


@given(panels(ORDINAL, UNEVEN))
def test_the_figures_are_those_of_the_textbook(panel: tuple[Criterion, Verdicts, Voting]) -> None:
    criterion, verdicts, voting = panel
    found = pooled(criterion, verdicts, voting)
    assert isinstance(found, Scored)
    assert found.disagreement is not None
    theirs = {name: verdict for name, verdict in verdicts.items() if isinstance(verdict, Scored)}
    whole = sum(voting.weights[name] for name in theirs)
    mean = sum(voting.weights[name] * (v.value or 0) for name, v in theirs.items()) / whole
    assert found.value == pytest.approx(mean, abs=1e-6)
    on_level = sum(voting.weights[name] for name, v in theirs.items() if v.level == found.level)
    assert found.disagreement.share == pytest.approx(on_level / whole, abs=1e-6)
    assert found.disagreement.scored == len(theirs)
    if len(theirs) > 1:
        square = (
            sum(voting.weights[name] * ((v.value or 0) - mean) ** 2 for name, v in theirs.items()) / whole
        )
        assert found.disagreement.sd == pytest.approx(square**0.5, abs=1e-4)
    else:
        assert (found.disagreement.sd, found.disagreement.range) == (None, None)


@given(st.lists(st.sampled_from(ORDINAL.scale.labels), min_size=1, max_size=7))
def test_with_equal_weights_the_level_is_the_low_median(levels: list[int]) -> None:
    verdicts: Verdicts = {name: said(ORDINAL, level) for name, level in zip(NAMES, levels, strict=False)}
    found = pooled(ORDINAL, verdicts, Voting(1, dict.fromkeys(NAMES, 1.0)))
    assert found.level == statistics.median_low(levels)


def test_weights_as_they_are_written_tie_and_the_lower_level_wins() -> None:
    verdicts: Verdicts = {"a": said(ORDINAL, 5), "b": said(ORDINAL, 5), "c": said(ORDINAL, 1)}
    found = pooled(ORDINAL, verdicts, Voting(2, {"a": 0.1, "b": 0.2, "c": 0.3}))
    assert (found.level, found.value) == (1, 60.0)


@given(panels(), st.integers(1, 7))
def test_a_quorum_is_reached_or_there_is_no_level(
    panel: tuple[Criterion, Verdicts, Voting], quorum: int
) -> None:
    criterion, verdicts, voting = panel
    number = sum(isinstance(verdict, Scored) for verdict in verdicts.values())
    found = pooled(criterion, verdicts, Voting(quorum, voting.weights))
    if number < quorum:
        assert isinstance(found, Unscored)
        assert found.outcome == "no_quorum"
        assert all(f"{name} {verdict.outcome}" in found.reason for name, verdict in verdicts.items())
    elif criterion is not NOMINAL:
        assert isinstance(found, Scored)


@given(st.lists(st.sampled_from(OUTCOMES), min_size=2, max_size=6))
def test_where_nobody_could_answer_or_all_say_the_same_that_is_the_outcome(
    outcomes: list[UnscoredOutcome],
) -> None:
    verdicts: Verdicts = {name: an_unscored(each) for name, each in zip(NAMES, outcomes, strict=False)}
    found = pooled(ORDINAL, verdicts, Voting(1, dict.fromkeys(NAMES, 1.0)))
    if set(outcomes) <= {"timeout", "provider_error"}:
        assert found.outcome == ("provider_error" if "provider_error" in outcomes else "timeout")
    else:
        assert found.outcome == (outcomes[0] if len(set(outcomes)) == 1 else "no_quorum")
    assert (found.level, found.value) == (None, None)


def test_on_a_nominal_scale_most_of_the_weight_decides_and_a_tie_decides_nothing() -> None:
    words = ("supported", "contradicted", "supported")
    verdicts: Verdicts = {name: said(NOMINAL, word) for name, word in zip("abc", words, strict=True)}
    found = pooled(NOMINAL, verdicts, Voting(2, {"a": 1, "b": 1.5, "c": 1}))
    assert (found.level, found.value) == ("supported", None)
    tied = pooled(NOMINAL, verdicts, Voting(2, {"a": 1, "b": 2, "c": 1}))
    assert isinstance(tied, Unscored)
    assert (tied.outcome, tied.level) == ("no_quorum", None)
    assert "members disagree" in tied.reason
    assert "a supported, b contradicted, c supported" in tied.reason


def test_the_reason_is_that_of_the_heaviest_member_on_the_level() -> None:
    verdicts: Verdicts = {
        "a": said(ORDINAL, 4, "By a."),
        "b": said(ORDINAL, 4, "By b."),
        "c": said(ORDINAL, 5, "By c."),
    }
    for names in permutations("abc"):
        ordered = {name: verdicts[name] for name in names}
        found = pooled(ORDINAL, ordered, Voting(2, {"a": 1, "b": 2, "c": 2}))
        assert isinstance(found, Scored)
        assert (found.level, found.by, found.rationale) == (4, "b", "By b.")


def test_a_member_of_nearly_no_weight_may_choose_the_level() -> None:
    verdicts: Verdicts = {
        name: said(ORDINAL, level, "Because.") for name, level in (("a", 1), ("b", 2), ("c", 0))
    }
    found = pooled(ORDINAL, verdicts, Voting(2, {"a": 1e-6, "b": 1e3, "c": 1e3}))
    assert isinstance(found, Scored)
    assert found.disagreement is not None
    assert 0 < found.disagreement.share < 1e-8


@given(panels(ORDINAL, UNEVEN, least=2), st.floats(0.5, 2))
def test_weights_are_relative(panel: tuple[Criterion, Verdicts, Voting], times: float) -> None:
    criterion, verdicts, voting = panel
    scaled = {name: weight * times for name, weight in voting.weights.items()}
    assume(all(1e-6 <= weight <= 1e6 for weight in scaled.values()))
    one, other = (pooled(criterion, verdicts, Voting(1, each)) for each in (voting.weights, scaled))
    assert one.value == pytest.approx(other.value, abs=1e-6)
