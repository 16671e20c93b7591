"""What a study looks like before any statistic: counts, gaps, overlap, and which values are used."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.criterion_table import CriterionTable
    from judge_calibration.scales import Scale

MOST_RATERS_TOLD = 300  # a table of pairs grows with their square


def items_profile(
    n_items: int,
    clusters: IntArray,
    subgroups: Mapping[str, tuple[str | None, ...]],
    covariates: Mapping[str, FloatArray],
) -> dict[str, object]:
    """What is known of the items: how many, their clusters' sizes, subgroups and covariates."""
    sizes = np.bincount(clusters) if n_items else np.zeros(0, dtype=np.int64)
    return {
        "n_items": n_items,
        "n_clusters": int(sizes.size),
        "largest_cluster": int(sizes.max(initial=0)),
        "subgroups": {name: _labels(labels) for name, labels in subgroups.items()},
        "covariates": {name: _spread(values[~np.isnan(values)]) for name, values in covariates.items()},
    }


def table_profile(table: CriterionTable) -> dict[str, object]:
    """One criterion: who rated how much, with whom, and which values were used."""
    rated: BoolArray = ~np.isnan(table.ratings)
    per_item = rated.sum(axis=1)
    told = len(table.raters) <= MOST_RATERS_TOLD
    return {
        "scale": table.scale.as_json(),
        "raters": list(table.raters),
        "judges": list(table.judges),
        "n_items_rated": int((per_item > 0).sum()),
        "n_items_judged": int((~np.isnan(table.judged)).any(axis=1).sum()),
        "n_ratings": int(rated.sum()),
        "ratings_per_rater": dict(zip(table.raters, rated.sum(axis=0).tolist(), strict=True)),
        "items_by_number_of_ratings": {
            str(number): count for number, count in sorted(Counter(per_item.tolist()).items())
        },
        "overlap": _overlap(rated) if told else None,
        "components": [[table.raters[at] for at in group] for group in rater_components(rated)],
        "scale_use": {
            "raters": _uses(table.scale, table.raters, table.ratings) if told else None,
            "all_raters": _use(table.scale, table.ratings),
            "judges": _uses(table.scale, table.judges, table.judged),
        },
        "repeats": {judge: scores.shape[1] for judge, scores in table.repeats.items()},
        "outcomes": {judge: dict(counts) for judge, counts in table.outcomes.items()},
    }


def rater_components(rated: BoolArray) -> list[list[int]]:
    """Raters that are linked by items they share, directly or through others; `rated` is items x raters.

    Raters of different components have no item in common at all: their severities cannot be compared.
    """
    n_items, n_raters = rated.shape
    items, raters = np.nonzero(rated)
    links = coo_array(
        (np.ones(items.size, dtype=np.int8), (raters, n_raters + items)), shape=(n_raters + n_items,) * 2
    )
    _, label = connected_components(links, directed=False)
    groups: dict[int, list[int]] = {}
    for rater, group in enumerate(label[:n_raters].tolist()):
        groups.setdefault(group, []).append(rater)
    return list(groups.values())


def _overlap(rated: BoolArray) -> list[list[int]]:
    cells = rated.astype(np.float64)  # products of floats are many times faster than of integers
    together: list[list[int]] = (cells.T @ cells).astype(np.int64).tolist()
    return together


def _uses(scale: Scale, names: tuple[str, ...], scores: FloatArray) -> dict[str, dict[str, object]]:
    return {name: _use(scale, scores[:, at]) for at, name in enumerate(names)}


def _use(scale: Scale, scores: FloatArray) -> dict[str, object]:
    """How often each value was used; on an interval scale, how the scores are spread."""
    used = scores[~np.isnan(scores)]
    if not scale.is_discrete:
        return _spread(used)
    values = scale.numeric
    counts = np.bincount(np.searchsorted(values, used), minlength=values.size).tolist()
    return {str(scale.told(value)): count for value, count in zip(values.tolist(), counts, strict=True)}


def _spread(values: FloatArray) -> dict[str, object]:
    if not values.size:
        return {"n": 0, "mean": None, "quantiles": None}
    quantiles = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return {
        "n": int(values.size),
        "mean": rounded(float(values.mean())),
        "quantiles": [rounded(value) for value in quantiles],
    }


def _labels(labels: tuple[str | None, ...]) -> dict[str, int]:
    counts = Counter(label for label in labels if label is not None)
    return dict(sorted(counts.items()))
