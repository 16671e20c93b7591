"""The policy on judges of known faults: test error of every map on items that none was fitted on.

A reduced form of the table of maps and distortions: means over 12 studies, with 3,000 fresh items each.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from calibration_map_studies import a_fit, a_sample, a_study, rmse

from judge_calibration.maps.equating import deming, equate
from judge_calibration.maps.selection import CANDIDATES

STUDIES = 12
CASES = [
    ("offset", 50),
    ("offset", 500),
    ("compressed", 50),
    ("compressed", 500),
    ("saturating", 100),
    ("step", 100),
    ("step", 500),
]


@cache
def errors(kind: str, n: int) -> tuple[dict[str, float], dict[str, int]]:
    """Mean test RMSE by map, and how often each was chosen."""
    rng = np.random.default_rng(1)
    found: dict[str, list[float]] = {}
    chosen: dict[str, int] = {}
    for _ in range(STUDIES):
        judge, ratings = a_study(kind, n, rng)
        fresh, rated = a_study(kind, 3000, rng)
        sample = a_sample(judge, ratings)
        for candidate in CANDIDATES:
            one = candidate.fit(sample)
            if one is not None:
                found.setdefault(candidate.name, []).append(rmse(one.predict(fresh), rated))
        best = a_fit(judge, ratings).fitted
        chosen[best.method] = chosen.get(best.method, 0) + 1
        found.setdefault("chosen", []).append(rmse(best.predict(fresh), rated))
        line = deming(judge, sample.target)
        found.setdefault("deming", []).append(rmse(np.clip(line.intercept + line.slope * fresh, 0, 5), rated))
        quantile = equate(sample.target, judge, low=0, high=5, method="equipercentile")
        found.setdefault("quantile", []).append(rmse(quantile.equate(fresh), rated))
    return {name: float(np.mean(each)) for name, each in found.items()}, chosen


@pytest.mark.parametrize(("kind", "n"), CASES)
def test_the_chosen_map_beats_the_judge_and_is_within_two_percent_of_the_best(kind: str, n: int) -> None:
    error, _ = errors(kind, n)
    assert error["chosen"] < error["identity"]
    assert error["chosen"] <= 1.02 * min(error[candidate.name] for candidate in CANDIDATES)


def test_a_small_study_of_a_pure_offset_never_gets_an_isotonic_map() -> None:
    _, chosen = errors("offset", 50)
    assert not {"isotonic", "shrunk_isotonic"} & set(chosen)
    assert chosen["shift"] >= STUDIES / 2


@pytest.mark.parametrize(("kind", "n"), [("offset", 50), ("compressed", 50), ("saturating", 100)])
def test_on_a_small_study_a_free_isotonic_map_is_worse_than_a_line_and_a_shrunk_one_hardly(
    kind: str, n: int
) -> None:
    error, _ = errors(kind, n)
    assert error["isotonic"] > error["affine"]
    assert error["affine"] * 0.99 < error["shrunk_isotonic"] < error["isotonic"]


def test_a_large_study_of_steps_takes_more_than_a_line() -> None:
    error, chosen = errors("step", 500)
    assert error["isotonic"] < error["affine"] < error["shift"] < error["identity"]
    assert set(chosen) <= {"affine", "ordinal_logit", "shrunk_isotonic", "isotonic"}
    assert error["chosen"] < error["affine"]


@pytest.mark.parametrize(("kind", "n"), CASES)
def test_equating_and_method_comparison_predict_worse_than_a_prediction_map(kind: str, n: int) -> None:
    error, _ = errors(kind, n)
    assert error["quantile"] > error["affine"]
    assert error["deming"] > error["affine"] or kind == "step"  # a step is as steep as a line can be
    assert error["deming"] > 0.99 * error["affine"]


def test_cross_validation_tells_the_error_that_fresh_items_show() -> None:
    rng = np.random.default_rng(2)
    told, shown = [], []
    for _ in range(15):
        judge, ratings = a_study("offset", 150, rng)
        fitted = a_fit(judge, ratings, method="isotonic")
        (_, row) = fitted.summary()["candidates"]
        fresh, rated = a_study("offset", 2000, rng)
        told.append(row["rmse"])
        shown.append(rmse(fitted.fitted.predict(fresh), rated))
    assert np.mean(told) == pytest.approx(np.mean(shown), rel=0.03)
