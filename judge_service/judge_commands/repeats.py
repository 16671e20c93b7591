"""How much a judge's scores of one case differ from asking to asking. Pure arithmetic on scores."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge_service.domain.verdict import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.score import Score

LEVEL = 0.95
TWICE = 2  # the fewest scores of a case, and cases, that differ


@dataclass(frozen=True, slots=True)
class Told:
    """One asking, of one criterion or of the total: its outcome, its level, its value in points."""

    outcome: str
    level: object = None
    value: float | None = None


Table = list[list[Told]]  # cases, each with its askings in order


def totals(scores: Sequence[Sequence[Score]]) -> Table:
    """The totals of cases that were asked several times."""
    return [[_total(score) for score in case] for case in scores]


def _total(score: Score) -> Told:
    if score.score is not None or score.outcome != "scored":
        return Told(score.outcome, score.score, score.score)
    # A rubric without values has no total: what is the same each time is its levels.
    return Told("scored", tuple((name, verdict.level) for name, verdict in score.criteria.items()))


def verdicts(scores: Sequence[Sequence[Score]], criterion: str) -> Table:
    """The verdicts on one criterion."""
    return [[_told(score, criterion) for score in case] for case in scores]


def _told(score: Score, criterion: str) -> Told:
    verdict = score.criteria[criterion]
    if isinstance(verdict, Scored):
        return Told("scored", verdict.level, verdict.value)
    return Told(verdict.outcome)


def repeatability(table: Table) -> dict[str, Any]:
    """Within-case SD in points, ICC of a single score, share of cases with one level throughout, outcomes.

    What cannot be had is null, with its reason. Unscored askings are counted and enter no figure.
    """
    scored = [[told for told in case if told.outcome == "scored"] for case in table]
    values = [[told.value for told in case if told.value is not None] for case in scored]
    whole = [case for case, all_of_it in zip(scored, table, strict=True) if len(case) == len(all_of_it)]
    equal = sum(len({told.level for told in case}) == 1 for case in whole)
    unscored = Counter(told.outcome for case in table for told in case if told.outcome != "scored")
    is_nominal = any(scored) and not any(values)
    return {
        "sd": _sd(values, is_nominal=is_nominal),
        "icc": _icc(table, values, is_nominal=is_nominal),
        "all_equal": {
            "share": equal / len(whole) if whole else None,
            "reason": None if whole else "no case was scored every time",
            "equal": equal,
            "cases_scored_every_time": len(whole),
            "cases": len(table),
        },
        "scored": sum(map(len, scored)),
        "unscored": dict(sorted(unscored.items())),
    }


def _sd(values: Sequence[Sequence[float]], *, is_nominal: bool) -> dict[str, Any]:
    """Pooled over cases: sqrt(Σ (x - mean of its case)² / Σ (n of its case - 1))."""
    several = [case for case in values if len(case) >= TWICE]
    freedom = sum(len(case) - 1 for case in several)
    counts = {"cases": len(several), "degrees_of_freedom": freedom}
    if not freedom:
        reason = "the scale has no values" if is_nominal else "no case was scored twice"
        return {"estimate": None, "reason": reason, **counts}
    squares = math.fsum((x - math.fsum(case) / len(case)) ** 2 for case in several for x in case)
    return {"estimate": round(math.sqrt(squares / freedom), 6), "reason": None, **counts}


def _icc(table: Table, values: Sequence[Sequence[float]], *, is_nominal: bool) -> dict[str, Any]:
    """One-way, of a single score: what share of the variance of scores is between cases."""
    if is_nominal:
        return _no_icc("the scale has no values")
    if sum(len(case) >= TWICE for case in values) < TWICE:
        return _no_icc("fewer than two cases were scored twice")
    if len({x for case in values for x in case}) == 1:
        return _no_icc("all scores are equal, so that there is no variance to share out")
    estimate, interval = _one_way(table)
    if not math.isfinite(estimate):
        return _no_icc("the components of variance are not identified")
    reason = (
        None if interval else "scores of one case do not differ at all, or the F interval does not hold it"
    )
    return {"estimate": round(estimate, 6), "reason": None, "ci": interval, "ci_reason": reason}


def _no_icc(reason: str) -> dict[str, Any]:
    return {"estimate": None, "reason": reason, "ci": None, "ci_reason": reason}


def _one_way(table: Table) -> tuple[float, dict[str, object] | None]:
    import numpy as np  # noqa: PLC0415  paid when used

    from judge_calibration.engine.units import Units  # noqa: PLC0415  likewise
    from judge_calibration.reliability.icc import ICC_NAMES, IccFamily, f_intervals  # noqa: PLC0415  likewise

    points = [[math.nan if told.value is None else told.value for told in case] for case in table]
    family = IccFamily.of(np.array(points, dtype=np.float64), Units.of(np.arange(len(points))))
    sums = family.features.sum(0)
    interval = f_intervals(family.sums.components(sums), LEVEL)["icc_1"]
    return float(family.evaluate(sums)[ICC_NAMES.index("icc_1")]), interval.as_json() if interval else None
