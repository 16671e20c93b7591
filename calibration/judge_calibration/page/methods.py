"""The methods section, written from the options that were used and from what the report holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.agreement.alternative_annotator import least_items
from judge_calibration.page.limits import limits
from judge_calibration.page.markup import listing, paragraph, section, told_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TESTS = {"t": "one-sided t-tests", "wilcoxon": "Wilcoxon signed-rank tests", "sign_flip": "sign-flip tests"}
_CONSENSUS = {
    "mean": "mean of the ratings it has",
    "median": "median of the ratings it has",
    "mode": "most frequent of its ratings, and none where two tie",
}


def methods(report: Mapping[str, Any]) -> str:
    """Paragraphs for the methods section of a paper, and what identifies the computation."""
    options, study = report["options"], report["study"]
    judged = any(each["judges"] for each in report["criteria"].values())
    parts = [
        paragraph(f"{_scales(report)} {_consensus(report)} {_gaps(report)}"),
        limits(report),
        paragraph(_reliability(report)),
        *((paragraph(_ceiling(report)), paragraph(_alternative(options))) if judged else ()),
        *(paragraph(words) for words in (*_further(report), *_on_request(report))),
        paragraph(_assumptions(report)),
    ]
    marks = [
        f"library judge_calibration {report['library']}, report format {report['format']}",
        f"study {study['digest']}",
        f"seed {options['seed']}, {options['resamples']} resamples, level {options['level']:g}",
    ]
    return section("Methods", *parts, listing(marks, kind="marks"), anchor="methods")


def _scales(report: Mapping[str, Any]) -> str:
    """Every scale once, with the criteria that are on it."""
    by_scale: dict[str, list[str]] = {}
    for name, each in report["criteria"].items():
        by_scale.setdefault(told_scale(each["scale"]), []).append(name)
    told = "; ".join(f"{', '.join(names)}: {scale}" for scale, names in by_scale.items())
    return f"Scores were compared on the scales declared for them ({told}); no category was inferred from the data."


def _consensus(report: Mapping[str, Any]) -> str:
    """What each kind of scale really had: words have a mode only, and a continuous scale a mean only."""
    asked = report["options"]["consensus"]
    kinds: dict[str, list[str]] = {}
    for each in report["criteria"].values():
        kind = each["scale"]["kind"]
        how = {"nominal": "mode", "interval": "mean"}.get(kind, asked)
        if kind not in kinds.setdefault(how, []):
            kinds[how].append(kind)
    told = "; ".join(
        _CONSENSUS[how] + (f" ({' and '.join(named)} scales)" if len(kinds) > 1 else "")
        for how, named in kinds.items()
    )
    return f"The consensus of an item is the {told}."


def _gaps(report: Mapping[str, Any]) -> str:
    raters = {name for each in report["study"]["criteria"].values() for name in each["raters"]}
    said = f"Missing ratings of the {len(raters)} physicians were left out and nothing was imputed"
    return f"{said}; answers of a judge without a score were counted by their outcome."


def _reliability(report: Mapping[str, Any]) -> str:
    kinds = {each["scale"]["kind"] for each in report["criteria"].values()}
    said = "Coefficients of physicians among themselves are means over the pairs who share items"
    said += "; those of binary criteria are pooled over labels instead." if "binary" in kinds else "."
    if kinds != {"nominal"}:
        said += (
            " Intraclass correlations come from variance components by fitting constants (Henderson 1953), also "
            "where cells are missing."
        )
    return said


def _ceiling(report: Mapping[str, Any]) -> str:
    return (
        "Coefficients between a judge and physicians were computed against each physician and averaged. The human "
        "ceiling is the same figure among physicians, and for each physician against the mean of the others, on the "
        "same items. A judge counts as agreeing like a physician when the interval of its difference to that ceiling "
        f"lies above −{report['options']['ceiling_margin']:g}, as worse when it lies below zero and reaches past that."
    )


def _alternative(options: Mapping[str, Any]) -> str:
    test = options["alt_test"]
    return (
        f"The alternative annotator test used ε = {options['epsilon']:g} and {_TESTS[test]} for every physician with "
        f"at least {least_items(test)} items, with the Benjamini-Yekutieli procedure at {options['q']:g}; it passes "
        "when the judge can stand in for half of them."
    )


def _further(report: Mapping[str, Any]) -> Iterator[str]:
    """What only some reports have: subgroups, severities, maps."""
    judges = [told for each in report["criteria"].values() for told in each["judges"].values()]
    forests = [found["forest"] for told in judges for found in told["subgroups"].values() if found["forest"]]
    if forests:
        yield (
            "Bias by subgroup is the mean of judge minus consensus; p is of the difference to all other items, and q "
            "holds the false discovery rate over the groups of one variable (Benjamini and Hochberg 1995). Whether "
            "groups differ at all is Cochran's Q with the p-value of Welch's F (Welch 1951), for the groups' errors "
            "are estimates, with I² and a random-effects mean (DerSimonian and Laird 1986)."
        )
    if any(each["raters"]["severity"] for each in report["criteria"].values()):
        yield (
            "Severities are of the many-facet rating-scale model (Andrich 1978, Linacre 1989) by marginal maximum "
            "likelihood, those of the physicians summing to zero."
        )
    corrections = [told["correction"] for told in judges if told["correction"]]
    if corrections:
        missed = f"{100 * report['options']['alpha']:g} %"
        yield (
            "Maps from a judge's score to the expected consensus were chosen by cross-validation that held clusters "
            "out whole: the simplest whose squared error passes the least by at most one standard error of the "
            f"difference. The interval of a single score is split conformal, made to miss {missed} of consensuses; "
            "errors and coverage are of items that the map and the interval had not seen."
        )


def _on_request(report: Mapping[str, Any]) -> Iterator[str]:
    """Judges compared, audits and means, where the report holds them."""
    if report.get("comparisons", {}).get("pairs"):
        yield (
            "Two judges were compared on the items that both scored, on shared resamples; their correlations with the "
            "consensus by Williams' test (1959) where items are independent, scores and errors by sign flips over "
            "units. q holds the false discovery rate over all criteria and tests of a pair (Benjamini and Hochberg "
            "1995)."
        )
    if report.get("audits"):
        yield (
            "Audits model the difference judge minus consensus, with CR2 errors over clusters: its change with the "
            "length of the answer per doubling, and between groups as it is, at equal quality (errors in variables) "
            "and in slope; on ordered scales also by likelihood ratios of cumulative logits. q-values are over "
            "groups and criteria."
        )
    if report.get("means"):
        yield (
            "Means of models are prediction-powered (Angelopoulos, Duchi and Zrnic 2023): the mean of the labels, "
            "moved by what the judge says of items without one. They assume that labels are a random sample of a "
            "model's answers."
        )


def _assumptions(report: Mapping[str, Any]) -> str:
    judges = [told for each in report["criteria"].values() for told in each["judges"].values()]
    kinds = {each["scale"]["kind"] for each in report["criteria"].values()}
    unit = "items" if report["units"]["are_items"] else "clusters of items"
    said = (
        f"Assumed, and not to be checked by any of these computations: that the {unit} are a random sample of those "
        "the judge will score, and independent of one another; that a rating is missing at random given its item; "
        "that physicians rated without knowing the judge's scores or each other's. Physicians are taken as they are, "
        "so that intervals do not speak for others, but for those from the F distribution."
    )
    if judges and kinds - {"nominal"}:
        said += (
            " Limits of agreement assume differences of constant spread that are nearly normal: on a short scale the "
            "shares beside them say more."
        )
    if any(told["correction"] for told in judges):
        said += " Intervals of single scores assume that new items are exchangeable with those of this study."
    return said
