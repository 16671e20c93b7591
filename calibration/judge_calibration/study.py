"""A study: items, what raters and judges said about them, and what belongs to the items."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.criterion_table import Consensus, CriterionTable, Unscored
from judge_calibration.study_profile import items_profile, table_profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray

__all__ = ["Consensus", "CriterionTable", "Study", "Unscored", "digest_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What was read. Two studies with the same rows in any order have the same `digest`.

    `items` stand in the order in which they were met. `clusters` numbers the items' clusters from 0; an item
    without one is its own. `subgroups` and `covariates` hold one entry per item, None or NaN where it is
    unknown. `fingerprints` tells, for judges whose rows came from scoring answers that agree about it, which
    instrument it was. `n_rows` counts ratings and judges' rows.
    """

    items: tuple[str, ...]
    clusters: IntArray
    clustered: bool
    subgroups: Mapping[str, tuple[str | None, ...]]
    covariates: Mapping[str, FloatArray]
    tables: Mapping[str, CriterionTable]
    digest: str
    warnings: tuple[str, ...]
    fingerprints: Mapping[str, Mapping[str, object]]
    n_rows: int

    def profile(self) -> dict[str, object]:
        """Counts, gaps, overlap and use of the scale, as plain JSON data."""
        items = items_profile(len(self.items), self.clusters, self.subgroups, self.covariates)
        return {
            "digest": self.digest,
            "n_rows": self.n_rows,
            **items,
            "clustered": self.clustered,
            "criteria": {name: table_profile(table) for name, table in self.tables.items()},
            "fingerprints": {judge: dict(known) for judge, known in self.fingerprints.items()},
            "warnings": list(self.warnings),
        }

    def rows(self) -> dict[str, object]:
        """The study as one JSON document, from which a study with the same digest is read again."""
        document: dict[str, object] = {
            "scales": {name: table.scale.as_json() for name, table in self.tables.items()},
            "items": [self._item_row(at) for at in range(len(self.items))],
            "ratings": list(self._rating_rows()),
            "judge_scores": list(self._judge_rows()),
        }
        fingerprints = {judge: dict(known) for judge, known in self.fingerprints.items()}
        return document | ({"fingerprints": fingerprints} if fingerprints else {})

    def _item_row(self, at: int) -> dict[str, object]:
        row: dict[str, object] = {"item": self.items[at]}
        if self.clustered:
            row["cluster"] = str(self.clusters[at])
        known = {name: labels[at] for name, labels in self.subgroups.items() if labels[at] is not None}
        measured = {
            name: float(values[at]) for name, values in self.covariates.items() if not np.isnan(values[at])
        }
        return row | ({"subgroups": known} if known else {}) | ({"covariates": measured} if measured else {})

    def _rating_rows(self) -> Iterator[dict[str, object]]:
        for name, table in self.tables.items():
            for item, rater in np.argwhere(~np.isnan(table.ratings)).tolist():
                score = table.scale.told(table.ratings[item, rater])
                yield {
                    "item": self.items[item],
                    "criterion": name,
                    "rater": table.raters[rater],
                    "score": score,
                }

    def _judge_rows(self) -> Iterator[dict[str, object]]:
        for name, table in self.tables.items():
            for judge in table.judges:
                scores = table.scores_of(judge)
                for item, at in np.argwhere(~np.isnan(scores)).tolist():
                    row = {"item": self.items[item], "criterion": name, "judge": judge}
                    yield row | {"score": table.scale.told(scores[item, at]), "repeat": at + 1}
            for unscored in table.unscored:
                row = {"item": self.items[unscored.item], "criterion": name}
                row |= {"judge": table.judges[unscored.judge], "outcome": unscored.outcome}
                yield row | {"score": None, "repeat": unscored.repeat}


def digest_of(study: Study) -> str:
    """A content hash that no order of rows, items or repeats' numbers changes: `sha256:` and 64 hex digits.

    Clusters count by which items they hold together, not by what they are called.
    """
    order = np.array(sorted(range(len(study.items)), key=study.items.__getitem__), dtype=np.int64)
    head = {
        "form": "judge-calibration-study/1",
        "items": [study.items[at] for at in order],
        "clusters": _partition(study.clusters[order]).tolist() if study.clustered else None,
        "subgroups": {name: [labels[at] for at in order] for name, labels in study.subgroups.items()},
        "covariates": {
            name: [None if np.isnan(value) else value for value in values[order].tolist()]
            for name, values in study.covariates.items()
        },
        "fingerprints": {judge: dict(known) for judge, known in study.fingerprints.items()},
        "criteria": {
            name: [table.scale.as_json(), table.raters, table.judges] for name, table in study.tables.items()
        },
    }
    digest = hashlib.sha256(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
    rank = np.argsort(order)
    for name in sorted(study.tables):
        for part in _content(study.tables[name], order, rank):
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def _content(table: CriterionTable, order: IntArray, rank: IntArray) -> Iterator[bytes]:
    """The cells of a table in the order of the items' names: where they are, then what they hold."""
    for scores in (table.ratings, *map(table.scores_of, table.judges)):
        there: BoolArray = ~np.isnan(scores[order])
        rows, columns = np.nonzero(there)
        yield np.array([rows.size, scores.shape[1]], dtype="<i8").tobytes()
        yield np.stack([rows, columns]).astype("<i8").tobytes()
        yield scores[order][there].astype("<f8").tobytes()
    unscored = sorted(Unscored(int(rank[row.item]), *row[1:]) for row in table.unscored)
    yield json.dumps(unscored).encode()


def _partition(clusters: IntArray) -> IntArray:
    """Clusters numbered from 0 in the order in which they are met."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
