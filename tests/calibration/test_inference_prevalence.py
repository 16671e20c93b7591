"""Rogan and Gladen's correction: published arithmetic, coverage, and where it is undefined."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibration_inference import least_hits
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import OptionRejected
from judge_calibration.inference.prevalence import prevalence

if TYPE_CHECKING:
    from judge_calibration.estimates import Statistic


def _prevalence(said: int, judged: int, met: tuple[int, int], unmet: tuple[int, int]) -> Statistic:
    return prevalence(
        said, judged, true_met=met[0], labelled_met=met[1], true_unmet=unmet[0], labelled_unmet=unmet[1]
    )


def test_brucellosis_in_a_herd() -> None:
    # The worked example of R's epiR (epi.prev): 23 of 150 cows positive, sensitivity 96 %, specificity 89 %;
    # true prevalence 5.1 per 100 cows.
    told = _prevalence(23, 150, (96, 100), (89, 100))
    assert told.estimate == pytest.approx(0.051, abs=0.0005)
    assert told.ci is not None
    assert told.ci.low == 0
    assert told.ci.method == "lang_reiczigel"


def test_the_limits_follow_lang_and_reiczigel() -> None:
    # By hand for 60 of 200, 45 of 50, 40 of 50 at z = 1.959964: p' = 61.920729/203.841459, se' = 46/52,
    # sp' = 41/52, θ' = 0.137233, shift -0.017777, error 0.074571.
    z, p, se, sp = 1.959964, 61.920729 / 203.841459, 46 / 52, 41 / 52
    theta = (p + sp - 1) / (se + sp - 1)
    terms = se * (1 - se) / 52, sp * (1 - sp) / 52
    shift = 2 * z**2 * (theta * terms[0] - (1 - theta) * terms[1])
    variance = p * (1 - p) / 203.841459 + theta**2 * terms[0] + (1 - theta) ** 2 * terms[1]
    error = np.sqrt(variance) / (se + sp - 1)
    told = _prevalence(60, 200, (45, 50), (40, 50))
    assert told.ci is not None
    assert told.ci.low == pytest.approx(max(theta + shift - z * error, 0), abs=1e-5)
    assert told.ci.high == pytest.approx(theta + shift + z * error, abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.integers(30, 50), st.integers(30, 50))
def test_the_correction_undoes_what_the_judge_does(share: float, met: int, unmet: int) -> None:
    se, sp = met / 50, unmet / 50
    if se + sp <= 1.02:
        return
    said = round(1_000_000 * (share * se + (1 - share) * (1 - sp)))
    assert _prevalence(said, 1_000_000, (met, 50), (unmet, 50)).estimate == pytest.approx(share, abs=1e-4)


def test_a_perfect_judge_is_believed() -> None:
    assert _prevalence(30, 100, (40, 40), (40, 40)).estimate == pytest.approx(0.3)


@pytest.mark.parametrize(("share", "se", "sp"), [(0.05, 0.9, 0.9), (0.3, 0.7, 0.8), (0.9, 0.8, 0.7)])
def test_intervals_cover_with_estimated_sensitivity_and_specificity(
    share: float, se: float, sp: float
) -> None:
    generator, runs, hits = np.random.default_rng(6), 500, 0
    said = generator.binomial(800, share * se + (1 - share) * (1 - sp), runs)
    met, unmet = generator.binomial(40, se, runs), generator.binomial(40, sp, runs)
    for a, b, c in zip(said.tolist(), met.tolist(), unmet.tolist(), strict=True):
        ci = _prevalence(a, 800, (b, 40), (c, 40)).ci
        hits += ci is not None and ci.low <= share <= ci.high
    assert hits >= least_hits(runs, 0.95)


def test_a_judge_no_better_than_chance_identifies_nothing() -> None:
    told = _prevalence(50, 100, (20, 40), (20, 40))
    assert (told.estimate, told.status, told.reason) == (None, "undefined", "not_identified")


def test_a_judge_hardly_better_than_chance_leaves_every_share_open() -> None:
    told = _prevalence(50, 100, (22, 40), (22, 40))
    assert told.ci is not None
    assert (told.ci.low, told.ci.high) == (0.0, 1.0)
    assert "any share fits" in told.notes[-1]


@pytest.mark.parametrize(("met", "unmet"), [(19, 40), (40, 19)])
def test_nineteen_labels_of_a_kind_withhold_the_interval(met: int, unmet: int) -> None:
    told = _prevalence(30, 100, (met, met), (unmet, unmet))
    assert told.estimate == pytest.approx(0.3)
    assert (told.ci, told.status, told.reason) == (None, "insufficient", "n_below_min")


def test_labels_of_one_kind_or_none_give_no_figure() -> None:
    assert _prevalence(30, 100, (0, 0), (40, 40)).reason == "single_category"
    assert _prevalence(30, 100, (0, 0), (0, 0)).reason == "no_ratings"
    assert _prevalence(0, 0, (40, 40), (40, 40)).reason == "no_ratings"


def test_a_correction_outside_the_unit_interval_is_cut_and_its_interval_reaches_it() -> None:
    told = _prevalence(0, 400, (36, 40), (30, 40))
    assert told.estimate == 0
    assert float(str(told.details["unbounded"])) < 0
    assert told.ci is not None
    assert told.ci.low == 0
    json.dumps(told.as_json(), allow_nan=False)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(OptionRejected, match="between 0 and the number"):
        _prevalence(101, 100, (40, 40), (40, 40))
