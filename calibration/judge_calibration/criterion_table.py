"""What raters and judges said about one criterion, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from judge_calibration.errors import OptionRejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.scales import Scale

Consensus = Literal["mean", "median", "mode"]


class Unscored(NamedTuple):
    """A judge's row without a score: the item's and the judge's index, the repeat from 1, and the outcome."""

    item: int
    judge: int
    repeat: int
    outcome: str


@dataclass(frozen=True, slots=True, eq=False)
class CriterionTable:
    """All scores of one criterion, as `Scale.store` has them, NaN where one is missing.

    Rows of every array follow `Study.items`. `ratings` is items x raters. `judged` is items x judges: of each
    judge's repeats the first that has a score. `repeats` holds items x repeats for judges with more than one.
    `outcomes` counts rows by judge and outcome; `unscored` tells which rows had no score.
    """

    criterion: str
    scale: Scale
    raters: tuple[str, ...]
    judges: tuple[str, ...]
    ratings: FloatArray
    judged: FloatArray
    repeats: Mapping[str, FloatArray]
    outcomes: Mapping[str, Mapping[str, int]]
    unscored: tuple[Unscored, ...] = ()

    def consensus(self, how: Consensus = "mean") -> FloatArray:
        """What the raters of an item say together, per item (n,); NaN where nobody rated it.

        A nominal scale has the mode only, whatever is asked. The mode is NaN where two values tie for it.
        """
        if not self.scale.is_numeric or how == "mode":
            return self._mode()
        if how not in {"mean", "median"}:
            raise OptionRejected("consensus", "is one of mean, median, mode")
        told = np.full(len(self.ratings), np.nan)
        rated = ~np.isnan(self.ratings).all(axis=1)
        if rated.any():
            told[rated] = (np.nanmean if how == "mean" else np.nanmedian)(self.ratings[rated], axis=1)
        return told

    def scores_of(self, judge: str) -> FloatArray:
        """All repeats of a judge, items x repeats; one column for a judge that was asked once."""
        at = self.judges.index(judge)
        return self.repeats.get(judge, self.judged[:, at : at + 1])

    def _mode(self) -> FloatArray:
        if not self.scale.is_discrete:
            raise OptionRejected("consensus", "'mode' needs a scale with counted values, not an interval")
        values = self.scale.numeric
        counts = np.stack([(self.ratings == value).sum(axis=1) for value in values], axis=1)
        most = counts.max(axis=1, keepdims=True)
        single = ((counts == most).sum(axis=1) == 1) & (most[:, 0] > 0)
        return np.where(single, values[counts.argmax(axis=1)], np.nan)
