"""The first page, for physicians: what the study says in plain words, criterion by criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.page.markup import (
    facts,
    number,
    paragraph,
    percent,
    section,
    share_with_interval,
    text,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_USE = {
    "like_a_physician": "May stand in for one physician's rating on this criterion, on items like those of this study.",
    "worse_than_a_physician": "Do not use it in place of a physician's rating on this criterion.",
    "undetermined": "Not shown to be fit to stand in for a physician's rating: more items have to be rated first.",
    "no_ceiling": "Not shown to be fit to stand in for a physician's rating: physicians were not compared.",
}
_NEVER = "Never decide about a patient by a single score."


def first_page(report: Mapping[str, Any], overview: str) -> str:
    """Verdicts, one card per criterion and judge; `overview` is the figure that shows them all."""
    cards = [
        _card(criterion, judge, told)
        for criterion, each in report["criteria"].items()
        for judge, told in each["judges"].items()
    ]
    if not cards:
        return section("What this study says", paragraph("No judge was studied: physicians only."))
    return section("What this study says", overview, *cards, anchor="verdicts")


def _card(criterion: str, judge: str, told: Mapping[str, Any]) -> str:
    verdict = told["verdict"]
    head = f"<h3>{text(criterion)} <span>judge {text(judge)}</span></h3>"
    parts = [
        head,
        paragraph(verdict["sentence"], kind="verdict"),
        facts(_facts(told)),
        paragraph(
            " ".join((_USE[verdict["standing"]], _limits(told), _NEVER)).replace("  ", " "), kind="use"
        ),
    ]
    return f'<article class="card {text(verdict["standing"])}">{"".join(parts)}</article>'


def _facts(told: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    statistics = told["statistics"]
    if statistics["within_1"]["estimate"] is not None:
        n = statistics["within_1"]["n_items"]
        for name, term in (
            ("within_1", "within one point of the consensus"),
            ("gross_error", "gross errors"),
        ):
            share = statistics[name]
            yield term, f"{share_with_interval(share)}, {round(share['estimate'] * n)} of {n} items"
    yield "same answer as a physician", share_with_interval(statistics["agreement"])
    if statistics["bias"]["estimate"] is not None:
        yield "bias in points", with_interval(statistics["bias"])
    yield from _single_score(told)
    weak = weakest(told["subgroups"])
    if weak:
        yield "where it fails most", weak
    outcomes = told["outcomes"]
    if outcomes["unscored_share"]:
        yield "no score", f"{percent(outcomes['unscored_share'], 1)} of {outcomes['rows']} answers"


def _single_score(told: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    correction = told["correction"]
    conformal = correction.get("conformal") if correction else None
    if conformal is None:
        return
    width = conformal["half_width"]
    covers = percent(1 - conformal["alpha"])
    if width is None:
        yield f"{covers} interval of one score", "the whole scale: too few items"
    else:
        yield f"{covers} interval of one score", f"± {number(width)} points around the corrected score"
    if correction.get("escalation"):
        share = correction["escalation"]["kept_share"]
        told_share = "all: no share can be kept with this guarantee" if share is None else percent(1 - share)
        yield "to be rated by a physician", told_share


def weakest(subgroups: Mapping[str, Any]) -> str:
    """The subgroup whose difference to the rest is clearest, if its interval excludes zero after correction."""
    found: list[tuple[float, str]] = []
    for variable, each in subgroups.items():
        forest = each.get("forest")
        for row in forest["rows"] if forest else []:
            gap = row["to_rest"]
            q = gap.get("q") if gap.get("q") is not None else gap.get("p")
            if gap.get("estimate") is not None and q is not None and q < 0.05:  # noqa: PLR2004  as its table says
                direction = "higher" if gap["estimate"] > 0 else "lower"
                size = number(abs(gap["estimate"]))
                found.append(
                    (
                        -abs(gap["estimate"]),
                        f"{variable} {row['group']}: {size} points {direction} than on the rest",
                    )
                )
    return min(found)[1] if found else ""


def _limits(told: Mapping[str, Any]) -> str:
    test = told["alt_test"]
    if test["omega"] is None:
        return ""
    low = told["statistics"]["alt_test_rho"]
    if told["verdict"]["standing"] == "like_a_physician" and test["passes"] is False:
        return f"The alternative annotator test does not support this (ρ {with_interval(low)}): read both."
    return ""
