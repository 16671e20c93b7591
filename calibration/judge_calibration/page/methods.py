"""The methods paragraph, written from the options that were really used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.page.markup import listing, paragraph, section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TESTS = {"t": "one-sided t-tests", "wilcoxon": "Wilcoxon signed-rank tests", "sign_flip": "sign-flip tests"}
_CONSENSUS = {"mean": "mean", "median": "median", "mode": "most frequent value"}


def methods(report: Mapping[str, Any]) -> str:
    """Paragraphs for the methods section of a paper, and what identifies the computation."""
    options, study = report["options"], report["study"]
    parts = [paragraph(words) for words in _words(report)]
    marks = [
        f"library judge_calibration {report['library']}, report format {report['format']}",
        f"study {study['digest']}",
        f"seed {options['seed']}, {options['resamples']} resamples, level {options['level']:g}",
    ]
    return section("Methods", *parts, listing(marks, kind="marks"), anchor="methods")


def _words(report: Mapping[str, Any]) -> Iterator[str]:
    options, units = report["options"], report["units"]
    level = f"{100 * options['level']:g} %"
    yield (
        "Scores were compared on the scales that were declared for each criterion; no category was inferred from "
        f"the data. The consensus of an item is the {_CONSENSUS[options['consensus']]} of the ratings it has. "
        "Missing ratings were left out and nothing was imputed; answers of a judge without a score were counted "
        "by their outcome."
    )
    unit = "items" if units["are_items"] else f"{units['count']} clusters of items"
    if options["resamples"]:
        how = (
            f"jackknife intervals up to 100 units, on the arctanh scale for coefficients, and bias-corrected and "
            f"accelerated bootstrap intervals above ({options['resamples']} resamples of {unit}, one draw for all "
            "statistics)"
        )
    else:
        how = f"jackknife intervals over {unit}, on the arctanh scale for coefficients"
    yield (
        f"Intervals have level {level}: {how}; Wilson intervals for shares of items; F intervals for intraclass "
        "correlations, which are the only ones that speak for other physicians. All others take the physicians "
        "as they are. Intraclass correlations with missing cells come from variance components by fitting "
        "constants."
    )
    yield (
        "Coefficients between a judge and physicians were computed against each physician and averaged; binary "
        "criteria were pooled over labels. The human ceiling is the same figure among physicians, and for each "
        "physician against the mean of the others; the judge was compared with it on shared resamples, and "
        f"counts as agreeing like a physician when the interval of the difference lies above "
        f"−{options['ceiling_margin']:g}."
    )
    yield (
        f"The alternative annotator test used ε = {options['epsilon']:g} and {_TESTS[options['alt_test']]}, with "
        f"the Benjamini-Yekutieli procedure at {options['q']:g}; physicians with too few items were left out."
    )
