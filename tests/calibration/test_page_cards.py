"""The first page's cards: colour, words and figures follow the report, case by case."""

from __future__ import annotations

import re
from typing import Any

from studies import a_document, with_subgroups

import judge_calibration
from judge_calibration.operations import run
from judge_calibration.operations.further import PARTS
from judge_calibration.page import figures, page


def cards(report: dict[str, Any]) -> list[str]:
    return re.findall(r'<article class="card .*?</article>', page(report), re.DOTALL)


def a_report(document: dict[str, Any], **options: Any) -> dict[str, Any]:
    study = judge_calibration.study_from(document)
    return run("report", study, {"options": {"resamples": 20, "seed": 1} | options, "include": list(PARTS)})


def test_a_card_is_not_green_where_the_alternative_annotator_test_fails() -> None:
    report = a_report(a_document())
    told = report["criteria"]["quality"]["judges"]["J"]
    told["verdict"]["standing"] = "like_a_physician"
    for passes, colour, said in (
        (True, "like_a_physician", "May stand in for one physician"),
        (False, "disputed", "the alternative annotator test does not pass (ρ "),
    ):
        told["alt_test"]["passes"] = passes
        (card,) = cards(report)
        assert card.startswith(f'<article class="card {colour}">')
        assert said in card
        assert ("May stand in" in card) == passes


def test_more_items_are_asked_for_only_where_an_interval_is_too_wide() -> None:
    report = a_report(a_document())
    told = report["criteria"]["quality"]["judges"]["J"]
    told["verdict"]["standing"] = "undetermined"
    assert "more items have to be rated" in cards(report)[0]
    told["ceiling"][0]["difference"]["ci"] = None
    assert "no interval can be given" in cards(report)[0]
    assert "more items" not in cards(report)[0]


def test_a_card_names_the_guarantee_and_every_groups_interval() -> None:
    report = a_report(with_subgroups(a_document(items=200)))
    (card,) = cards(report)
    correction = report["criteria"]["quality"]["judges"]["J"]["correction"]
    for group in ("CT", "MR"):
        assert f"; {group} ± {correction['conformal']['quantiles'][group]:.2f}" in card
    assert "for at most 10 % errors, with confidence" in card


def test_a_map_is_drawn_over_the_scores_that_it_was_fitted_on() -> None:
    document = a_document(items=120)
    for row in document["judge_scores"]:
        row["score"] = min(4, max(1, row["score"]))
    report = a_report(document)
    correction = report["criteria"]["quality"]["judges"]["J"]["correction"]
    assert (correction["domain"], correction["knots"][0][0], correction["knots"][-1][0]) == ([1, 4], 0, 5)
    seen = figures.seen(correction)
    assert (seen[0][0], seen[-1][0]) == (1, 4)
    assert [y for _, y in seen] == sorted(y for _, y in seen)


def test_means_of_labelled_items_are_told_without_a_figure() -> None:
    document = a_document()
    for most, whole in (("i999", True), ("i030", False)):
        rated = [row for row in document["ratings"] if row["item"] < most]
        items = {row["item"] for row in rated}
        scores = [row for row in document["judge_scores"] if row["item"] in items or not whole]
        text = page(a_report(document | {"ratings": rated, "judge_scores": scores}))
        assert ("labels and judge is labels alone" in text) == whole
        assert ("quality-J-means" in text) != whole
