"""What every section of a report works from: the study in a fixed order, its units and its resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.consensus import opposed_ends
from judge_calibration.agreement.tables import positions
from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units
from judge_calibration.errors import OptionRejected
from judge_calibration.reporting.options import MOST_SUBGROUPS, Options
from judge_calibration.reporting.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.scales import Scale
    from judge_calibration.study import Study


@dataclass(frozen=True, slots=True)
class View:
    """One criterion on some items: ratings (n, R), NaN where missing, their units, and which those are."""

    scale: Scale
    raters: tuple[str, ...]
    ratings: FloatArray
    consensus: FloatArray
    units: Units
    columns: IntArray | None  # of the study's units; None: all of them

    @property
    def codes(self) -> IntArray:
        """Ratings as positions on the declared scale, -1 where missing."""
        return positions(self.ratings, self.scale.numeric)

    @property
    def rated(self) -> IntArray:
        """How many ratings each item has."""
        return np.asarray((~np.isnan(self.ratings)).sum(1), np.int64)

    def rows(self, chosen: IntArray, study_units: Units) -> View:
        """The same on some of the items."""
        units, columns = study_units.subset(chosen)
        return View(self.scale, self.raters, self.ratings[chosen], self.consensus[chosen], units, columns)

    def opposed(self, judge: FloatArray) -> FloatArray:
        """Where the judge praises what a physician condemns; nowhere on a scale without ends."""
        low, high = self.scale.low, self.scale.high
        if low is None or high is None:
            return np.zeros(len(judge))
        return opposed_ends(judge, self.ratings, low, high)


@dataclass(frozen=True, slots=True)
class Context:
    """A study, ready: items in the order of their names, so that the order of rows changes nothing."""

    study: Study
    options: Options
    order: IntArray
    units: Units
    resampler: Resampler
    teller: Teller
    subgroups: Mapping[str, tuple[str | None, ...]]

    @classmethod
    def of(cls, study: Study, options: Options) -> Context:
        """Check the options against the study and draw nothing yet."""
        _known("criteria", options.criteria, study.tables)
        judges = {judge for table in study.tables.values() for judge in table.judges}
        _known("judges", options.judges, judges)
        order = np.array(sorted(range(len(study.items)), key=study.items.__getitem__), np.int64)
        labels = {name: tuple(values[at] for at in order) for name, values in study.subgroups.items()}
        units = _units(study, options, order, labels)
        return cls(
            study=study,
            options=options,
            order=order,
            units=units,
            resampler=Resampler(units.size, options.resamples, options.seed),
            teller=Teller(options.level, clustered=not units.are_items),
            subgroups=_chosen_subgroups(options, labels),
        )

    def view(self, criterion: str) -> View:
        """A criterion on all items."""
        table = self.study.tables[criterion]
        consensus = table.consensus(self.options.consensus if table.scale.is_discrete else "mean")
        return View(
            table.scale, table.raters, table.ratings[self.order], consensus[self.order], self.units, None
        )

    def judged(self, criterion: str, judge: str) -> FloatArray:
        """A judge's scores (n,), NaN where there is none."""
        table = self.study.tables[criterion]
        scores: FloatArray = table.judged[self.order, table.judges.index(judge)]
        return scores

    @property
    def criteria(self) -> tuple[str, ...]:
        """Those asked for, in their order; else all."""
        return self.options.criteria or tuple(self.study.tables)

    def judges_of(self, criterion: str) -> tuple[str, ...]:
        """The judges asked for that scored this criterion."""
        known = self.study.tables[criterion].judges
        wanted = self.options.judges
        return known if wanted is None else tuple(judge for judge in known if judge in wanted)


def _known(option: str, names: tuple[str, ...] | None, known: object) -> None:
    for name in names or ():
        if name not in known:  # type: ignore[operator]  # a mapping or a set
            raise OptionRejected(option, f"{name[:60]!r} is not in the study")


def _units(
    study: Study, options: Options, order: IntArray, labels: Mapping[str, tuple[str | None, ...]]
) -> Units:
    by = options.cluster_by
    if by == "item" or (by is None and not study.clustered):
        return Units.of(np.arange(len(order)))
    if by in {None, "cluster"}:
        return Units.of(_renumbered(study.clusters[order]))
    if by not in labels:
        known = ", ".join(["item", "cluster", *sorted(labels)])
        raise OptionRejected("cluster_by", f"the study has no variable {str(by)[:60]!r} (known: {known})")
    # An item without a label is a cluster of its own.
    named = [label if label is not None else at for at, label in enumerate(labels[by])]
    seen: dict[object, int] = {}
    return Units.of(np.array([seen.setdefault(name, len(seen)) for name in named], np.int64))


def _renumbered(clusters: IntArray) -> IntArray:
    """Clusters numbered in the order in which they are met."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def _chosen_subgroups(
    options: Options, labels: Mapping[str, tuple[str | None, ...]]
) -> dict[str, tuple[str | None, ...]]:
    if options.subgroups is None:
        return {
            name: values for name, values in labels.items() if 1 < len(set(values) - {None}) <= MOST_SUBGROUPS
        }
    _known("subgroups", options.subgroups, labels)
    return {name: labels[name] for name in options.subgroups}
