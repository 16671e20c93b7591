"""Totals that follow from other criteria, for raters and judges alike: a weighted mean on 0 to 100."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.criterion_table import CriterionTable, Unscored
from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.cells import OUTCOME_AT, SCORED
from judge_calibration.scales import Scale, finite_number, is_label

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray

TOTAL_SCALE = Scale("interval", (), 0.0, 100.0)
MOST_COMPOSITES = 20
_HEAVIEST = 1e6
_DIGITS = 9  # sums of the same parts in another order end alike


@dataclass(frozen=True, slots=True)
class Composite:
    """A total's name and the weights of its criteria."""

    name: str
    weights: Mapping[str, float]


def composites_from(given: Mapping[str, object], scales: Mapping[str, Scale]) -> tuple[Composite, ...]:
    """Read `{"score": {"weights": {"accuracy": 4, …}}}`; OptionRejected says what is wrong."""
    if len(given) > MOST_COMPOSITES:
        raise OptionRejected("composites", f"are {MOST_COMPOSITES} at most")
    if not all(isinstance(name, str) and is_label(name) for name in given):
        raise OptionRejected("composites", "have names of 1 to 256 characters")
    parts = {name: scale for name, scale in scales.items() if scale.is_numeric and name not in given}
    return tuple(_composite(name, given[name], scales.get(name), parts) for name in sorted(given))


def _composite(name: str, spec: object, declared: Scale | None, parts: Mapping[str, Scale]) -> Composite:
    option = f"composites.{name[:60]}"
    weights = spec.get("weights") if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or set(spec) != {"weights"} or not isinstance(weights, Mapping):
        raise OptionRejected(option, 'is {"weights": {criterion: weight, …}}')
    if not weights:
        raise OptionRejected(option, "weighs no criterion")
    if declared not in {None, TOTAL_SCALE}:
        raise OptionRejected(option, "a total's scale is the interval from 0 to 100")
    read: dict[str, float] = {}
    for criterion, weight in weights.items():
        number = finite_number(weight)
        if criterion not in parts:
            raise OptionRejected(option, f"{str(criterion)[:60]!r} is no numeric criterion with a scale")
        if number is None or not 1 / _HEAVIEST <= number <= _HEAVIEST:
            raise OptionRejected(option, "weights are numbers above 0, from 1e-6 to 1e6")
        read[criterion] = number
    return Composite(name, dict(sorted(read.items())))


def with_composite(tables: Mapping[str, CriterionTable], composite: Composite) -> CriterionTable:
    """Σ w (v - low)/(high - low) / Σ w · 100 for everybody who scored all its criteria on an item.

    Of a judge the first repeats count. Who gave a total of their own on an item keeps it.
    """
    parts = [(tables[name], weight) for name, weight in composite.weights.items()]
    given = tables[composite.name]
    raters = _everybody([table.raters for table, _ in parts], given.raters)
    judges = _everybody([table.judges for table, _ in parts], given.judges)
    ratings = _totals([(_columns(t.ratings, t.raters, raters), t.scale, w) for t, w in parts])
    judged = _totals([(_columns(t.judged, t.judges, judges), t.scale, w) for t, w in parts])
    ratings = _own_first(_columns(given.ratings, given.raters, raters), ratings)
    judged = _own_first(_columns(given.judged, given.judges, judges), judged)
    unscored = [*_still_unscored(given, judges, judged), *_lacking(parts, judges, judged, given)]
    told = {row.judge for row in unscored} | set(np.flatnonzero(~np.isnan(judged).all(axis=0)).tolist())
    kept = {old: new for new, old in enumerate(sorted(told))}
    rated: BoolArray = ~np.all(np.isnan(ratings), axis=0)
    table = CriterionTable(
        criterion=composite.name,
        scale=TOTAL_SCALE,
        raters=tuple(name for name, there in zip(raters, rated, strict=True) if there),
        judges=tuple(judges[old] for old in kept),
        ratings=ratings[:, rated],
        judged=judged[:, list(kept)],
        repeats={
            judge: _filled(scores, judged[:, judges.index(judge)]) for judge, scores in given.repeats.items()
        },
        outcomes={},
        unscored=tuple(sorted(row._replace(judge=kept[row.judge]) for row in unscored)),
    )
    return _counted(table)


def _everybody(of_parts: list[tuple[str, ...]], given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*set.intersection(*map(set, of_parts)), *given}))


def _columns(scores: FloatArray, names: tuple[str, ...], wanted: tuple[str, ...]) -> FloatArray:
    """The columns of those who are wanted, NaN for who is not there."""
    place = {name: at for at, name in enumerate(names)}
    found = np.full((len(scores), len(wanted)), np.nan)
    there = [at for at, name in enumerate(wanted) if name in place]
    found[:, there] = scores[:, [place[wanted[at]] for at in there]]
    return found


def _totals(parts: list[tuple[FloatArray, Scale, float]]) -> FloatArray:
    total = np.zeros_like(parts[0][0])
    for scores, scale, weight in parts:
        low, high = scale.low or 0.0, 1.0 if scale.high is None else scale.high
        total += weight * (scores - low) / (high - low)
    total *= 100 / sum(weight for _, _, weight in parts)
    return np.clip(np.round(total, _DIGITS), 0.0, 100.0)


def _own_first(own: FloatArray, derived: FloatArray) -> FloatArray:
    return np.where(np.isnan(own), derived, own)


def _filled(repeats: FloatArray, judged: FloatArray) -> FloatArray:
    """Repeats of totals that a judge gave, with the derived total where it gave none."""
    filled = repeats.copy()
    bare = np.isnan(repeats).all(axis=1)
    filled[bare, 0] = judged[bare]
    return filled


def _still_unscored(given: CriterionTable, judges: tuple[str, ...], judged: FloatArray) -> list[Unscored]:
    """The rows of given totals without a score, but for those in whose place the derived total now stands."""
    moved = [(row, judges.index(given.judges[row.judge])) for row in given.unscored]
    return [
        row._replace(judge=at)
        for row, at in moved
        if row.repeat > 1 or np.isnan(judged[row.item, at]) or not np.isnan(given.judged[row.item, row.judge])
    ]


def _lacking(
    parts: list[tuple[CriterionTable, float]],
    judges: tuple[str, ...],
    judged: FloatArray,
    given: CriterionTable,
) -> list[Unscored]:
    """Items on which a judge has no total because a criterion has an outcome instead of a score.

    Of several outcomes the one that the service would tell of the total.
    """
    place = {judge: at for at, judge in enumerate(judges)}
    known = {(row.item, given.judges[row.judge]) for row in given.unscored}
    found: dict[tuple[int, int], str] = {}
    for table, _ in parts:
        for row in table.unscored:
            judge = table.judges[row.judge]
            at = place.get(judge)
            if at is None or (row.item, judge) in known or not np.isnan(judged[row.item, at]):
                continue
            if np.isnan(table.judged[row.item, row.judge]):
                outcomes = [found.get((row.item, at), row.outcome), row.outcome]
                found[row.item, at] = min(outcomes, key=OUTCOME_AT.__getitem__)
    return [Unscored(item, at, 1, outcome) for (item, at), outcome in found.items()]


def _counted(table: CriterionTable) -> CriterionTable:
    """The same with its rows counted by outcome."""
    outcomes: dict[str, dict[str, int]] = {}
    for at, judge in enumerate(table.judges):
        scored = int((~np.isnan(table.scores_of(judge))).sum())
        counts = Counter(row.outcome for row in table.unscored if row.judge == at)
        ordered = sorted(counts.items(), key=lambda entry: OUTCOME_AT[entry[0]])
        outcomes[judge] = ({SCORED: scored} if scored else {}) | dict(ordered)
    return replace(table, outcomes=outcomes)
