"""Rank coefficients on a continuous scale: means over pairs, with intervals from leaving out each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.moments import RANK_COEFFICIENTS, rank_coefficients, ranks_too_large
from judge_calibration.agreement.rank_jackknife import MOST_ITEMS, rank_left_out
from judge_calibration.engine.replicates import Replicate
from judge_calibration.estimates import undefined
from judge_calibration.ratios import mean_of_defined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.reporting.context import Context, View
    from judge_calibration.reporting.telling import Sample, Told

_TOO_MANY = f"no interval: ranks of more than {MOST_ITEMS:,} items are not taken apart"
_NOTHING = np.empty(0)


def mean_ranks(
    context: Context, view: View, pairs: Sequence[tuple[FloatArray, FloatArray]], sample: Sample
) -> Told:
    """The mean of each coefficient over the pairs (n,), (n,) in which it is defined.

    One pair that is too large leaves no mean: that of the others would be of other physicians.
    """
    if any(ranks_too_large(x, y) for x, y in pairs):
        return {name: undefined(name, "too_large", **sample.counts) for name in RANK_COEFFICIENTS}
    few = len(view.units.of_item) <= MOST_ITEMS
    points = [rank_coefficients(x, y) for x, y in pairs]
    without = [rank_left_out(x, y, view.units.of_item, view.units.size) for x, y in pairs] if few else []
    told: Told = {}
    for name in RANK_COEFFICIENTS:
        point = mean_of_defined(np.array([found[name] for found in points]))
        left_out = mean_of_defined(np.array([found[name] for found in without]), 0) if without else _NOTHING
        found = context.teller.tell(name, Replicate(float(point), left_out, _NOTHING), sample)
        told[name] = found if few else found.noted(_TOO_MANY)
    return told
