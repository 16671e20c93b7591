"""What changes when one judge takes another's place: on the same anchor items, against a stated margin.

Per criterion: both judges' agreement with physicians, the paired shift with two one-sided tests, decisions that flip at
the caller's threshold, and an equating map that puts the new judge's scores on the old one's scale, so that thresholds
keep their meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from judge_calibration.comparison.judges import Pair, compare_pairs, pairs_of
from judge_calibration.comparison.tests import CLUSTERED, mcnemar_test, untested
from judge_calibration.engine.intervals import share_interval
from judge_calibration.engine.replicates import Replicate
from judge_calibration.engine.units import MIN_CLUSTERS
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.inference.drift import DEFAULT_MARGIN, drift
from judge_calibration.maps.equating import equate
from judge_calibration.ratios import ratio
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import BoolArray
    from judge_calibration.maps.equating import Equating
    from judge_calibration.scales import Scale
    from judge_calibration.study import Study

MOST_FLIPS = 200  # told by name


def swap(
    study: Study,
    old: str,
    new: str,
    *,
    threshold: float | Mapping[str, float] | None = None,
    margin: float | Mapping[str, float] | None = None,
    options: Mapping[str, object] | Options | None = None,
) -> dict[str, object]:
    """Compare `new` with `old`. Threshold and margin are in points, one for all criteria or one for each named.

    The margin's default is a twentieth of the scale's width. The overall verdict is `equivalent` when every
    criterion is, `different` when any is, else `inconclusive`. q-values of the tests are over all criteria and
    tests. A threshold for all holds where the scale has it; elsewhere `flips` is None, with a note. Raises
    OptionRejected where threshold or margin names a criterion that is not compared in points, and for a
    threshold that is on no scale it is meant for.
    """
    chosen = options if isinstance(options, Options) else Options.of(options)
    context = Context.of(study, chosen)
    pairs = pairs_of(context, old, new)
    numeric = [name for name in pairs if study.tables[name].scale.is_numeric]
    _check_names("threshold", threshold, numeric)
    _check_names("margin", margin, numeric)
    _check_on_scale(threshold, {name: study.tables[name].scale for name in numeric})
    told = {
        name: each | _moved(context, pairs[name], _of(threshold, name), _of(margin, name))
        for name, each in compare_pairs(context, pairs).items()
    }
    verdicts = [str(each["verdict"]) for each in told.values()]
    return {
        "study": study.digest,
        "judges": {"old": old, "new": new},
        "options": chosen.as_json(),
        "criteria": told,
        "not_compared": sorted(_scored_by_both(study, old, new) - set(pairs)),
        "outcomes": {judge: _outcomes(study, judge) for judge in (old, new)},
        "verdict": _overall(verdicts),
        "sentence": _sentence(old, new, told),
    }


def _check_names(option: str, given: float | Mapping[str, float] | None, known: Sequence[str]) -> None:
    for name in given if given is not None and not isinstance(given, int | float) else ():
        if name not in known:
            raise OptionRejected(
                option,
                f"names {name[:60]!r}, which is not compared in points (those are: {', '.join(known) or 'none'})",
            )


def _check_on_scale(threshold: float | Mapping[str, float] | None, scales: Mapping[str, Scale]) -> None:
    """From a threshold beyond the scale no decision is to be read: all pass it, or none."""
    if isinstance(threshold, int | float):
        if scales and not any(scale.spans(threshold) for scale in scales.values()):
            raise OptionRejected("threshold", f"{threshold:g} is beyond the scale of every criterion")
        return
    for name, each in (threshold or {}).items():
        if not scales[name].spans(each):
            raise OptionRejected("threshold", f"{each:g} is beyond the scale of {name[:60]!r}")


def _of(given: float | Mapping[str, float] | None, criterion: str) -> float | None:
    return given if given is None or isinstance(given, int | float) else given.get(criterion)


def _moved(context: Context, pair: Pair, threshold: float | None, margin: float | None) -> dict[str, object]:
    """How one criterion's scores moved, and what becomes of decisions by them."""
    scale = pair.view.scale
    if scale.low is None or scale.high is None:
        return _nominal(pair)
    bound = DEFAULT_MARGIN * (scale.high - scale.low) if margin is None else margin
    moved = drift(
        pair.first,
        pair.second,
        pair.view.consensus,
        clusters=pair.view.units.of_item,
        margin=bound,
        level=context.options.level,
    )
    equating = _equating(pair, scale.low, scale.high)
    flips, notes = None, cast("list[str]", moved["notes"])
    if threshold is not None and scale.spans(threshold):
        flips = _flips(pair, threshold, equating, context.options.level)
    elif threshold is not None:
        notes = [*notes, f"the threshold {threshold:g} is beyond this scale, so no decision is told"]
    return {
        "margin": bound,
        "shift": moved["shift"],
        "interval_90": moved["interval_90"],
        "tost": moved["tost"],
        "mae_change": moved["mae_change"],
        "equating": equating.as_json() if equating else None,
        "flips": flips,
        "verdict": moved["verdict"],
        "notes": notes,
    }


def _equating(pair: Pair, low: float, high: float) -> Equating | None:
    try:
        return equate(pair.first, pair.second, low=low, high=high)
    except NotEnough:
        return None


def _nominal(pair: Pair) -> dict[str, object]:
    """On a scale without order: how often the two say the same, and which items change; no margin applies.

    The same on a few items or clusters is not equivalence: as for a shift, it takes ten.
    """
    same = int((pair.first == pair.second).sum())
    n = len(pair.items)
    scale = pair.view.scale
    changed = [
        {"item": item, "old": scale.told(float(a)), "new": scale.told(float(b))}
        for item, a, b in zip(pair.items, pair.first, pair.second, strict=True)
        if a != b
    ]
    return {
        "same": {"share": rounded(same / n), "n_items": n},
        "flips": {"count": n - same, "items": changed[:MOST_FLIPS]},
        "verdict": "inconclusive" if changed or pair.view.units.size < MIN_CLUSTERS else "equivalent",
        "notes": [
            "labels without an order have no margin: equivalent only when all are the same, on ten items or clusters"
        ],
    }


def _flips(pair: Pair, threshold: float, equating: Equating | None, level: float) -> dict[str, object]:
    """Decisions `score ≥ threshold` of both judges; how many turn, which way, and who sides with physicians."""
    old, new = pair.first >= threshold, pair.second >= threshold
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    n, units = len(pair.items), pair.view.units
    sums = units.sums(np.column_stack([old != new, np.ones(n)]))
    rest = sums.sum(0) - sums
    left_out = ratio(rest[:, 0], rest[:, 1])
    turned = Replicate((gained + lost) / n, left_out, np.empty(0))
    ci = share_interval(turned, n, level=level, clustered=not units.are_items)
    test = (
        mcnemar_test(gained, lost) if units.are_items else untested("mcnemar_exact", gained + lost, CLUSTERED)
    )
    told: dict[str, object] = {
        "threshold": threshold,
        "n_items": n,
        "both_pass": int((old & new).sum()),
        "both_fail": int((~old & ~new).sum()),
        "now_pass": gained,
        "now_fail": lost,
        "share": rounded((gained + lost) / n),
        "ci": ci.as_json(),
        "mcnemar": test.as_json(),
        "with_physicians": _sided(pair, old, new, threshold),
        "items": _named(pair, old, new)[:MOST_FLIPS],
    }
    if equating is not None:
        equated = equating.equate(pair.second) >= threshold - 1e-9
        told["after_equating"] = {
            "flips": int((equated != old).sum()),
            "share": rounded(float((equated != old).mean())),
        }
    return told


def _sided(pair: Pair, old: BoolArray, new: BoolArray, threshold: float) -> dict[str, int]:
    """Of the decisions that turn and whose items are rated: how many are now as physicians decide, and were."""
    rated = ~np.isnan(pair.view.consensus)
    turned = rated & (old != new)
    physicians = pair.view.consensus >= threshold
    return {
        "now_right": int((turned & (new == physicians)).sum()),
        "now_wrong": int((turned & (old == physicians)).sum()),
    }


def _named(pair: Pair, old: BoolArray, new: BoolArray) -> list[dict[str, object]]:
    return [
        {
            "item": pair.items[at],
            "old": rounded(float(pair.first[at])),
            "new": rounded(float(pair.second[at])),
            "physicians": None
            if np.isnan(pair.view.consensus[at])
            else rounded(float(pair.view.consensus[at])),
        }
        for at in np.flatnonzero(old != new)
    ]


def _scored_by_both(study: Study, old: str, new: str) -> set[str]:
    """Criteria on which both judges were asked, whatever came of it."""
    return {name for name, table in study.tables.items() if {old, new} <= set(table.judges)}


def _outcomes(study: Study, judge: str) -> dict[str, dict[str, int]]:
    """How a judge's rows came out, on every criterion that it was asked about."""
    return {
        name: dict(table.outcomes[judge]) for name, table in study.tables.items() if judge in table.outcomes
    }


def _overall(verdicts: list[str]) -> str:
    if "different" in verdicts:
        return "different"
    return "equivalent" if set(verdicts) == {"equivalent"} else "inconclusive"


def _sentence(old: str, new: str, told: Mapping[str, Mapping[str, object]]) -> str:
    parts = [f"{name} {each['verdict']}" for name, each in told.items()]
    return f"{new} in place of {old}: {', '.join(parts)}"
