"""The severity model finds what was planted, and says when it cannot."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibration_severity import category_chances, drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.errors import OptionRejected
from judge_calibration.severity.model import severity_model

if TYPE_CHECKING:
    from judge_calibration.severity.results import SeverityFit

EIGHT = (1.0, 0.6, 0.3, 0.0, 0.0, -0.4, -0.6, -0.9)


def test_matched_pairs_give_the_published_logistic_normal_fit() -> None:
    # Approval of the prime minister in two surveys: 794 twice, 150 only first, 86 only second, 570 never.
    # Agresti, Categorical Data Analysis (2nd ed. 2002), 12.1: β = log(86/150) = -0.556, SE 0.135, sigma 5.16.
    table = {(1.0, 1.0): 794, (1.0, 0.0): 150, (0.0, 1.0): 86, (0.0, 0.0): 570}
    ratings = np.array([cell for cell, count in table.items() for _ in range(count)])
    fit = severity_model(ratings, categories=2)
    first, second = (rater.severity for rater in fit.raters)
    assert first.estimate is not None
    assert second.estimate is not None
    assert first.estimate - second.estimate == pytest.approx(math.log(86 / 150), abs=1e-5)
    assert 2 * float(str(first.details["se"])) == pytest.approx(0.135, abs=5e-4)
    assert fit.item_sd.estimate == pytest.approx(5.16, abs=0.01)


def test_planted_severities_are_found_with_two_fifths_of_the_cells_missing() -> None:
    data = drawn(500, EIGHT, seed=11, missing=0.4)
    fit = severity_model(data.ratings, categories=6)
    found = [rater.severity.estimate for rater in fit.raters]
    assert fit.status == "ok"
    assert found == pytest.approx(data.severity.tolist(), abs=0.2)
    assert sum(one for one in found if one is not None) == pytest.approx(0, abs=1e-9)
    assert fit.item_sd.estimate == pytest.approx(1.5, abs=0.2)
    assert fit.thresholds == pytest.approx((-2, -1, 0, 1, 2), abs=0.35)
    assert fit.equal_severity is not None
    assert fit.equal_severity.p is not None
    assert fit.equal_severity.p < 1e-6


def test_intervals_hold_the_planted_severities_as_often_as_they_say() -> None:
    hits = []
    for seed in range(50):
        data = drawn(120, (0.8, 0.1, -0.2, -0.7), seed=seed, missing=0.2)
        fit = severity_model(data.ratings, categories=6)
        for rater, true in zip(fit.raters, data.severity, strict=True):
            assert rater.severity.ci is not None
            hits.append(rater.severity.ci.low <= true <= rater.severity.ci.high)
    assert stats.binomtest(sum(hits), len(hits), 0.95).pvalue > 0.01


def test_a_judge_is_placed_against_the_mean_of_the_physicians() -> None:
    data = drawn(400, (0.5, 0.0, -0.5, -1.2), seed=4)
    centred = data.severity - data.severity[:3].mean()
    fit = severity_model(data.ratings[:, :3], categories=6, judges=data.ratings[:, 3:])
    assert [rater.severity.estimate for rater in fit.raters] == pytest.approx(centred[:3].tolist(), abs=0.2)
    judge = fit.judges[0]
    assert judge.role == "judge"
    assert judge.severity.estimate == pytest.approx(centred[3], abs=0.2)
    assert judge.points.estimate is not None
    assert judge.points.estimate > 0.4


def test_points_are_the_mean_difference_in_expected_score_from_an_average_physician() -> None:
    data = drawn(3000, (0.7, 0.0, -0.7), seed=2)
    fit = severity_model(data.ratings, categories=6)
    theta = np.random.default_rng(0).normal(0, 1.5, 200_000)
    for rater, severity in zip(fit.raters, data.severity, strict=True):
        expected = (category_chances(theta - severity) - category_chances(theta)) @ np.arange(6.0)
        assert rater.points.estimate == pytest.approx(expected.mean(), abs=0.05)


def test_points_follow_the_values_of_the_categories() -> None:
    data = drawn(200, (0.7, 0.0, -0.7), seed=2)
    whole = severity_model(data.ratings, categories=6)
    halves = severity_model(data.ratings, categories=6, values=np.arange(6) / 2)
    assert whole.raters[0].points.estimate is not None
    assert halves.raters[0].points.estimate == pytest.approx(whole.raters[0].points.estimate / 2)
    assert halves.raters[0].severity.estimate == whole.raters[0].severity.estimate


def test_mean_squares_are_near_one_for_raters_of_the_model_and_above_for_an_erratic_one() -> None:
    data = drawn(400, (0.4, 0.2, -0.2, -0.4), seed=6)
    erratic = np.random.default_rng(1).integers(0, 6, 400)
    ratings = np.column_stack([data.ratings, np.where(np.arange(400) % 3 == 0, erratic, data.ratings[:, 0])])
    *others, last = severity_model(ratings, categories=6).raters
    assert [rater.infit.estimate for rater in others] == pytest.approx([0.95] * 4, abs=0.2)
    assert last.infit.ci is not None
    assert last.infit.ci.low > 1.1
    assert last.outfit.ci is not None
    assert last.outfit.ci.low > 1.1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_unused_categories_change_no_severity_and_are_remarked_upon(seed: int) -> None:
    ratings = np.clip(drawn(80, (0.5, 0.0, -0.5), seed=seed).ratings, 1, 4)
    narrow = severity_model(ratings - 1, categories=4)
    wide = severity_model(ratings + 1, categories=9)
    assert narrow.status == wide.status
    for one, other in zip(narrow.raters, wide.raters, strict=True):
        assert one.severity.as_json() == other.severity.as_json()
    assert any("category codes 0, 1, 6, 7, 8 were never given" in note for note in wide.notes)
    assert wide.thresholds[:2] == (None, None)
    assert wide.thresholds[2:5] == pytest.approx(narrow.thresholds)


def test_an_inner_category_that_nobody_gave_keeps_its_place_on_the_scale() -> None:
    ratings = drawn(300, (0.5, 0.0, -0.5), seed=3).ratings
    ratings[ratings == 2] = 3
    fit = severity_model(ratings, categories=6)
    assert fit.status == "ok"
    assert [threshold is None for threshold in fit.thresholds] == [False, True, True, False, False]


def test_the_order_of_raters_and_items_does_not_matter() -> None:
    ratings = drawn(200, (0.5, 0.0, -0.5), seed=3, missing=0.2).ratings
    fit = severity_model(ratings, categories=6)
    other = severity_model(ratings[::-1, [2, 0, 1]], categories=6)
    expected = [fit.raters[j].severity.estimate for j in (2, 0, 1)]
    assert [rater.severity.estimate for rater in other.raters] == pytest.approx(expected, abs=1e-9)


def test_copies_of_items_narrow_plain_errors_but_not_those_of_clusters() -> None:
    ratings = drawn(150, (0.5, 0.0, -0.5), seed=3).ratings
    once = severity_model(ratings, categories=6, clusters=np.arange(150))
    plain = severity_model(np.tile(ratings, (4, 1)), categories=6)
    clustered = severity_model(np.tile(ratings, (4, 1)), categories=6, clusters=np.tile(np.arange(150), 4))

    def error(fit: SeverityFit) -> float:
        return float(str(fit.raters[0].severity.details["se"]))

    assert error(clustered) == pytest.approx(error(once), rel=1e-3)
    assert error(clustered) == pytest.approx(2 * error(plain), rel=0.15)
    for figure in ("infit", "outfit"):
        assert _width(clustered, figure) == pytest.approx(_width(once, figure), rel=1e-3)
        assert _width(clustered, figure) > 1.8 * _width(plain, figure)


def _width(fit: SeverityFit, figure: str) -> float:
    """Ratio of the limits, on the logarithmic scale."""
    ci = getattr(fit.raters[0], figure).ci
    return math.log(ci.high / ci.low)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_few_clusters_withhold_errors_intervals_and_the_test_and_keep_the_estimates(size: int) -> None:
    ratings = drawn(120, (0.5, 0.0, -0.5), seed=3).ratings
    fit = severity_model(ratings, categories=6, judges=ratings[:, :1], clusters=np.arange(120) % size)
    plain = severity_model(ratings, categories=6, judges=ratings[:, :1])
    assert (fit.status, fit.reason, fit.n_clusters) == ("insufficient", "n_below_min", size)
    assert any(note == f"an error takes 10 clusters; here are {size}" for note in fit.notes)
    assert fit.equal_severity is not None
    assert (fit.equal_severity.p, fit.equal_severity.reason) == (None, "n_below_min")
    for rater, other in zip((*fit.raters, *fit.judges), (*plain.raters, *plain.judges), strict=True):
        for figure in ("severity", "points", "infit", "outfit"):
            told = getattr(rater, figure)
            assert (told.ci, told.status, told.reason) == (None, "insufficient", "n_below_min")
            assert "se" not in told.details
            assert told.estimate == getattr(other, figure).estimate
    assert (fit.item_sd.ci, fit.item_sd.reason) == (None, "n_below_min")


def test_ten_clusters_are_enough_for_errors() -> None:
    ratings = drawn(120, (0.5, 0.0, -0.5), seed=3).ratings
    fit = severity_model(ratings, categories=6, clusters=np.arange(120) % 10)
    assert (fit.status, fit.n_clusters) == ("ok", 10)
    assert fit.raters[0].severity.ci is not None
    assert fit.equal_severity is not None
    assert fit.equal_severity.p is not None


def test_a_rater_of_few_clusters_has_no_error_beside_others_who_have_one() -> None:
    ratings = drawn(200, (0.5, 0.0, -0.5), seed=3).ratings
    clusters = np.arange(200) // 10
    ratings[clusters >= 4, 2] = np.nan
    fit = severity_model(ratings, categories=6, clusters=clusters)
    assert fit.status == "ok"
    assert [rater.severity.ci is None for rater in fit.raters] == [False, False, True]
    assert fit.raters[2].severity.notes == ("an error takes 10 clusters; here are 4",)
    assert fit.equal_severity is not None
    assert (fit.equal_severity.chi_square, fit.equal_severity.reason) == (None, "n_below_min")


def test_equality_of_more_physicians_than_clusters_can_tell_apart_is_not_tested() -> None:
    ratings = drawn(120, np.linspace(-0.5, 0.5, 13).tolist(), seed=3).ratings
    clusters = np.arange(120) % 12
    fit = severity_model(ratings, categories=6, clusters=clusters)
    assert fit.status == "ok"
    assert fit.equal_severity is not None
    assert fit.equal_severity.as_json() == {"chi_square": None, "df": 12, "p": None, "reason": "n_below_min"}
    fewer = severity_model(ratings[:, :12], categories=6, clusters=clusters).equal_severity
    assert fewer is not None
    assert fewer.p is not None


def test_a_scale_of_a_hundred_and_one_values_is_no_harder() -> None:
    generator = np.random.default_rng(5)
    quality = generator.normal(50, 15, (200, 1))
    ratings = np.clip(np.round(quality + generator.normal((5, 0, -5), 8, (200, 3))), 0, 100)
    fit = severity_model(ratings, categories=101)
    assert fit.status == "ok"
    assert [rater.points.estimate for rater in fit.raters] == pytest.approx([5, 0, -5], abs=2)


def test_raters_who_share_no_items_even_over_others_have_no_severities() -> None:
    ratings = drawn(100, (0.5, 0.3, -0.3, -0.5), seed=1).ratings
    ratings[:50, 2:], ratings[50:, :2] = np.nan, np.nan
    fit = severity_model(ratings, categories=6, judges=ratings[:, :1])
    assert (fit.status, fit.reason) == ("undefined", "not_identified")
    assert {rater.severity.reason for rater in (*fit.raters, *fit.judges)} == {"not_identified"}
    assert any("0, 1 | 2, 3" in note for note in fit.notes)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ([[1.0], [2.0], [3.0]], "single_rater"),
        ([[1.0, np.nan], [2.0, np.nan]], "single_rater"),
        ([[np.nan, np.nan]], "no_ratings"),
        ([[2.0, 2.0], [2.0, 2.0]], "single_category"),
        ([[0.0, 5.0], [0.0, 5.0], [0.0, 5.0]], "separation"),
        ([[float(k), float(k)] for k in range(6)] * 10, "separation"),
        ([[1.0, np.nan], [np.nan, 2.0]], "not_identified"),
    ],
)
def test_what_cannot_be_estimated_is_told_with_its_reason(ratings: list[list[float]], reason: str) -> None:
    fit = severity_model(np.array(ratings), categories=6)
    assert (fit.status, fit.reason) == ("undefined", reason)
    assert all(rater.severity.estimate is None for rater in fit.raters)
    json.dumps(fit.as_json(), allow_nan=False)


def test_a_rater_at_one_end_of_the_scale_is_left_out_and_the_others_are_kept() -> None:
    data = drawn(120, (0.4, 0.0, -0.4), seed=8)
    ratings = np.column_stack([data.ratings, np.zeros(120), np.full(120, np.nan)])
    fit = severity_model(ratings, categories=6)
    assert fit.status == "ok"
    assert [rater.severity.reason for rater in fit.raters] == [None, None, None, "separation", "no_ratings"]
    plain = severity_model(data.ratings, categories=6)
    assert fit.raters[0].severity.estimate == plain.raters[0].severity.estimate


def test_a_judge_who_shares_no_item_with_a_physician_has_no_severity() -> None:
    data = drawn(100, (0.4, -0.4, 0.0), seed=8)
    ratings, judge = data.ratings[:, :2].copy(), data.ratings[:, 2:].copy()
    ratings[60:], judge[:60] = np.nan, np.nan
    fit = severity_model(ratings, categories=6, judges=judge)
    assert fit.status == "ok"
    assert fit.judges[0].severity.reason == "no_overlap"


def test_few_items_withhold_the_interval_and_keep_the_estimate() -> None:
    fit = severity_model(drawn(20, (0.5, -0.5), seed=3).ratings, categories=6)
    assert (fit.status, fit.reason) == ("insufficient", "n_below_min")
    severity = fit.raters[0].severity
    assert severity.estimate is not None
    assert severity.ci is None
    assert severity.reason == "n_below_min"
    assert fit.equal_severity is not None
    assert (fit.equal_severity.p, fit.equal_severity.reason) == (None, "n_below_min")


def test_a_single_rating_has_mean_squares_without_a_spread() -> None:
    data = drawn(60, (0.5, 0.0, -0.5), seed=3)
    ratings = data.ratings.copy()
    ratings[1:, 2], ratings[0, 2] = np.nan, 2.0
    last = severity_model(ratings, categories=6).raters[2]
    assert last.severity.status == "insufficient"
    assert last.outfit.ci is None
    assert last.outfit.notes == ("too uncertain for an interval",)


def test_nodes_are_refined_until_they_resolve_the_posteriors() -> None:
    data = drawn(100, np.linspace(-1, 1, 12).tolist(), seed=2)
    coarse = severity_model(data.ratings, categories=6, nodes=21)
    fine = severity_model(data.ratings, categories=6, nodes=201)
    assert coarse.fit is not None
    assert coarse.fit.nodes > 21
    found = [rater.severity.estimate for rater in coarse.raters]
    assert found == pytest.approx([rater.severity.estimate for rater in fine.raters], abs=1e-5)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ([[0.0, 1, 0, 1], [0, 0, np.nan, np.nan], [0, 1, np.nan, 0], [0, 0, 0, np.nan]], "not_identified"),
        ([[0.0, 2], [0, np.nan], [np.nan, 1], [1, 2]], "not_converged"),
    ],
)
def test_a_table_too_small_for_the_model_is_told_so(ratings: list[list[float]], reason: str) -> None:
    fit = severity_model(np.array(ratings), categories=3)
    assert (fit.status, fit.reason) == ("undefined", reason)
    assert fit.fit is not None
    json.dumps(fit.as_json(), allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_small_table_is_answered_with_plain_json(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size, raters, categories = (int(one) for one in generator.integers((1, 1, 2), (10, 5, 7)))
    ratings = generator.integers(0, categories, (size, raters)).astype(np.float64)
    ratings[generator.random(ratings.shape) < 0.3] = np.nan
    fit = severity_model(ratings, categories=categories, judges=ratings[:, :1])
    json.dumps(fit.as_json(), allow_nan=False)
    assert (fit.reason is None) == (fit.status == "ok")


def test_items_that_differ_no_more_than_chance_have_a_spread_without_an_interval() -> None:
    ratings = drawn(400, (0.6, 0.0, -0.6), seed=12, sigma=1e-6).ratings
    fit = severity_model(ratings, categories=6)
    assert fit.status == "ok"
    assert fit.raters[0].severity.estimate == pytest.approx(0.6, abs=0.15)
    assert fit.item_sd.estimate == pytest.approx(0, abs=0.05)
    assert fit.item_sd.ci is None
    assert any("their spread is near zero" in note for note in fit.notes)


@pytest.mark.parametrize("code", [-1.0, 6.0, 2.5])
def test_a_code_off_the_scale_is_refused(code: float) -> None:
    with pytest.raises(OptionRejected, match="category codes 0 to 5"):
        severity_model(np.array([[1.0, code], [2.0, 3.0]]), categories=6)


def test_options_out_of_range_are_refused() -> None:
    ratings = np.array([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(OptionRejected):
        severity_model(ratings, categories=1)
    with pytest.raises(OptionRejected):
        severity_model(ratings, categories=2, nodes=5)
    with pytest.raises(OptionRejected):
        severity_model(ratings, categories=2, values=np.arange(3.0))


def test_equal_input_gives_equal_json() -> None:
    ratings = drawn(200, EIGHT, seed=3, missing=0.4).ratings
    first, second = (severity_model(ratings, categories=6).as_json() for _ in range(2))
    assert json.dumps(first, allow_nan=False) == json.dumps(second)


def test_twenty_thousand_items_are_fitted_in_seconds() -> None:
    ratings = drawn(20_000, EIGHT[:5], seed=3, missing=0.15).ratings
    began = time.process_time()
    fit = severity_model(ratings, categories=6)
    assert fit.fit is not None
    assert fit.fit.converged
    assert time.process_time() - began < 3
    planted = np.array(EIGHT[:5]) - np.mean(EIGHT[:5])
    assert [rater.severity.estimate for rater in fit.raters] == pytest.approx(planted.tolist(), abs=0.05)
