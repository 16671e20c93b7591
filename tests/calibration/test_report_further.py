"""What a report holds on request is what the operations of the same names answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from studies import a_document, a_nominal_document

import judge_calibration
from judge_calibration.errors import OptionRejected
from judge_calibration.operations import run
from judge_calibration.operations.further import PARTS
from judge_calibration.page import page

OPTIONS = {"resamples": 50, "seed": 3}


def document(judges: tuple[str, ...] = ("J", "K")) -> dict[str, Any]:
    found = a_document(items=90, judges=judges)
    found["items"] = [
        {
            "item": f"i{at:03d}",
            "subgroups": {"model_family": ("a", "b", "c")[at % 3]},
            "covariates": {"answer_tokens": 50 + 7 * (at % 13)},
        }
        for at in range(90)
    ]
    return found


def report(given: dict[str, Any], *include: str) -> dict[str, Any]:
    study = judge_calibration.study_from(given)
    return run("report", study, {"options": OPTIONS, "include": list(include)})


def test_each_part_is_what_its_operation_answers() -> None:
    study = judge_calibration.study_from(document())
    found = report(document(), *PARTS)
    compared = run("compare", study, {"judge_a": "J", "judge_b": "K", "options": OPTIONS})
    assert found["comparisons"]["pairs"] == [{name: compared[name] for name in ("judges", "criteria")}]
    for judge in ("J", "K"):
        audited = run("audit", study, {"judge": judge, "options": OPTIONS})
        assert found["audits"][judge] == audited["criteria"]
        means = run("estimate", study, {"criterion": "quality", "judge": judge, "seed": 3})
        assert means | found["means"]["quality"][judge] == means
        assert [row["model"] for row in means["models"]] == ["a", "b", "c"]


def test_a_report_holds_only_what_was_asked_for_and_the_rest_stays_the_same() -> None:
    plain = report(document())
    assert not set(PARTS) & set(plain)
    assert report(document(), "audits") == plain | {"audits": report(document(), *PARTS)["audits"]}
    assert plain == judge_calibration.report(judge_calibration.study_from(document()), OPTIONS)


def test_a_part_that_is_none_is_named() -> None:
    with pytest.raises(OptionRejected, match="'verdicts' is not known"):
        report(document(), "audits", "verdicts")


def test_many_judges_are_not_compared_without_a_word() -> None:
    found = report(document(judges=("J1", "J2", "J3", "J4", "J5")), "comparisons")["comparisons"]
    assert len(found["pairs"]) == 6
    assert found["not_compared"] == ["J5"]


def test_judges_without_a_common_item_are_not_compared() -> None:
    apart = document()
    apart["judge_scores"] = [
        row for row in apart["judge_scores"] if (row["judge"] == "J") == (row["item"] < "i045")
    ]
    found = report(apart, "comparisons")
    assert found["comparisons"] == {"pairs": [], "not_compared": []}
    assert "No two judges scored the same items." in page(found)


@pytest.mark.parametrize(
    "given",
    [
        a_nominal_document(),
        document() | {"judge_scores": []},
        document() | {"ratings": []},
        a_document(items=2, judges=("J", "K")),
    ],
    ids=["nominal", "no judge", "no rating", "two items"],
)
def test_whatever_there_is_can_be_asked_for(given: dict[str, Any]) -> None:
    found = report(given, *PARTS)
    assert set(PARTS) <= set(found)
    json.dumps(found, allow_nan=False)
    assert "NaN" not in page(found)


def test_more_models_than_can_be_compared_have_no_means() -> None:
    many = a_document(items=150)
    many["items"] = [{"item": f"i{at:03d}", "subgroups": {"model_family": f"m{at}"}} for at in range(150)]
    assert report(many, "means")["means"] == {}


def test_the_page_tells_each_part_once() -> None:
    text = page(report(document(), *PARTS))
    for title in ("Judges compared", "Bias audits", "Means of models"):
        assert text.count(f"<h2>{title}</h2>") == 1
    assert "<h2>Bias audits</h2>" not in page(report(document()))
