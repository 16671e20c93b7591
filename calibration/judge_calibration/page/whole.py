"""Assembles the page from its sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.drawings.style import STYLE
from judge_calibration.page import figures, tables
from judge_calibration.page.checklist import checklist
from judge_calibration.page.correction import correction_part, coverage, escalation
from judge_calibration.page.further import anchors, further
from judge_calibration.page.markup import paragraph, section, text, told_scale, with_minus
from judge_calibration.page.methods import methods
from judge_calibration.page.physicians import first_page

if TYPE_CHECKING:
    from collections.abc import Mapping


def whole_page(report: Mapping[str, Any]) -> str:
    """The page as one text."""
    criteria = report["criteria"]
    parts = [first_page(report, figures.overview(report)), tables.flow(report)]
    parts += [_criterion(name, each, report) for name, each in criteria.items()]
    parts += further(report)
    parts += [methods(report), checklist(report)]
    study = report["study"]
    lead = (
        f"{study['n_items']} items, {len(criteria)} {'criterion' if len(criteria) == 1 else 'criteria'}; "
        f"study {study['digest'][:19]}…; judge_calibration {report['library']}"
    )
    places = [*((_anchor(name), name) for name in criteria), *anchors(report)]
    links = " ".join(f'<a href="#{text(anchor)}">{text(title)}</a>' for anchor, title in places)
    nav = f'<nav><a href="#verdicts">Verdicts</a> <a href="#flow">Flow</a> {links} <a href="#methods">Methods</a></nav>'
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Judge and physicians</title><style>{STYLE}</style></head>\n<body>"
        f'<header><h1>Judge and physicians</h1><p class="lead">{text(lead)}</p>{nav}</header>\n'
        f"<main>{body}</main></body></html>\n"
    )


def _anchor(name: str) -> str:
    return f"criterion-{name}"


def _criterion(name: str, each: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    profile = report["study"]["criteria"][name]
    people = [
        figures.use(name, each, profile),
        figures.overlap(name, profile),
        tables.raters(each),
        figures.severity(name, each["raters"]["severity"]),
        tables.severity(each["raters"]["severity"]),
    ]
    judges = [_judge(name, judge, told, each["scale"]) for judge, told in each["judges"].items()]
    return section(
        name,
        paragraph(f"Scale: {told_scale(each['scale'])}."),
        section("Physicians", *people, level=3),
        *judges,
        anchor=_anchor(name),
    )


def _judge(criterion: str, judge: str, told: Mapping[str, Any], scale: Mapping[str, Any]) -> str:
    key = f"{criterion}-{judge}"
    numeric = scale["kind"] != "nominal"
    forests = [
        figures.forest(key, variable, found["forest"])
        for variable, found in told["subgroups"].items()
        if found["forest"] and found["forest"]["rows"]
    ]
    parts = [
        paragraph(with_minus(told["verdict"]["sentence"]), kind="verdict"),
        figures.ceiling(key, told),
        tables.ceiling(told),
        figures.confusion(key, told, numeric=numeric),
        figures.differences(key, told) if numeric else "",
        figures.curve(key, scale, told) if numeric else "",
        tables.judge_statistics(told),
        figures.sweep(key, told),
        tables.per_rater(told, scale["kind"]),
        *forests,
        tables.subgroups(told, scale["kind"]),
        correction_part(told["correction"]),
        coverage(key, told["correction"]),
        escalation(key, told["correction"]),
        tables.influence(told),
    ]
    return section(f"Judge {judge}", *parts, level=3)
