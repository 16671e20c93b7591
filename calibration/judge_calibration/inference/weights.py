"""What each judge of a panel should weigh: the less it errs against the physicians, the more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import NotEnough
from judge_calibration.estimates import estimated, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.estimates import Statistic

LEAST_ITEMS = 10


def error_weights(judged: FloatArray, consensus: FloatArray, judges: Sequence[str]) -> dict[str, Statistic]:
    """Weights that sum to one, by judge, from scores (items, judges) and the physicians' consensus (items,).

    Inverse mean squared error over the items that every judge scored and a physician rated, NaN marking what
    is missing. Errors are taken as independent of each other: no weight knows that two judges err alike.
    Raises NotEnough below `LEAST_ITEMS` of them, and where a judge has no error at all.
    """
    common = ~np.isnan(judged).any(axis=1) & ~np.isnan(consensus)
    n = int(common.sum())
    if n < LEAST_ITEMS:
        raise NotEnough(
            f"{n} items have a score of every judge and a physician's rating; weights need {LEAST_ITEMS}"
        )
    squares = ((judged[common] - consensus[common, None]) ** 2).mean(axis=0)
    for judge, square in zip(judges, squares, strict=True):
        if square == 0:
            raise NotEnough(
                f"{judge[:60]!r} is nowhere off on these {n} items, so that no weight follows; add items on which "
                "judges differ from physicians"
            )
    inverse = 1 / squares
    return {
        judge: estimated(
            "error_weight", float(weight), n_items=n, details={"mean_squared_error": rounded(float(square))}
        )
        for judge, weight, square in zip(judges, inverse / inverse.sum(), squares, strict=True)
    }
