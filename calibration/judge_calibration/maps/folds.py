"""Folds that keep clusters whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, IntArray


def fold_masks(clusters: IntArray, number: int, generator: np.random.Generator) -> list[BoolArray]:
    """Items (n,) of each fold: clusters drawn into at most `number` folds of nearly equally many clusters."""
    groups, which = np.unique(clusters, return_inverse=True)
    folds = min(number, len(groups))
    fold_of_group = np.empty(len(groups), np.int64)
    fold_of_group[generator.permutation(len(groups))] = np.arange(len(groups)) % folds
    fold = fold_of_group[which]
    return [np.asarray(fold == at, bool) for at in range(folds)]
