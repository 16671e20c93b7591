"""Operations on maps: fit one to a study, apply one to scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.ingest.cells import OUTCOMES, SCORED
from judge_calibration.maps.artefact import opened
from judge_calibration.maps.equating import METHODS as EQUATING_METHODS
from judge_calibration.maps.equating import deming, equate
from judge_calibration.maps.fitting import fit_map
from judge_calibration.maps.selection import METHODS
from judge_calibration.operations.arguments import Arguments
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.scales import Scale
    from judge_calibration.study import Study


def fit_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """A map of one judge on one criterion, as a sealed artefact.

    Takes criterion, judge, method (auto, or a candidate's name), by (subgroup variable of the intervals), alpha,
    folds, repeats, seed, cluster_by, fingerprint (default: the one that the study's rows carry), binding.
    """
    with Arguments(given) as arguments:
        criterion, judge = arguments.text("criterion"), arguments.text("judge")
        method = arguments.text("method", default="auto", choices=("auto", *METHODS))
        by = arguments.text_or_none("by")
        alpha = arguments.number("alpha", default=0.1, least=0.01, most=0.5)
        folds = arguments.whole("folds", default=10, least=2, most=50)
        repeats = arguments.whole("repeats", default=5, least=1, most=50)
        seed = arguments.whole("seed", default=0)
        cluster_by = arguments.text_or_none("cluster_by")
        fingerprint = arguments.mapping_or_none("fingerprint") or study.fingerprints.get(judge)
        binding = arguments.mapping_or_none("binding")
    context = Context.of(study, Options(resamples=0, seed=seed, cluster_by=cluster_by))
    scale, view = _numeric(study, criterion, judge), context.view(criterion)
    if scale.low is None or scale.high is None:
        raise OptionRejected("criterion", f"{criterion!r} has no numbers to map")
    values = tuple(scale.numeric.tolist()) if scale.is_discrete else None
    fitted = fit_map(
        context.judged(criterion, judge),
        view.ratings,
        scale_values=values,
        low=scale.low,
        high=scale.high,
        clusters=view.units.of_item,
        subgroups={
            name: tuple(labels[at] for at in context.order) for name, labels in study.subgroups.items()
        },
        by=by,
        method=method,
        alpha=alpha,
        folds=folds,
        repeats=repeats,
        seed=seed,
    )
    told = {"kind": scale.kind, "low": rounded(scale.low), "high": rounded(scale.high)}
    return fitted.as_artefact(
        criterion=criterion,
        scale=told | {"values": None if values is None else [rounded(value) for value in values]},
        judge=judge,
        fingerprint=fingerprint,
        binding=binding,
        data_digest=study.digest,
    )


def equate_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """The new judge's scores on the old one's scale, and Deming regression.

    Takes criterion, judge_a, judge_b, method (linear or equipercentile), error_ratio (variance of the error of
    judge_a's scores over that of judge_b's, for Deming regression; default 1).
    """
    with Arguments(given) as arguments:
        criterion = arguments.text("criterion")
        old, new = arguments.text("judge_a"), arguments.text("judge_b")
        method = arguments.text("method", default="linear", choices=EQUATING_METHODS)
        ratio = arguments.number("error_ratio", default=1.0, least=1e-6)
    scale = _numeric(study, criterion, old)
    _numeric(study, criterion, new)
    context = Context.of(study, Options(resamples=0))
    first, second = context.judged(criterion, old), context.judged(criterion, new)
    clusters = context.units.of_item
    both = ~(first != first) & ~(second != second)  # noqa: PLR0124  NaN is what differs from itself
    low, high = scale.low or 0.0, scale.high if scale.high is not None else 1.0
    found = equate(first[both], second[both], low=low, high=high, method=method)  # type: ignore[arg-type]  # checked
    return {
        "study": study.digest,
        "criterion": criterion,
        "from": new,
        "to": old,
        "equating": found.as_json(),
        "deming": deming(second[both], first[both], clusters=clusters[both], error_ratio=ratio).as_json(),
    }


def apply_operation(study: Study | None, given: Mapping[str, object]) -> dict[str, object]:  # noqa: ARG001  one shape for all
    """Scores through a map. Takes map (the artefact) and scores: rows of score, outcome?, subgroups?, item?.

    A row without a score comes back without one, with the outcome that says why where it was told.
    `extrapolated_share` is of the rows that have a score, None where none has.
    """
    with Arguments(given) as arguments:
        artefact = arguments.mapping("map")
        rows = arguments.rows("scores")
    opened_map = opened(artefact)
    told = [_through(opened_map, row, at) for at, row in enumerate(rows)]
    flags = [row["flags"] for row in told if row["raw"] is not None]
    share = sum("extrapolated" in each for each in flags) / len(flags) if flags else None
    return {
        "map": opened_map.id,
        "criterion": opened_map.criterion,
        "scores": told,
        "extrapolated_share": rounded(share),
        "levels_may_be_claimed": share is not None and share <= _MOST_EXTRAPOLATED,
    }


_MOST_EXTRAPOLATED = 0.2


def _through(opened_map: CalibrationMap, row: Mapping[str, object], at: int) -> dict[str, Any]:
    with Arguments(row, f"scores.{at}") as fields:
        raw, outcome = fields.number_or_none("score"), _outcome(fields)
        labels = fields.mapping("subgroups")
        item = fields.text_or_none("item")
        if outcome is not None and (raw is None) == (outcome == SCORED):
            raise OptionRejected("outcome", f"is {SCORED!r} with a score, and another without one")
        if not all(isinstance(label, str) for label in labels.values()):
            raise OptionRejected("subgroups", "is an object of texts")
    told = {"item": item, "raw": raw, "outcome": outcome}
    if raw is None:
        return told | {"calibrated": None, "interval": None, "flags": ["no_score"], "status": "none"}
    applied = opened_map.apply(raw, {name: str(label) for name, label in labels.items()})
    interval = None
    if applied.low is not None:
        interval = {
            "low": rounded(applied.low),
            "high": rounded(applied.high),
            "level": applied.level,
            "source": "conformal",
        }
    return told | {
        "calibrated": rounded(applied.score),
        "interval": interval,
        "flags": list(applied.flags),
        "status": applied.status,
    }


def _outcome(fields: Arguments) -> str | None:
    """Of a judge's row, as a study has it; None where it is not told."""
    return fields.text("outcome", default="", choices=OUTCOMES) or None


def _numeric(study: Study, criterion: str, judge: str) -> Scale:
    table = study.tables.get(criterion)
    if table is None:
        raise OptionRejected(
            "criterion", f"{criterion[:60]!r} is not in the study (it has: {', '.join(study.tables)})"
        )
    if judge not in table.judges:
        raise OptionRejected(
            "judge", f"{judge[:60]!r} did not score {criterion!r} (who did: {', '.join(table.judges)})"
        )
    if not table.scale.is_numeric:
        raise OptionRejected("criterion", f"{criterion!r} has no numbers to map")
    return table.scale
