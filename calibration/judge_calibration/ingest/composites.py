"""Totals that follow from other criteria, for raters and judges alike: a weighted mean on 0 to 100."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.criterion_table import CriterionTable
from judge_calibration.errors import OptionRejected
from judge_calibration.scales import Scale, finite_number

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

TOP = 100.0


@dataclass(frozen=True, slots=True)
class Composite:
    """A total's name and the weights of its criteria."""

    name: str
    weights: Mapping[str, float]


def composites_from(given: object, scales: Mapping[str, Scale]) -> tuple[Composite, ...]:
    """Read `{"score": {"weights": {"accuracy": 4, …}}}`; OptionRejected says what is wrong."""
    if not isinstance(given, Mapping):
        raise OptionRejected("composites", 'is an object: name -> {"weights": {…}}')
    return tuple(_composite(str(name), spec, scales) for name, spec in sorted(given.items()))


def _composite(name: str, spec: object, scales: Mapping[str, Scale]) -> Composite:
    option = f"composites.{name[:60]}"
    weights = spec.get("weights") if isinstance(spec, Mapping) else None
    if not isinstance(weights, Mapping) or not weights:
        raise OptionRejected(option, "has 'weights': criterion -> weight")
    declared = scales.get(name)
    if declared is not None and (declared.kind, declared.low, declared.high) != ("interval", 0.0, TOP):
        raise OptionRejected(option, "a total's scale is the interval from 0 to 100")
    read: dict[str, float] = {}
    for criterion, weight in weights.items():
        number = finite_number(weight)
        if criterion not in scales or not scales[criterion].is_numeric or criterion == name:
            raise OptionRejected(option, f"{str(criterion)[:60]!r} is no numeric criterion of the study")
        if number is None or number <= 0:
            raise OptionRejected(option, "weights are numbers above 0")
        read[criterion] = number
    return Composite(name, read)


def with_composite(tables: Mapping[str, CriterionTable], composite: Composite) -> CriterionTable:
    """Σ w (v - low)/(high - low) / Σ w · 100 for everybody who scored all its criteria on an item.

    Who has a total of their own on an item keeps it.
    """
    parts = [(tables[name], weight) for name, weight in composite.weights.items()]
    raters = tuple(sorted(set.intersection(*(set(table.raters) for table, _ in parts))))
    judges = tuple(sorted(set.intersection(*(set(table.judges) for table, _ in parts))))
    given = tables.get(composite.name)
    raters = tuple(sorted({*raters, *(given.raters if given else ())}))
    judges = tuple(sorted({*judges, *(given.judges if given else ())}))
    ratings = _totals(parts, raters, given, of_raters=True)
    judged = _totals(parts, judges, given, of_raters=False)
    return CriterionTable(
        criterion=composite.name,
        scale=Scale("interval", (), 0.0, TOP),
        raters=raters,
        judges=judges,
        ratings=ratings,
        judged=judged,
        repeats={},
        outcomes={judge: _outcomes(judged[:, at], parts, judge) for at, judge in enumerate(judges)},
    )


def _totals(
    parts: list[tuple[CriterionTable, float]],
    who: tuple[str, ...],
    given: CriterionTable | None,
    *,
    of_raters: bool,
) -> FloatArray:
    n = len(parts[0][0].ratings)
    total = np.zeros((n, len(who)))
    for table, weight in parts:
        low, high = table.scale.low or 0.0, table.scale.high if table.scale.high is not None else 1.0
        total += weight * (_columns(table, who, of_raters=of_raters) - low) / (high - low)
    total *= TOP / sum(weight for _, weight in parts)
    total = np.clip(np.round(total, 9), 0.0, TOP)
    if given is not None:
        own = _columns(given, who, of_raters=of_raters)
        total = np.where(np.isnan(own), total, own)
    return total


def _columns(table: CriterionTable, who: tuple[str, ...], *, of_raters: bool) -> FloatArray:
    names, scores = (table.raters, table.ratings) if of_raters else (table.judges, table.judged)
    columns = np.full((len(scores), len(who)), np.nan)
    for at, name in enumerate(who):
        if name in names:
            columns[:, at] = scores[:, names.index(name)]
    return columns


def _outcomes(totals: FloatArray, parts: list[tuple[CriterionTable, float]], judge: str) -> dict[str, int]:
    """Totals that are there, and of those that are not the outcome of a criterion that lacks its score."""
    counts = {"scored": int((~np.isnan(totals)).sum())}
    told: dict[int, str] = {}
    for table, _ in parts:
        for unscored in table.unscored:
            if table.judges[unscored.judge] == judge and np.isnan(totals[unscored.item]):
                told.setdefault(unscored.item, unscored.outcome)
    for outcome in told.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts
