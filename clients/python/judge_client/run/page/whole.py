"""Assembles the page from its sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_client.run.page.beside import beside
from judge_client.run.page.cases import failed_calls, invalid_replies, worst_cases
from judge_client.run.page.markup import facts, money, paragraph, section, sum_of, text
from judge_client.run.page.style import STYLE
from judge_client.run.page.tracks import choices, opens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.run.folder import RunFolder
    from judge_client.run.items import Dataset

_METHODS = """\
Micro: the mean over items, each counted once. Macro: the mean over the dimensions' means, each dimension \
counted once; items without a dimension are left out of it. They differ where dimensions differ in size.
Accuracy: right replies among all replies; a reply from which no option can be read is wrong. Its interval is \
Wilson's; where items share a picture, for the effective number of items: share × (1 − share) over the variance \
with pictures as clusters.
Means of points: a t interval; where items share a picture, with the variance of pictures as clusters. Macro \
means: the same, within dimensions. Nothing is resampled: the same run gives the same figures.
A call that failed, and an answer that the judge left without a score, are null. They are in no mean and stand \
beside it, each criterion's too, with their number and their share of the items reached. \
A total that lacks a criterion is in no mean of totals.
The option is read by the first rule that finds one: the whole reply is a letter; a line Answer: X; a boxed letter; \
a sentence that states an option; a line that is a letter; the label of an option at the beginning, where nothing \
behind it speaks against it. Two rules that find different letters, a letter that is denied or corrected, and options \
that are listed are no choice."""


def page(summary: Mapping[str, Any], data: Dataset, folder: RunFolder) -> str:
    """The page as one text."""
    settings = summary["settings"]
    title = f"{settings['model']} on {data.name}"
    parts = {
        "choices": choices(summary),
        "open": opens(summary),
        "published": beside(summary),
        "worst": worst_cases(summary, data, folder),
        "invalid": invalid_replies(summary, data, folder),
        "failed": failed_calls(summary),
        "methods": section("Methods", *map(paragraph, _METHODS.splitlines()), anchor="methods"),
    }
    names = {
        "choices": "Multiple choice",
        "open": "Open-ended",
        "published": "Published figures",
        "worst": "Worst cases",
        "invalid": "Replies without a choice",
        "failed": "Failed calls",
        "methods": "Methods",
    }
    links = " ".join(f'<a href="#{key}">{names[key]}</a>' for key, part in parts.items() if part)
    body = "\n".join(part for part in parts.values() if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        f'img-src data:"><title>{text(title)}</title><style>{STYLE}</style></head>\n<body>'
        f"<header><h1>{text(title)}</h1>{_lead(summary)}<nav>{links}</nav>{_warnings(summary)}{_facts(summary)}</header>\n"
        f"<main>{body}</main></body></html>\n"
    )


def _lead(summary: Mapping[str, Any]) -> str:
    instrument = summary["settings"]["instrument"]
    judged = ""
    if instrument:
        judged = (
            f"judged by {instrument['judge_model'] or instrument['judge_kind']} with {instrument['rubric']}, "
        )
    return paragraph(f"{judged}data set {summary['settings']['dataset'][:19]}…", "lead")


def _warnings(summary: Mapping[str, Any]) -> str:
    instrument = summary["settings"]["instrument"]
    words = []
    if instrument and not instrument["is_llm"]:
        words.append(
            "The judge of this run is no language model: it compares words by rule. Do not report its scores."
        )
    if len(summary["instruments"]) > 1:
        words.append(
            f"The scores come from {len(summary['instruments'])} different judges, prompts or modes: their mean is of "
            "no one measure."
        )
    words += summary["notes"]
    return "".join(paragraph(each, "warning") for each in words)


def _facts(summary: Mapping[str, Any]) -> str:
    calls, settings = summary["calls"], summary["settings"]
    modes = ", ".join(sorted({str(each["mode"]) for each in summary["instruments"]}))
    scores = ", ".join(f"{each['judge']} {each['scores']}" for each in summary["instruments"])
    return facts(
        [
            ("calls of the model, answered or failed", calls["model_calls"]),
            ("calls of the judge, answered or failed", calls["judge_calls"]),
            ("requests sent to the model, second tries among them", calls["model_requests"]),
            ("under way when the run was cut, may be paid", calls["under_way_when_cut"]),
            ("answers cut off at their longest length, scored as they are", calls["answers_cut_off"]),
            ("tokens the model read", sum_of(calls["input_tokens"])),
            ("tokens the model wrote", sum_of(calls["output_tokens"])),
            ("cost of the model", money(calls["model_cost_usd"], calls["model_cost_at_least_usd"])),
            ("cost of the judge", money(calls["judge_cost_usd"], calls["judge_cost_at_least_usd"])),
            ("scores by judge", scores or "none"),
            ("mode of the judge", modes or settings["mode"]),
            (
                "further fields of each request",
                ", ".join(f"{k} {v}" for k, v in settings["fields"].items()) or "none",
            ),
            ("wording of the prompts", f"our own, version {settings['prompts']}"),
        ]
    )
