"""Adjusted p-values against textbook figures, a reference by loops, and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from judge_calibration.inference.multiplicity import holm

# Benjamini and Hochberg 1995, section 4.1: fifteen endpoints of a trial of thrombolysis after infarction.
THROMBOLYSIS = np.array([
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
    0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
])  # fmt: skip
SHARES = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=12).map(np.array)


def test_the_thrombolysis_trial_rejects_three() -> None:
    assert (holm(THROMBOLYSIS) <= 0.05).sum() == 3


def test_holms_steps_of_four_hypotheses() -> None:
    # The usual textbook four: 4·0.005, 3·0.01, 2·0.03, and the last raised to the one before it.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@settings(max_examples=50, deadline=None)
@given(SHARES)
def test_holm_equals_the_reference_by_loops(p: np.ndarray) -> None:
    order = sorted(range(len(p)), key=lambda at: p[at])
    expected, most = [0.0] * len(p), 0.0
    for rank, at in enumerate(order):
        most = max(most, (len(p) - rank) * p[at])
        expected[at] = min(most, 1.0)
    assert holm(p) == pytest.approx(expected)


@settings(max_examples=10, deadline=None)
@given(SHARES)
def test_holm_equals_statsmodels(p: np.ndarray) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_tests_that_were_not_done_do_not_count() -> None:
    found = holm(np.array([0.01, np.nan, 0.02]))
    assert np.isnan(found[1])
    assert found[[0, 2]] == pytest.approx([0.02, 0.02])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert len(holm(np.array([]))) == 0
