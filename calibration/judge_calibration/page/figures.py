"""Puts a report's plain data into the figures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from judge_calibration.drawings.grids import confusion_heatmap, overlap_matrix, score_use
from judge_calibration.drawings.intervals import Mark, Row, interval_rows
from judge_calibration.drawings.scatter import (
    Level,
    bland_altman,
    calibration_curve,
    epsilon_sweep,
)
from judge_calibration.page.markup import number, p_value, percent, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JUDGE, PHYSICIANS = "judge", "physicians among themselves"


def mark(series: str, statistic: Mapping[str, Any]) -> Mark:
    """A statistic as a mark."""
    ci = statistic.get("ci")
    low, high = (ci["low"], ci["high"]) if ci else (None, None)
    return Mark(series, statistic["estimate"], low, high, reason_of(statistic))


def overview(report: Mapping[str, Any]) -> str:
    """Every criterion and judge beside the ceiling, on the primary statistic of its scale."""
    rows, labels = [], set()
    for criterion, each in report["criteria"].items():
        for judge, told in each["judges"].items():
            if told["ceiling"]:
                first = told["ceiling"][0]
                labels.add(first["judge"]["label"])
                rows.append(
                    Row(
                        f"{criterion}, {judge}",
                        (mark(JUDGE, first["judge"]), mark(PHYSICIANS, first["human"])),
                    )
                )
    return interval_rows(
        rows,
        name="overview",
        title="Judge beside the human ceiling",
        caption="Agreement of the judge with single physicians, and of physicians with each other, on the same items; "
        f"{', '.join(sorted(labels)) or 'no statistic'}; whiskers are intervals.",
        measure="agreement beyond chance",
        series=(JUDGE, PHYSICIANS),
        reference=0.0,
    )


def overlap(criterion: str, profile: Mapping[str, Any]) -> str:
    """Which physicians share items; nothing where they are too many to show."""
    found = profile["overlap"]
    if found is None or len(profile["raters"]) > _MOST_RATERS:
        return ""
    return overlap_matrix(
        profile["raters"],
        found,
        name=f"{criterion}-overlap",
        title="Items that physicians share",
        caption="How many items each pair rated both; the diagonal is what each rated.",
    )


_MOST_RATERS = 20


def use(criterion: str, each: Mapping[str, Any], profile: Mapping[str, Any]) -> str:
    """Use of the scale by physicians and judges; nothing where a study without judges has no values to count."""
    scale, judges = each["scale"], each["judges"]
    if judges:
        bars = next(iter(judges.values()))["details"]["use"]
        values = bars[0]["values"]
        people = [(bar["who"], bar["counts"]) for bar in bars[:-1]]
    else:
        counted = {} if scale["kind"] == "interval" else profile["scale_use"]["raters"] or {}
        people = [(who, list(counts.values())) for who, counts in counted.items()]
        values = list(next(iter(counted.values()), ()))
    if not values:
        return ""
    told = [(f"judge {judge}", judged["details"]["use"][-1]["counts"]) for judge, judged in judges.items()]
    some = (
        f" Of {len(people)} physicians the first {_MOST_RATERS} are shown."
        if len(people) > _MOST_RATERS
        else ""
    )
    return score_use(
        _ranges(values, scale["high"]) if scale["kind"] == "interval" else list(map(str, values)),
        [*people[:_MOST_RATERS], *told],
        name=f"{criterion}-use",
        title="Use of the scale",
        caption=f"Share of each value among the scores that a rater gave.{some}",
    )


def _ranges(lows: Sequence[float], high: float) -> list[str]:
    """Names of neighbouring intervals, from their lower ends and the last one's upper end."""
    return [f"{low:g}–{end:g}" for low, end in pairwise((*lows, high))]


def differences(key: str, told: Mapping[str, Any]) -> str:
    """Bland-Altman."""
    points = told["details"].get("differences", [])
    statistics = told["statistics"]
    levels = [
        _level(statistics[name], words)
        for name, words in (("bias", "bias"), ("loa_low", "lower limit"), ("loa_high", "upper limit"))
        if statistics[name]["estimate"] is not None
    ]
    total = sum(point["n"] for point in points) or 1
    centre = sum(point["mean"] * point["n"] for point in points) / total
    return bland_altman(
        [(point["mean"], point["difference"], point["n"]) for point in points],
        levels,
        slope=statistics["proportional_bias"]["estimate"],
        centre=centre,
        name=f"{key}-differences",
        title="Differences between judge and consensus",
        caption="Bias and limits of agreement with their intervals; the slanting line is the bias as it changes with "
        "the level. The area of a bubble is the number of items, but for those too small to be seen.",
    )


def _level(statistic: Mapping[str, Any], words: str) -> Level:
    ci = statistic["ci"]
    label = f"{words} {number(statistic['estimate'])}"
    return Level(statistic["estimate"], label, ci["low"] if ci else None, ci["high"] if ci else None)


def curve(key: str, scale: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """Calibration curve with the chosen map."""
    points = told["details"].get("curve", [])
    correction = told["correction"]
    low, high = ends(scale)
    return calibration_curve(
        [(point["judge"], point["human"], point["low"], point["high"], point["n"]) for point in points],
        seen(correction) if correction else [],
        low=low,
        high=high,
        method=correction["method"].replace("_", " ") if correction else "none",
        name=f"{key}-curve",
        title="What physicians say where the judge says this",
        caption="Mean consensus at each score of the judge with its interval; the number is that of items, where there "
        "is room for it. The map is drawn over the scores that the judge gave.",
    )


def seen(correction: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The map between the lowest and the highest score that it was fitted on."""
    low, high = correction["domain"]
    x, y = zip(*correction["knots"], strict=True)
    places = [low, *(at for at in x if low < at < high), high]
    return [(at, float(np.interp(at, x, y))) for at in places]


def ends(scale: Mapping[str, Any]) -> tuple[float, float]:
    """The numeric ends of a scale as it is told."""
    if scale["kind"] == "interval":
        return scale["low"], scale["high"]
    values = scale["values"]
    return (0.0, 1.0) if isinstance(values[0], str) else (values[0], values[-1])


def confusion(key: str, told: Mapping[str, Any], *, numeric: bool) -> str:
    """Judge by consensus."""
    found = told["details"].get("confusion")
    if found is None or len(found["values"]) > _MOST_VALUES:
        return ""
    between = " A consensus between two values is counted at the nearer one." if numeric else ""
    return confusion_heatmap(
        [str(value) for value in found["values"]],
        found["counts"],
        name=f"{key}-confusion",
        title="Judge by consensus",
        caption=f"Items, and their share of the row.{between}",
    )


_MOST_VALUES = 11


def ceiling(key: str, told: Mapping[str, Any]) -> str:
    """Every ceiling statistic."""
    rows = [
        Row(row["judge"]["label"], (mark(JUDGE, row["judge"]), mark(PHYSICIANS, row["human"])))
        for row in told["ceiling"]
        if row["statistic"] not in {"loo_mae", "loo_rmse"}
    ]
    return interval_rows(
        rows,
        name=f"{key}-ceiling",
        title="Judge and physicians on the same targets",
        caption="The judge, and a physician, against each other physician or the mean of the others.",
        measure="agreement",
        series=(JUDGE, PHYSICIANS),
    )


def sweep(key: str, told: Mapping[str, Any]) -> str:
    """ω by ε."""
    test = told["alt_test"]
    return epsilon_sweep(
        [(row["epsilon"], row["omega"]) for row in test["sweep"]],
        chosen=test["epsilon"],
        flip=test["flip_epsilon"],
        rho=test["rho"],
        name=f"{key}-sweep",
        title="Alternative annotator test",
        caption="Share of physicians whom the judge can stand in for, by tolerated loss ε. At half of them it passes.",
    )


def forest(key: str, variable: str, found: Mapping[str, Any]) -> str:
    """Bias by subgroup."""
    rows = []
    for row in found["rows"]:
        gap = row["to_rest"]
        columns = (str(row["n_items"]), p_value(gap.get("p")), p_value(gap.get("q")))
        rows.append(Row(str(row["group"]), (mark("bias", row["estimate"]),), columns))
    pooled = found["heterogeneity"]["mean"]
    rows.append(Row("all groups", (mark("pooled", pooled),), ("", "", "")))
    heterogeneity = found["heterogeneity"]
    words = ""
    if heterogeneity["q"] is not None:
        words = (
            f" Cochran's Q {number(heterogeneity['q'], 1)} on {heterogeneity['df']} degrees of freedom, "
            f"p of Welch's F {p_value(heterogeneity['p'])}; I² {percent(heterogeneity['i2']['estimate'])}."
        )
    return interval_rows(
        rows,
        name=f"{key}-{variable}-forest",
        title=f"Bias by {variable}",
        caption=f"Judge minus consensus in points; p and q are of the difference to the rest.{words}",
        measure="points",
        series=("bias", "pooled"),
        reference=0.0,
        heads=("items", "p", "q"),
    )


def severity(criterion: str, fit: Mapping[str, Any] | None) -> str:
    """Points given more or fewer than an average physician."""
    if fit is None or fit["status"] != "ok":
        return ""
    rows = [
        Row(str(row["name"]), (mark("physician" if row["role"] == "rater" else "judge", row["points"]),))
        for key in ("raters", "judges")
        for row in fit[key]
    ]
    return interval_rows(
        rows,
        name=f"{criterion}-severity",
        title="Who gives more, who gives less",
        caption="Expected points more (right) or fewer (left) than an average physician gives the same answers, by the "
        "many-facet model.",
        measure="points",
        series=("judge", "physician"),
        reference=0.0,
    )
