"""Met and unmet: coefficients of a two-by-two table, rows the judge's answer, columns the physician's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.ratios import ratio

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray


def binary_coefficients(tables: FloatArray) -> dict[str, FloatArray]:
    """F1 of each class, their mean, Matthews' correlation, sensitivity and specificity; (…) from (2, 2, …).

    F1 of a class is 2·hits / (judge's + physician's); undefined when neither ever uses the class. Balanced F1
    is the mean of both, undefined when either is. Matthews 1975.
    """
    hits, rejections = tables[1, 1], tables[0, 0]
    false_met, false_unmet = tables[1, 0], tables[0, 1]
    met, unmet = hits + false_unmet, rejections + false_met
    said_met, said_unmet = hits + false_met, rejections + false_unmet
    f1_met = ratio(2 * hits, met + said_met)
    f1_unmet = ratio(2 * rejections, unmet + said_unmet)
    product = met * unmet * said_met * said_unmet
    return {
        "f1_met": f1_met,
        "f1_unmet": f1_unmet,
        "balanced_f1": (f1_met + f1_unmet) / 2,
        "mcc": ratio(hits * rejections - false_met * false_unmet, np.sqrt(product)),
        "sensitivity": ratio(hits, met),
        "specificity": ratio(rejections, unmet),
    }
