"""The sentence of a verdict says what there is: a ceiling whose figure is undefined is a ceiling all the same."""

from __future__ import annotations

from typing import Any

import pytest
from studies import LEVELS, a_document

import judge_calibration


def verdict_of(document: dict[str, Any]) -> dict[str, Any]:
    study = judge_calibration.study_from(document)
    told = judge_calibration.report(study, {"resamples": 0})["criteria"]["quality"]["judges"]["J"]
    return {**told["verdict"], "curve": told["details"]["curve"]}


def scored(ratings: dict[str, list[int]], judge: list[float], scale: object = LEVELS) -> dict[str, Any]:
    return {
        "scales": {"quality": scale},
        "ratings": [
            {"item": f"i{at:02d}", "criterion": "quality", "rater": rater, "score": score}
            for rater, scores in ratings.items()
            for at, score in enumerate(scores)
        ],
        "judge_scores": [
            {"item": f"i{at:02d}", "criterion": "quality", "judge": "J", "score": score}
            for at, score in enumerate(judge)
        ],
    }


def test_without_a_second_physician_there_is_no_ceiling_and_the_sentence_says_why() -> None:
    told = verdict_of(a_document(raters=("A",)))
    assert told["standing"] == "no_ceiling"
    assert "that needs two who rated the same items" in told["sentence"]


def test_a_judge_who_scored_one_item_has_no_ceiling_there() -> None:
    """Physicians agree well, but on items that this judge did not score."""
    physicians = {"A": [0, 1, 2, 3, 4, 5] * 4, "B": [0, 1, 2, 3, 5, 5] * 4}
    document = scored(physicians, [])
    document["judge_scores"] = [{"item": "i00", "criterion": "quality", "judge": "J", "score": 0}]
    told = verdict_of(document)
    assert told["standing"] == "no_ceiling"
    assert "undefined (n_below_min) among physicians" in told["sentence"]
    assert "needs two" not in told["sentence"]


def test_physicians_without_a_figure_are_no_ceiling_but_were_two() -> None:
    told = verdict_of(scored({"A": [3] * 24, "B": [3] * 24}, [0, 1, 2, 3, 4, 5] * 4))
    assert told["standing"] == "no_ceiling"
    assert "undefined (single_category) among physicians" in told["sentence"]
    assert "needs two" not in told["sentence"]


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (0.0, "It scores on average as high as the consensus"),
        (0.001, "It scores less than 0.01 points higher than the consensus"),
        (-0.001, "It scores less than 0.01 points lower than the consensus"),
        (0.25, "It scores 0.25 points higher than the consensus"),
        (-0.25, "It scores 0.25 points lower than the consensus"),
    ],
)
def test_a_bias_is_told_with_its_direction_unless_there_is_none(gap: float, said: str) -> None:
    scores = [1, 2, 3, 4] * 6
    continuous = {"kind": "interval", "low": 0, "high": 5}
    document = scored({"A": scores, "B": scores}, [score + gap for score in scores], continuous)
    assert said in verdict_of(document)["sentence"]


def test_ratings_that_do_not_vary_give_a_curve_no_interval() -> None:
    scores = [1, 2, 3, 4] * 6
    for point in verdict_of(scored({"A": scores, "B": scores}, list(map(float, scores))))["curve"]:
        assert (point["n"], point["low"], point["high"]) == (6, None, None)


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ([-0.5, -0.3, -0.4, -0.2], "points lower than the consensus [0."),  # in the direction of the words
        ([0.5, 0.3, 0.4, 0.2], "points higher than the consensus [0."),
        ([-0.5, 0.5, -0.4, 0.3], "points [-"),
    ],
)
def test_limits_of_a_bias_are_told_in_its_direction_and_none_is_where_they_hold_zero(
    gaps: list[float], said: str
) -> None:
    scores = [1, 2, 3, 4] * 6
    judge = [score + gap for score, gap in zip(scores, gaps * 6, strict=True)]
    continuous = {"kind": "interval", "low": 0, "high": 5}
    sentence = verdict_of(scored({"A": scores, "B": scores}, judge, continuous))["sentence"]
    assert said in sentence
    assert ("in neither direction" in sentence) == (said == "points [-")
