"""Sign flips: Fisher's own example, a plain loop, and random flips beside all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.engine.sign_flips import FLIPS, sign_flip_p


def test_fishers_randomisation_test_of_darwins_maize() -> None:
    # Fisher, The Design of Experiments (1935), section 21: 863 of 32,768 sums as large, two-sided 5.267 %.
    eighths = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=np.float64)
    assert sign_flip_p(eighths, seed=0) == pytest.approx(2 * 863 / 32768)
    assert sign_flip_p(-eighths, seed=0, less=True) == pytest.approx(863 / 32768)


def test_random_flips_come_near_all_flips_and_repeat_by_seed() -> None:
    generator = np.random.default_rng(3)
    totals = generator.normal(0.25, 1, 16)
    wide = np.concatenate([totals, [1e-6]])  # one unit more: random flips, nearly the same null distribution
    for less in (False, True):
        exact = sign_flip_p(totals, seed=0, less=less)
        slack = 4 * (exact * (1 - exact) / FLIPS) ** 0.5 + 1e-3
        assert sign_flip_p(wide, seed=0, less=less) == pytest.approx(exact, abs=slack)
    assert sign_flip_p(wide, seed=4) == sign_flip_p(wide, seed=4)
    assert sign_flip_p(wide, seed=4) != sign_flip_p(wide, seed=5)


def test_sums_of_zero_say_nothing() -> None:
    assert sign_flip_p(np.zeros(3), seed=0) == 1
    assert sign_flip_p(np.array([0.0, 2.0, 0.0, 1.0]), seed=0) == sign_flip_p(np.array([2.0, 1.0]), seed=0)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.integers(-8, 8), min_size=1, max_size=6), less=st.booleans())
def test_exact_flips_are_those_of_a_loop(values: list[int], *, less: bool) -> None:
    hits, observed = 0, sum(values)
    for pattern in range(2 ** len(values)):
        total = sum(t if pattern >> at & 1 else -t for at, t in enumerate(values))
        hits += total <= observed if less else abs(total) >= abs(observed)
    assert sign_flip_p(np.array(values, np.float64), seed=0, less=less) == pytest.approx(
        hits / 2 ** len(values)
    )
