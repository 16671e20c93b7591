"""Chances of levels in a cumulative logit model, P(Y ≤ k) = logistic(c_k - η) (McCullagh 1980)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

LEAST_CHANCE = 1e-100  # a likelihood's floor: cut-points out of order give less than nothing


def chance_between(below: FloatArray, above: FloatArray) -> FloatArray:
    """logistic(above) - logistic(below), of any shape.

    From the other tail where both are near one and their difference would lose its digits.
    """
    upper = below > 0
    return np.asarray(expit(np.where(upper, -below, above)) - expit(np.where(upper, -above, below)))
