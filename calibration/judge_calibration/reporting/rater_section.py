"""Physicians among themselves: reliability, pairs, and the ceiling their noise sets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.engine.replicates import Replicate, replicate
from judge_calibration.estimates import Interval, Reason, Statistic, rounded, undefined
from judge_calibration.reliability.icc import ICC_NAMES, IccFamily, f_intervals
from judge_calibration.reporting.continuous_ranks import mean_ranks
from judge_calibration.reporting.families import rater_families, sharing_pairs, why_missing
from judge_calibration.reporting.telling import Sample, Told, all_undefined, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.engine.replicates import Family
    from judge_calibration.reporting.context import Context, View

PAIR_NAMES = (
    *("agreement", "kappa_unweighted", "kappa_linear", "kappa_quadratic"),
    *("pearson", "spearman", "kendall_tau_b", "pairwise_accuracy", "ccc"),
)
BINARY_NAMES = ("f1_met", "f1_unmet", "balanced_f1", "mcc")
ALPHAS = ("alpha_nominal", "alpha_ordinal", "alpha_interval")
_NO_ROOT = "ICC(C,k) is not above 0: the ratings show no variance of items beyond noise"
_WITHIN_CLUSTERS = (
    "items share clusters: no F interval for other physicians, which takes items as independent"
)
_APPROXIMATE = "cells are missing: the F interval is approximate"
_OF_THE_ROOT_TOO = frozenset({_WITHIN_CLUSTERS, _APPROXIMATE})
MOST_RATERS = 20  # for ICCs in every resample
NAMES = (*PAIR_NAMES, *ALPHAS, "gwet_ac2", *ICC_NAMES, "noise_ceiling")


@dataclass(frozen=True, slots=True)
class RaterSection:
    """The section as plain data, its statistics, and the replicates that a judge is compared with."""

    document: Mapping[str, object]
    statistics: Told
    replicates: Mapping[str, Replicate]


def rater_section(context: Context, view: View) -> RaterSection:
    """Everything about the physicians of one criterion."""
    sample = sample_of(view)
    if len(view.raters) < 2:  # noqa: PLR2004  a pair
        told = all_undefined(_names(view), "single_rater" if view.raters else "no_ratings", sample)
        return RaterSection({"statistics": plain(told), "pairs": [], "per_rater": _each(view)}, told, {})
    families = rater_families(view)
    named = _replicated(context, families)
    statistics = _statistics(context, view, families, named, sample)
    document = {
        "statistics": plain(statistics),
        "pairs": _pairs(context, view, named),
        "per_rater": _each(view),
    }
    return RaterSection(document, statistics, named)


def group_statistics(context: Context, view: View) -> Told:
    """Reliability of the physicians on a subgroup's items: alpha, AC2 and ICC."""
    sample = sample_of(view)
    if len(view.raters) < 2:  # noqa: PLR2004  a pair
        return {}
    families = rater_families(view, pairs=False)
    named = _replicated(context, families, view.columns)
    told = {name: _tell(context, view, name, each, sample) for name, each in named.items()}
    return told | _with_f_intervals(context, families, told)


def _replicated(
    context: Context, families: Mapping[str, Family], columns: IntArray | None = None
) -> dict[str, Replicate]:
    """Replicates by name.

    With very many physicians the ICCs are told at the data only: each resample would solve a system of their
    number, and where items share no clusters their interval is that of F anyway.
    """
    icc = families.get("icc")
    alone = {"icc": icc} if isinstance(icc, IccFamily) and icc.sums.raters > MOST_RATERS else {}
    rest = [family for name, family in families.items() if name not in alone]
    found = {
        name: each
        for one in replicate(rest, context.resampler, columns)
        for name, each in one.named().items()
    }
    for family in alone.values():
        values = family.evaluate(family.features.sum(axis=0))
        nothing = np.empty(0)
        found |= {
            name: Replicate(float(value), nothing, nothing)
            for name, value in zip(family.names, values, strict=True)
        }
    return found


def sample_on(view: View, here: BoolArray) -> Sample:
    """Some of the items, the ratings on them, the physicians they come from, and the units that hold them."""
    ratings = ~np.isnan(view.ratings[here])
    return Sample(int(here.sum()), int(ratings.sum()), int(ratings.any(0).sum()), units_of(view, here))


def judged_sample(view: View, scores: FloatArray) -> Sample:
    """Items with a judge score and a rating, the ratings on them, and the physicians they come from."""
    return sample_on(view, ~np.isnan(scores) & (view.rated > 0))


def units_of(view: View, here: BoolArray) -> int:
    """How many units hold some of the items."""
    if view.units.are_items:
        return int(np.count_nonzero(here))
    return len(np.unique(view.units.of_item[here]))


def sample_of(view: View) -> Sample:
    """Items rated at least twice, the ratings on them, and the physicians who have any rating."""
    twice = view.rated > 1
    raters = int((~np.isnan(view.ratings)).any(0).sum())
    return Sample(int(twice.sum()), int(view.rated[twice].sum()), raters, units_of(view, twice))


def _names(view: View) -> tuple[str, ...]:
    return NAMES + (BINARY_NAMES if view.scale.kind == "binary" else ())


def _statistics(
    context: Context,
    view: View,
    families: Mapping[str, Family],
    named: Mapping[str, Replicate],
    sample: Sample,
) -> Told:
    names = [name for name in named if "|" not in name]
    # Of a pair alpha and AC2 mean something else than of all raters: the families of all raters come last.
    told = {name: _tell(context, view, name, named[name], sample) for name in names}
    told |= _with_f_intervals(context, families, told)
    told |= {"noise_ceiling": _noise_ceiling(told, sample)} if "icc_ck" in told else {}
    if not view.scale.is_discrete:
        ratings = view.ratings
        pairs = [(ratings[:, a], ratings[:, b]) for a, b in sharing_pairs(view)]
        told |= mean_ranks(context, view, pairs, sample)
    for name in _names(view):
        why = why_missing(view, name, len(sharing_pairs(view)))
        told.setdefault(name, undefined(name, why, **sample.counts))
    return {name: told[name] for name in _names(view)}


def _tell(context: Context, view: View, name: str, each: Replicate, sample: Sample) -> Statistic:
    """An ICC without a value is one of constant ratings, or of raters who share no items even over others."""
    why: Reason | None = None
    if name in ICC_NAMES and sample.n_items > 1 and not math.isfinite(each.point):
        given = view.ratings[~np.isnan(view.ratings)]
        why = "constant_input" if len(given) and np.ptp(given) == 0 else "not_identified"
    return context.teller.tell(name, each, sample, why=why)


def _with_f_intervals(context: Context, families: Mapping[str, Family], told: Told) -> Told:
    """ICCs speak for other raters like these: their interval is that of F, the other one goes to details.

    F takes items as independent: where units are clusters of items there is only the interval over clusters.
    """
    family = families.get("icc")
    if not isinstance(family, IccFamily):
        return {}
    if not context.units.are_items:
        return {name: told[name].noted(_WITHIN_CLUSTERS) for name in ICC_NAMES if told[name].status == "ok"}
    components = family.sums.components(family.features.sum(axis=0))
    intervals = f_intervals(components, context.options.level)
    gaps = float(components.ratings) < float(components.items) * float(components.raters)
    notes = (_APPROXIMATE,) if gaps else ()
    return {
        name: _generalised(told[name], intervals[name], notes)
        for name in ICC_NAMES
        if told[name].ci is not None or told[name].status == "ok"
    }


def _generalised(statistic: Statistic, interval: Interval | None, notes: tuple[str, ...]) -> Statistic:
    if interval is None or statistic.estimate is None:
        return statistic
    here = {"these_raters": statistic.ci.as_json()} if statistic.ci else {}
    return replace(statistic, ci=interval, details=here, notes=notes)


_LEAST_RELIABILITY = 1e-9  # below it there is no signal whose noise could be told apart


def _noise_ceiling(told: Told, sample: Sample) -> Statistic:
    """√ICC(C,k), with the root of its interval. Limits in remarks and details are of the ICC and stay with it."""
    reliability = told["icc_ck"]
    if reliability.estimate is None or reliability.estimate < _LEAST_RELIABILITY:
        why = reliability.reason if reliability.estimate is None else None
        notes = () if why else (_NO_ROOT,)
        return undefined("noise_ceiling", why or "not_identified", *notes, **sample.counts)
    ci = reliability.ci
    roots = None
    if ci is not None:
        low, high = (math.sqrt(max(0.0, limit)) for limit in (ci.low, ci.high))
        roots = replace(ci, low=low, high=high, mc_error=None)
    return replace(
        reliability,
        name="noise_ceiling",
        estimate=math.sqrt(reliability.estimate),
        ci=roots,
        notes=tuple(note for note in reliability.notes if ci is None or note in _OF_THE_ROOT_TOO),
        details={},
    )


def _pairs(context: Context, view: View, named: Mapping[str, Replicate]) -> list[dict[str, object]]:
    """Each pair's own coefficients; none for a pooled table."""
    if view.scale.kind == "binary":
        return []
    present = ~np.isnan(view.ratings)
    rows = []
    for at, (a, b) in enumerate(sharing_pairs(view)):
        both = present[:, a] & present[:, b]
        shared = int(both.sum())
        sample = Sample(shared, 2 * shared, 2, units_of(view, both))
        told = {
            name: context.teller.tell(name, named[f"{name}|{at}"], sample)
            for name in PAIR_NAMES
            if f"{name}|{at}" in named
        }
        rows.append(
            {"raters": [view.raters[a], view.raters[b]], "n_items": shared, "statistics": plain(told)}
        )
    return rows


def _each(view: View) -> list[dict[str, object]]:
    """How many items each physician rated, and on numeric scales mean and spread."""
    rows: list[dict[str, object]] = []
    for j, rater in enumerate(view.raters):
        scores = view.ratings[~np.isnan(view.ratings[:, j]), j]
        row: dict[str, object] = {"rater": rater, "n_items": len(scores)}
        if view.scale.is_numeric and len(scores):
            others = _others_mean(view, j)
            both = ~np.isnan(others) & ~np.isnan(view.ratings[:, j])
            offset = float((view.ratings[both, j] - others[both]).mean()) if both.any() else None
            row |= {
                "mean": rounded(float(scores.mean())),
                "sd": rounded(float(scores.std(ddof=1))) if len(scores) > 1 else None,
                "offset_to_others": rounded(offset),
            }
        rows.append(row)
    return rows


def _others_mean(view: View, j: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rest = np.delete(view.ratings, j, axis=1)
    count = (~np.isnan(rest)).sum(1)
    return np.where(count > 0, np.nansum(rest, axis=1) / np.maximum(count, 1), np.nan)
