"""Reads what belongs to items: `{"item", "cluster"?, "subgroups"?, "covariates"?}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.names import Names, Place, fields_of
from judge_calibration.ingest.source import quoted, spelled
from judge_calibration.scales import finite_number, is_label

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.ingest.source import Faults, RowTable

_FIELDS = ("item", "cluster", "subgroups", "covariates")
MOST_VARIABLES = 100
V = TypeVar("V")


@dataclass(slots=True)
class ItemFacts:
    """What is known of items, by item number. `listed` are the items that have a row of their own."""

    clusters: dict[int, int] = field(default_factory=dict)
    subgroups: dict[str, dict[int, str]] = field(default_factory=dict)
    covariates: dict[str, dict[int, float]] = field(default_factory=dict)
    listed: dict[int, int] = field(default_factory=dict)  # item -> the number of its row
    _clusters_seen: dict[str, int] = field(default_factory=dict)

    def read(self, table: RowTable, names: Names, faults: Faults) -> None:
        """Take in every row of a table of items."""
        for number, given in table.numbered():
            place = Place(faults, table.name, number)
            row = fields_of(given, ("item",), _FIELDS, place)
            item = names.numbered(row, "item", names.items, place) if row is not None else None
            if row is None or item is None:
                continue
            if not table.spread and self.listed.setdefault(item, number) != number:
                detail = f"row {self.listed[item]} is about the same item"
                place.fault("item", "conflicting_item", detail)
                continue
            self._read_cluster(item, row.get("cluster"), place)
            self.read_subgroups(item, row.get("subgroups"), place)
            self._read_covariates(item, row.get("covariates"), place)

    def _read_cluster(self, item: int, given: object, place: Place) -> None:
        if given is None:
            return
        name = spelled(given)
        if name is None:
            place.fault("cluster", "bad_id", f"{quoted(given)} is no name of a cluster")
            return
        cluster = self._clusters_seen.setdefault(name, len(self._clusters_seen))
        if self.clusters.setdefault(item, cluster) != cluster:
            place.fault("cluster", "conflicting_item", "the item is in another cluster already")

    def read_subgroups(self, item: int, given: object, place: Place) -> None:
        """Take in `{variable: label}`; null is unknown."""
        for name, label in _entries(given, "subgroups", "bad_subgroup", place):
            text = spelled(label)
            if text is None:
                place.fault(f"subgroups.{name}", "bad_subgroup", f"{quoted(label)} is no name of a subgroup")
            elif self._variable(self.subgroups, name).setdefault(item, text) != text:
                place.fault(
                    f"subgroups.{name}", "conflicting_item", "the item is in another subgroup already"
                )

    def _read_covariates(self, item: int, given: object, place: Place) -> None:
        for name, value in _entries(given, "covariates", "bad_covariate", place):
            number = finite_number(value)
            if number is None:
                place.fault(f"covariates.{name}", "bad_covariate", f"{quoted(value)} is no finite number")
            elif self._variable(self.covariates, name).setdefault(item, number) != number:
                place.fault(f"covariates.{name}", "conflicting_item", "the item has another value already")

    @staticmethod
    def _variable(variables: dict[str, dict[int, V]], name: str) -> dict[int, V]:
        found = variables.setdefault(name, {})
        if len(variables) > MOST_VARIABLES:
            raise OptionRejected("items", f"have more than {MOST_VARIABLES} subgroup variables or covariates")
        return found

    def cluster_array(self, n_items: int) -> IntArray:
        """The cluster of every item, numbered in the order of items; an item without one is its own."""
        keys = [self.clusters.get(item, -1 - item) for item in range(n_items)]
        order: dict[int, int] = {}
        return np.array([order.setdefault(key, len(order)) for key in keys], dtype=np.int64)

    def subgroup_labels(self, n_items: int) -> dict[str, tuple[str | None, ...]]:
        """The labels of every item by variable, in the order of names."""
        variables = sorted(self.subgroups.items())
        return {name: tuple(map(labels.get, range(n_items))) for name, labels in variables}

    def covariate_arrays(self, n_items: int) -> dict[str, FloatArray]:
        """The values of every item by name, NaN where unknown."""
        found: dict[str, FloatArray] = {}
        for name, values in sorted(self.covariates.items()):
            found[name] = np.full(n_items, np.nan)
            found[name][list(values)] = list(values.values())
        return found


def _entries(given: object, name: str, code: str, place: Place) -> list[tuple[str, object]]:
    """What an object holds, without its nulls; faults are noted in the object and in its names."""
    if given is None:
        return []
    if not isinstance(given, Mapping):
        place.fault(name, code, f"is an object: name -> value, not {quoted(given)}")
        return []
    sound = [key for key in given if isinstance(key, str) and is_label(key)]
    if len(sound) < len(given):
        place.fault(name, code, "holds a name that is empty or too long")
    return [(key, given[key]) for key in sound if given[key] is not None]
