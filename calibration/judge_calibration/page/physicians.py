"""The first page, for physicians: what the study says in plain words, criterion by criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.page.markup import (
    NOT_OF_THIS_SCALE,
    facts,
    number,
    paragraph,
    percent,
    section,
    share_with_interval,
    text,
    with_interval,
    with_minus,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_USE = {
    "like_a_physician": "May stand in for one physician's rating on this criterion, on items like those of this study.",
    "worse_than_a_physician": "Do not use it in place of a physician's rating on this criterion.",
    "undetermined": "Not shown to be fit to stand in for a physician's rating",
    "no_ceiling": "Not shown to be fit to stand in for a physician's rating: no agreement among physicians "
    "stands beside it.",
}
_NEVER = "Never decide about a patient by a single score."


def first_page(report: Mapping[str, Any], overview: str) -> str:
    """Verdicts, one card per criterion and judge; `overview` is the figure that shows them all."""
    cards = [
        _card(criterion, judge, told, each["scale"]["kind"])
        for criterion, each in report["criteria"].items()
        for judge, told in each["judges"].items()
    ]
    if not cards:
        overview, cards = "", [paragraph("No judge was studied: physicians only.")]
    return section("What this study says", overview, *cards, anchor="verdicts")


def _card(criterion: str, judge: str, told: Mapping[str, Any], kind: str) -> str:
    verdict = told["verdict"]
    head = f"<h3>{text(criterion)} <span>judge {text(judge)}</span></h3>"
    parts = [
        head,
        paragraph(with_minus(verdict["sentence"]), kind="verdict"),
        facts(_facts(told, kind)),
        paragraph(f"{_use(told)} {_NEVER}", kind="use"),
    ]
    colour = "disputed" if _disputed(told) else verdict["standing"]
    return f'<article class="card {text(colour)}">{"".join(parts)}</article>'


def _use(told: Mapping[str, Any]) -> str:
    standing = told["verdict"]["standing"]
    if _disputed(told):
        rho = with_interval(told["statistics"]["alt_test_rho"])
        return (
            "Agrees like a physician on items like those of this study, and yet is not shown to stand in for one: the "
            f"alternative annotator test does not pass (ρ {rho})."
        )
    if standing != "undetermined":
        return _USE[standing]
    beside = told["ceiling"][0]["difference"]["ci"] if told["ceiling"] else None
    why = (
        "the interval is too wide, and more items have to be rated" if beside else "no interval can be given"
    )
    return f"{_USE[standing]}: {why}."


def _disputed(told: Mapping[str, Any]) -> bool:
    """Whether the ceiling speaks for the judge and the alternative annotator test does not."""
    return told["verdict"]["standing"] == "like_a_physician" and told["alt_test"]["passes"] is False


def _facts(told: Mapping[str, Any], kind: str) -> Iterator[tuple[str, object]]:
    statistics = told["statistics"]
    if kind == "interval":
        # A point is little on a continuous scale: a mean says more than the share of answers within one.
        yield "mean distance from the consensus in points", with_interval(statistics["mae"])
    elif statistics["within_1"]["estimate"] is not None:
        n = statistics["within_1"]["n_items"]
        for name, term in (
            ("within_1", "within one point of the consensus"),
            ("gross_error", "gross errors"),
        ):
            share = statistics[name]
            yield term, f"{share_with_interval(share)}, {round(share['estimate'] * n)} of {n} items"
    if statistics["agreement"]["reason"] != NOT_OF_THIS_SCALE:
        yield "same answer as a physician", share_with_interval(statistics["agreement"])
    if statistics["bias"]["estimate"] is not None:
        yield "bias in points", with_interval(statistics["bias"])
    yield from _single_score(told)
    weak = weakest(told["subgroups"], statistics["bias"]["estimate"])
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
        widths = {group: half for group, half in conformal["quantiles"].items() if group}
        groups = "".join(
            f"; {group} {'the whole scale' if half is None else f'± {number(half)}'}"
            for group, half in widths.items()
        )
        yield (
            f"{covers} interval of one score",
            f"± {number(width)} points around the corrected score{groups}",
        )
    found = correction.get("escalation")
    if found:
        bound = f"for at most {percent(found['alpha'])} errors, with confidence {percent(1 - found['delta'])}"
        share = "all" if found["kept_share"] is None else percent(1 - found["kept_share"])
        yield "to be rated by a physician", f"{share}, {bound}"


def weakest(subgroups: Mapping[str, Any], overall: float | None) -> str:
    """The subgroup whose bias passes that of all items by most; nothing where none does so beyond chance.

    `overall` is the bias on all items, in points. A difference to the rest says that two groups are not alike, and
    says the same of both: the weak one is that whose own bias is larger in size than everyone's. Beyond chance
    means that the interval of its own bias excludes 0 and that its difference to the rest has a q below 0.05, or
    a p where there is no q.
    """
    if overall is None:
        return ""
    found: list[tuple[float, str]] = []
    for variable, each in subgroups.items():
        forest = each["forest"]
        for row in forest["rows"] if forest else []:
            own, gap = row["estimate"], row["to_rest"]
            chance = gap["p"] if gap["q"] is None else gap["q"]
            if own["ci"] is None or chance is None or chance >= _CHANCE:
                continue
            if own["ci"]["low"] <= 0 <= own["ci"]["high"]:
                continue
            excess = abs(own["estimate"]) - abs(overall)
            if excess > 0:
                found.append(
                    (
                        excess,
                        f"{variable} {row['group']}: bias {with_interval(own)} on {row['n_items']} items",
                    )
                )
    return max(found)[1] + f", against {number(overall)} on all" if found else ""


_CHANCE = 0.05  # as below every table of q-values
