"""The report's call as statisticians' scripts send it, over a real socket, in every form that it may have."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from serving import Client, Reply, serving

from judge_calibration.operations import further
from judge_service.api.calibration.orders import PARTS, Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Word for word as the call was promised, but for the rows, of which it shows one each.
OPTIONS: dict[str, Any] = {"resamples": 2000, "seed": 7, "epsilon": 0.2, "cluster_by": None, "subgroups": []}
PROMISED: dict[str, Any] = {
    "scales": {"quality": [0, 1, 2, 3, 4, 5]},
    "ratings": [{"item": "1", "criterion": "quality", "rater": "A", "score": 3}],
    "judge_scores": [{"item": "1", "criterion": "quality", "judge": "J", "score": 4}],
    "options": OPTIONS,
}
FIELDS = {
    *("name", "label", "aliases", "estimate", "ci", "n_items", "n_ratings", "n_raters"),
    *("status", "reason", "notes", "definition"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with serving() as speaking:
        yield speaking


def a_study(
    *, items: int = 40, raters: str = "ABC", judges: str = "J", options: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Deterministic ratings between 0 and 5 that mostly agree."""
    rows = [(f"{at}", (at * 7) % 6) for at in range(items)]
    return {
        "scales": {"quality": [0, 1, 2, 3, 4, 5]},
        "ratings": [
            {
                "item": item,
                "criterion": "quality",
                "rater": rater,
                "score": min(5, level + ((at + k) % 4 == 0)),
            }
            for at, (item, level) in enumerate(rows)
            for k, rater in enumerate(raters)
        ],
        "judge_scores": [
            {
                "item": item,
                "criterion": "quality",
                "judge": judge,
                "score": max(0, level - ((at + k) % 3 == 0)),
            }
            for at, (item, level) in enumerate(rows)
            for k, judge in enumerate(judges)
        ],
        "options": {"resamples": 100, "seed": 7} if options is None else options,
    }


async def reported(client: Client, body: dict[str, Any], **headers: str) -> Reply:
    return await client.post("/v1/calibration/report", json.dumps(body), headers=headers)


async def quality(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    reply = await reported(client, body)
    assert reply.status == 200, reply.raw
    found: dict[str, Any] = reply.body["criteria"]["quality"]
    return found


def statistics(told: Any) -> list[dict[str, Any]]:
    """Every statistic anywhere in an answer."""
    if isinstance(told, dict):
        own = [told] if told.keys() >= FIELDS else []
        return own + [each for value in told.values() for each in statistics(value)]
    return [each for value in told for each in statistics(value)] if isinstance(told, list) else []


def check_honesty(told: Any) -> None:
    """A number or a reason why there is none; an interval only where nothing speaks against it."""
    found = statistics(told)
    assert found
    for each in found:
        assert (each["estimate"] is None) == (each["status"] == "undefined"), each
        assert (each["reason"] is None) == (each["status"] == "ok"), each
        assert each["ci"] is None or each["status"] == "ok", each


async def test_the_call_as_it_was_promised_is_answered(client: Client) -> None:
    reply = await reported(client, PROMISED)
    assert reply.status == 200, reply.raw
    told = reply.body["criteria"]["quality"]
    assert {"icc_a1", "alpha_ordinal"} <= told["raters"]["statistics"].keys()
    judge = told["judges"]["J"]
    assert {"kappa_quadratic", "alt_test_omega"} <= judge["statistics"].keys()
    assert [row["rater"] for row in judge["per_rater"]] == ["A"]
    check_honesty(reply.body)


async def test_every_option_has_a_default_and_is_told(client: Client) -> None:
    reply = await reported(client, {key: value for key, value in a_study().items() if key != "options"})
    assert reply.body["options"] == Options().model_dump()


async def test_the_same_call_gives_the_same_bytes_and_the_order_of_rows_says_nothing(client: Client) -> None:
    body = a_study(options=OPTIONS)
    first = await reported(client, body)
    assert (await reported(client, body)).raw == first.raw
    body["ratings"].reverse()
    again = await reported(client, body)
    assert again.body["study"]["digest"] == first.body["study"]["digest"]
    other = await reported(client, body | {"options": OPTIONS | {"seed": 8}})
    assert other.raw != first.raw


async def test_without_judges_physicians_are_compared_among_themselves(client: Client) -> None:
    without: list[dict[str, Any]] = [{"judge_scores": []}, {}]
    for empty in without:
        body = {key: value for key, value in a_study().items() if key != "judge_scores"} | empty
        told = await quality(client, body)
        assert told["judges"] == {}
        assert told["raters"]["statistics"]["alpha_ordinal"]["estimate"] > 0.8


async def test_two_raters_suffice_for_pairs(client: Client) -> None:
    told = await quality(client, a_study(raters="AB"))
    (pair,) = told["raters"]["pairs"]
    mean = told["raters"]["statistics"]["kappa_quadratic"]["estimate"]
    assert pair["statistics"]["kappa_quadratic"]["estimate"] == pytest.approx(mean)


async def test_one_rater_leaves_the_judge_comparable_and_people_not(client: Client) -> None:
    told = await quality(client, a_study(raters="A"))
    alpha = told["raters"]["statistics"]["alpha_ordinal"]
    assert (alpha["estimate"], alpha["reason"]) == (None, "single_rater")
    assert told["judges"]["J"]["statistics"]["kappa_quadratic"]["estimate"] > 0.8
    assert told["judges"]["J"]["statistics"]["alt_test_omega"]["estimate"] is None


async def test_no_resamples_leave_analytic_intervals(client: Client) -> None:
    told = await quality(client, a_study(options={"resamples": 0}))
    kappa = told["judges"]["J"]["statistics"]["kappa_quadratic"]
    assert "jackknife" in kappa["ci"]["method"]


async def test_3_0_is_3(client: Client) -> None:
    body = a_study(options={"resamples": 0})
    exact = copy.deepcopy(body)
    for row in (*exact["ratings"], *exact["judge_scores"]):
        row["score"] = float(row["score"])
    assert (await reported(client, body)).raw == (await reported(client, exact)).raw


async def test_what_a_judge_did_not_score_is_counted_and_never_dropped(client: Client) -> None:
    body = a_study()
    body["judge_scores"][0] |= {"score": None, "outcome": "refused"}
    body["judge_scores"][1] |= {"score": None, "outcome": "unparsable"}
    told = await quality(client, body)
    assert told["judges"]["J"]["outcomes"]["counts"] == {"scored": 38, "refused": 1, "unparsable": 1}
    body["judge_scores"][2] |= {"score": None}
    refused = await reported(client, body)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/judge_scores/2/outcome")


async def test_what_belongs_to_items_is_carried(client: Client) -> None:
    items = [
        {
            "item": str(at),
            "cluster": f"q{at % 10}",
            "subgroups": {"modality": ("CT", "MR")[at % 2]},
            "covariates": {"answer_tokens": 100 + at},
        }
        for at in range(40)
    ]
    reply = await reported(client, a_study() | {"items": items})
    assert reply.status == 200, reply.raw
    assert (reply.body["units"]["count"], reply.body["units"]["are_items"]) == (10, False)
    assert "modality" in reply.body["criteria"]["quality"]["judges"]["J"]["subgroups"]


async def test_binary_criteria_are_pooled(client: Client) -> None:
    body = a_study()
    body["scales"] = {"quality": {"kind": "binary"}}
    for row in (*body["ratings"], *body["judge_scores"]):
        row["score"] = row["score"] >= 3
    told = await quality(client, body)
    named = {"agreement", "f1_met", "f1_unmet", "balanced_f1", "kappa_unweighted"}
    assert named <= told["judges"]["J"]["statistics"].keys()
    assert told["judges"]["J"]["statistics"]["agreement"]["n_ratings"] == 120


async def test_nominal_criteria_take_words(client: Client) -> None:
    words = ["supported", "silent", "contradicted"]
    body = a_study()
    body["scales"] = {"quality": {"kind": "nominal", "values": words}}
    for row in (*body["ratings"], *body["judge_scores"]):
        row["score"] = words[row["score"] % 3]
    told = await quality(client, body)
    assert told["judges"]["J"]["statistics"]["kappa_unweighted"]["estimate"] is not None
    assert told["raters"]["statistics"]["alpha_nominal"]["estimate"] is not None


async def test_perfect_agreement_is_one(client: Client) -> None:
    body = a_study()
    truth = {row["item"]: int(row["item"]) % 6 for row in body["ratings"]}
    for row in (*body["ratings"], *body["judge_scores"]):
        row["score"] = truth[row["item"]]
    told = await quality(client, body)
    for name in ("kappa_quadratic", "pearson", "ccc", "gwet_ac2"):
        assert told["judges"]["J"]["statistics"][name]["estimate"] == pytest.approx(1)


@pytest.mark.parametrize("items", [1, 2, 3])
async def test_hardly_any_items_give_reasons_and_no_failure(client: Client, items: int) -> None:
    told = await quality(client, a_study(items=items))
    check_honesty(told)
    assert told["judges"]["J"]["statistics"]["pearson"]["ci"] is None


async def test_constant_ratings_have_no_correlation(client: Client) -> None:
    body = a_study()
    for row in body["ratings"]:
        row["score"] = 3
    told = await quality(client, body)
    pearson = told["judges"]["J"]["statistics"]["pearson"]
    assert (pearson["estimate"], pearson["reason"]) == (None, "constant_input")


async def test_every_row_at_fault_is_told_by_its_number(client: Client) -> None:
    body = a_study()
    body["ratings"][17]["score"] = 9
    body["ratings"][18] = {**body["ratings"][17], "score": 3}
    body["judge_scores"][3]["score"] = "4"
    reply = await reported(client, body)
    assert (reply.status, reply.kind) == (422, "application/problem+json")
    assert reply.body["type"] == "urn:judge-service:problem:study-rejected"
    told = {fault["pointer"]: fault["detail"] for fault in reply.body["errors"]}
    assert told["/ratings/17/score"].startswith("row 18: ")
    assert told["/judge_scores/3/score"].startswith("row 4: ")
    assert reply.body["detail"].startswith(f"{len(told)} rows are at fault")


async def test_of_very_many_faults_a_hundred_are_told(client: Client) -> None:
    body = a_study(items=200)
    for row in body["ratings"]:
        row["score"] = 9
    reply = await reported(client, body)
    assert len(reply.body["errors"]) == 100
    assert reply.body["detail"].startswith("600 rows are at fault")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=0.2, application/json", "application/json"),
        ("application/json;q=0.2, text/html", "text/html"),
        ("text/html, application/json", "text/html"),
        ("text/html;q=0", "application/json"),
        ("text/html;q=x", "text/html"),
    ],
)
async def test_the_page_is_for_those_who_want_it_first(client: Client, accept: str, kind: str) -> None:
    reply = await reported(client, a_study(options={"resamples": 0}), Accept=accept)
    assert (reply.status, reply.kind) == (200, kind)
    assert reply.raw.startswith(b"<!doctype html>" if kind == "text/html" else b"{")


async def test_a_page_holds_every_part_unless_the_body_says_which(client: Client) -> None:
    body = a_study(options={"resamples": 0})
    parts = {f'id="{part}"' for part in PARTS}
    for include, held in ((None, parts), ([], set()), (["audits"], {'id="audits"'})):
        page = await reported(client, body | {"include": include}, Accept="text/html")
        assert {part for part in parts if part in page.raw.decode()} == held


async def test_data_holds_the_parts_that_the_body_names(client: Client) -> None:
    body = a_study(options={"resamples": 0})
    assert PARTS == further.PARTS
    plain = (await reported(client, body)).body
    assert not set(PARTS) & set(plain)
    asked = (await reported(client, body | {"include": ["means", "comparisons"]})).body
    assert set(asked) - set(plain) == {"means", "comparisons"}
    reply = await reported(client, body | {"include": ["verdicts"]})
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/include")
