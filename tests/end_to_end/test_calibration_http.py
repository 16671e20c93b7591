"""Calibration over a real socket: studies in, reports and maps out, scores calibrated or stale."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from serving import REFERENCE, Client, serving
from studies import LEVELS, a_binary_document, a_document, a_nominal_document

from judge_service.api.calibration import samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

JUDGES: dict[str, Any] = {
    "default": {"kind": "embedded"},
    "fixed": {"kind": "scripted", "script": [{"levels": {"*": 4}}]},
}
ANSWERS = [
    "Right lower lobe pneumonia.",
    "Left lung pneumonia.",
    "I do not know.",
    "No pneumonia in the right lower lobe.",
    "Pneumonia, right lower lobe, treat with antibiotics.",
    "A fracture of the hip.",
]
ROOT = "/v1/calibration"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving(JUDGES) as speaking:
        yield speaking


async def post(client: Client, path: str, body: object, **headers: str) -> Any:
    return await client.post(f"{ROOT}/{path}", json.dumps(body), headers=headers)


async def scored(client: Client, judge: str = "default") -> list[dict[str, Any]]:
    """Answers of the service itself to six cases, three times each."""
    found = []
    for at in range(18):
        case = {"id": f"c{at}", "subgroups": {"modality": ("CT", "MR")[at % 2]}}
        reply = await client.score(ANSWERS[at % 6], judge=judge, case=case | {"reference": REFERENCE})
        found.append(reply.body)
    return found


def rated(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Physicians who give four fifths of the judge's total, with some spread."""
    rows = [
        {
            "item": score["case_id"],
            "criterion": "score",
            "rater": rater,
            "score": 0.8 * score["score"] + (at % 4) + extra,
        }
        for at, score in enumerate(scores)
        for rater, extra in (("A", 0), ("B", 6))
    ]
    return {
        "scales": {"score": {"kind": "interval", "low": 0, "high": 100}},
        "ratings": rows,
        "scores": scores,
    }


async def an_active_map(client: Client, **more: Any) -> dict[str, Any]:
    order = {"criterion": "score", "judge": "default", "method": "affine", "activate": True}
    reply = await post(client, "maps", rated(await scored(client)) | order | more)
    assert reply.status == 201, reply.raw
    found: dict[str, Any] = reply.body
    return found


async def test_a_study_is_kept_under_the_hash_of_its_content_and_forgotten_on_request(client: Client) -> None:
    first = await post(client, "studies", a_document())
    again = await post(client, "studies", a_document())
    assert first.status == 201
    assert first.body == again.body
    study_id = first.body["study_id"]
    assert first.headers["Location"] == f"{ROOT}/studies/{study_id}"
    assert (await client.get(f"{ROOT}/studies")).body == {"studies": [study_id], "has_more": False}
    assert (await client.get(f"{ROOT}/studies?after={study_id}")).body == {"studies": [], "has_more": False}
    assert (await client.get(f"{ROOT}/studies/{study_id}")).body["profile"] == first.body["profile"]
    other = (await post(client, "studies", a_document(items=9))).body["study_id"]
    page = (await client.get(f"{ROOT}/studies?limit=1")).body
    assert page == {"studies": [min(study_id, other)], "has_more": True}
    assert (await client.get(f"{ROOT}/maps?limit=1001")).status == 422
    assert (await client.get(f"{ROOT}/maps?limit=1")).body == {"maps": [], "has_more": False}
    assert (await client.send("DELETE", f"{ROOT}/studies/{study_id}")).status == 204
    assert (await client.get(f"{ROOT}/studies/{study_id}")).status == 404


async def test_csv_and_ndjson_are_the_same_study_as_json(client: Client) -> None:
    document = a_document(items=12, missing=0)
    lines = [{"criterion": "quality", "scale": LEVELS}, *document["ratings"], *document["judge_scores"]]
    ndjson = "\n".join(json.dumps(line) for line in lines)
    table = ["item,criterion,rater,judge,score"]
    table += [f"{row['item']},quality,{row['rater']},,{row['score']}" for row in document["ratings"]]
    table += [f"{row['item']},quality,,J,{row['score']}" for row in document["judge_scores"]]
    scales = json.dumps({"quality": LEVELS})
    replies = [
        await post(client, "studies", document),
        await client.send(
            "POST", f"{ROOT}/studies", data=ndjson, headers={"Content-Type": "application/x-ndjson"}
        ),
        await client.send(
            "POST",
            f"{ROOT}/studies",
            data="\n".join(table),
            params={"scales": scales},
            headers={"Content-Type": "text/csv"},
        ),
    ]
    assert [reply.status for reply in replies] == [201, 201, 201], replies[-1].raw
    assert len({reply.body["study_id"] for reply in replies}) == 1


@pytest.mark.parametrize("make", [a_document, a_binary_document, a_nominal_document])
async def test_a_kept_study_and_one_in_the_body_give_the_same_report(client: Client, make: Any) -> None:
    document = make()
    study_id = (await post(client, "studies", document)).body["study_id"]
    options = {"options": {"resamples": 50, "seed": 3}}
    kept, inline = [await post(client, "report", body | options) for body in ({"study": study_id}, document)]
    assert kept.status == inline.status == 200
    assert kept.body["criteria"] == inline.body["criteria"]


async def test_a_report_may_be_fetched_later_and_is_the_same_bytes(client: Client) -> None:
    body = a_document() | {"options": {"resamples": 50}}
    begun = await post(client, "report", body, Prefer="respond-async")
    assert begun.status == 202
    async with asyncio.timeout(30):
        place = begun.headers["Location"]
        while (fetched := await client.get(place)).status == 202:  # noqa: ASYNC110  it is found by looking
            await asyncio.sleep(0.02)
    waited = await post(client, "report", body, Prefer="wait=9, x-respond-async")
    assert (waited.status, waited.raw) == (200, fetched.raw)
    assert (await client.get(f"{ROOT}/reports/{'0' * 64}")).status == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("report", {"study": "sha256:0"}, 404, "study-not-found"),
        ("report", samples.REPORT | {"options": {"resamples": -1}}, 422, "option-rejected"),
        ("report", samples.REPORT | {"colour": 1}, 422, "option-rejected"),
        ("report", [], 422, "malformed-body"),
        ("maps", samples.FIT | {"study": a_document(items=3)}, 422, "option-rejected"),
        ("maps", {**samples.FIT, "study": a_document(items=3), "judge": "J"}, 422, "not-enough"),
        ("maps", samples.FIT | {"bind": {"judge": "nobody", "rubric": "med-cmr"}}, 404, "judge-not-found"),
        ("maps", samples.FIT | {"bind": {"judge": "default", "rubric": "none"}}, 404, "rubric-not-found"),
        ("maps", samples.FIT | {"activate": True}, 422, "map-rejected"),
        ("report", samples.REPORT | {"options": {"judges": []}}, 422, "option-rejected"),
        ("alt-test", samples.ALT_TEST | {"options": {"epsilon": 0.1}}, 422, "option-rejected"),
        ("maps/sha256:0/apply", samples.APPLY, 404, "map-not-found"),
        (
            "swap",
            {"judge_a": "a", "judge_b": "b", "rubric": "medical-qa", "cases": []},
            422,
            "malformed-body",
        ),
        ("plan/power", {"kind": "guess"}, 422, "option-rejected"),
    ],
)
async def test_a_mistake_is_a_problem_with_its_name(
    client: Client, path: str, body: object, status: int, name: str
) -> None:
    reply = await post(client, path, body)
    assert (reply.status, reply.kind) == (status, "application/problem+json"), reply.raw
    assert reply.body["type"].endswith(name)


RATING = {"item": "a", "criterion": "q", "rater": "r", "score": 1}
FOUR_ROWS = {"criteria": {"a": 1, "b": 1, "c": 1}}  # of a scoring answer, with its total


@pytest.mark.parametrize(
    ("tables", "status"),
    [
        ({"ratings": [RATING] * 100_001}, 413),
        ({"scores": [FOUR_ROWS] * 25_001}, 413),
        ({"ratings": [RATING] * 50_001, "scores": [FOUR_ROWS] * 12_500}, 413),
        ({"study": {"scores": [FOUR_ROWS] * 25_001}}, 413),
        ({"scores": [FOUR_ROWS] * 25_000}, 422),
    ],
    ids=["ratings", "answers", "both", "under study", "as many as may be"],
)
async def test_more_rows_than_are_worked_on_are_refused(
    client: Client, tables: dict[str, Any], status: int
) -> None:
    body = json.dumps({"scales": {"q": [0, 1]}} | tables).encode()
    assert (await client.post(f"{ROOT}/report", io.BytesIO(body))).status == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("alt-test", samples.ALT_TEST),
        ("compare", samples.COMPARE),
        ("swap", samples.SWAP),
        ("estimate", samples.ESTIMATE),
        ("drift", samples.DRIFT),
        ("equate", samples.EQUATE),
        ("audit", samples.AUDIT),
        ("plan/power", samples.POWER),
        ("plan/labels", samples.LABELS),
    ],
)
async def test_every_operation_answers_its_own_example(client: Client, path: str, body: object) -> None:
    first, again = await post(client, path, body), await post(client, path, body)
    assert first.status == 200, first.raw
    assert first.raw == again.raw


async def test_the_alternative_annotator_test_takes_options_as_the_others_do(client: Client) -> None:
    flat, nested = samples.ALT_TEST, {"study": samples.ALT_TEST["study"]}
    replies = [
        await post(client, "alt-test", body)
        for body in (flat, nested | {"options": {"epsilon": flat["epsilon"]}})
    ]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].raw == replies[1].raw


async def test_an_answer_that_was_refused_goes_through_a_map_without_a_number(client: Client) -> None:
    map_id = (await post(client, "maps", samples.FIT | {"folds": 2, "repeats": 1})).body["id"]
    row = {"score": None, "outcome": "refused", "item": "a1"}
    told = await post(client, f"maps/{map_id}/apply", {"scores": [row]})
    assert told.status == 200, told.raw
    (found,) = told.body["scores"]
    assert (found["raw"], found["calibrated"], found["status"]) == (None, None, "none")
    assert (found["outcome"], found["flags"]) == ("refused", ["no_score"])
    wrong = await post(client, f"maps/{map_id}/apply", {"scores": [{"score": 3}, {"score": "x"}]})
    assert [fault["pointer"] for fault in wrong.body["errors"]] == ["/scores/1/score"]


async def test_definitions_explain_every_figure(client: Client) -> None:
    found = (await client.get(f"{ROOT}/definitions")).body["definitions"]
    names = {each["name"] for each in found}
    assert {"icc_a1", "kappa_quadratic", "alt_test_omega", "ppi_mean"} <= names
    assert all(each["formula"] and each["source"] and each["means"] for each in found)


async def test_a_map_of_our_own_answers_calibrates_the_next_score(client: Client) -> None:
    assert (await client.score(ANSWERS[0])).body["calibrated"]["status"] == "none"
    found = await an_active_map(client)
    score = (await client.score(ANSWERS[0])).body
    assert score["calibrated"]["status"] == "calibrated"
    assert score["calibrated"]["map"] == found["id"]
    assert score["calibrated"]["score"] < score["score"] == 100.0
    interval = score["interval"]
    assert interval["low"] <= score["calibrated"]["score"] <= interval["high"]
    assert (interval["level"], interval["source"]) == (0.9, "conformal")
    plain = (await client.score(ANSWERS[0], calibration="none")).body
    assert plain["calibrated"]["status"] == "none"
    assert plain["interval"] is None
    assert plain["score"] == score["score"]


async def test_a_retired_map_calibrates_nothing_until_it_is_put_in_force_again(client: Client) -> None:
    found = await an_active_map(client)
    place = f"{ROOT}/maps/{found['id']}"
    for status, expected in (("retired", "none"), ("active", "calibrated")):
        changed = await client.send(
            "PATCH", place, data=json.dumps({"status": status}), headers={"Content-Type": "application/json"}
        )
        assert changed.status == 200
        assert (await client.score(ANSWERS[0])).body["calibrated"]["status"] == expected
    assert (await client.get(place)).body["status"] == "active"
    (row,) = [row for row in (await client.get(f"{ROOT}/maps")).body["maps"] if row["id"] == found["id"]]
    assert row["status"] == "active"


async def test_a_map_is_demanded_by_its_id_and_refused_for_another_instrument(client: Client) -> None:
    found = await an_active_map(client, activate=False)
    demanded = await client.score(ANSWERS[0], calibration=found["id"])
    assert demanded.body["calibrated"]["status"] == "calibrated"
    other = await client.score(ANSWERS[0], calibration=found["id"], judge="fixed")
    assert (other.status, other.body["type"].rpartition(":")[2]) == (409, "stale-map")
    unknown = await client.score(ANSWERS[0], calibration="sha256:" + "0" * 64)
    assert (unknown.status, unknown.body["type"].rpartition(":")[2]) == (404, "map-not-found")
    nonsense = await client.score(ANSWERS[0], calibration="latest")
    assert nonsense.status == 422


async def test_a_subgroup_that_was_not_studied_gets_no_number(client: Client) -> None:
    await an_active_map(client)
    case = {"subgroups": {"modality": "PET"}, "reference": REFERENCE}
    score = (await client.score(ANSWERS[0], case=case)).body
    assert score["calibrated"]["status"] == "out_of_domain"
    assert score["calibrated"]["score"] is None
    assert score["interval"] is None
    assert score["score"] == 100.0


async def test_a_map_of_one_criterion_calibrates_its_level(client: Client) -> None:
    scores = await scored(client)
    criterion = next(iter(scores[0]["criteria"]))
    ratings = [
        {
            "item": score["case_id"],
            "criterion": criterion,
            "rater": "A",
            "score": max(0, score["criteria"][criterion]["level"] - 1),
        }
        for score in scores
    ]
    order = {"criterion": criterion, "judge": "default", "method": "shift", "activate": True}
    fitted = await post(
        client, "maps", {"scales": {criterion: LEVELS}, "ratings": ratings, "scores": scores} | order
    )
    assert fitted.status == 201, fitted.raw
    told = (await client.score(ANSWERS[0])).body["calibrated"]
    assert told["status"] == "none"  # of the total there is no map
    assert told["criteria"][criterion]["status"] == "calibrated"
    assert told["criteria"][criterion]["value"] < 5


async def test_a_binding_by_configuration_needs_no_fingerprint_in_the_study(client: Client) -> None:
    study = rated(await scored(client))
    plain = {key: value for key, value in study.items() if key != "scores"}
    plain["judge_scores"] = [
        {"item": score["case_id"], "criterion": "score", "judge": "J", "score": score["score"]}
        for score in study["scores"]
    ]
    order = {
        "criterion": "score",
        "judge": "J",
        "activate": True,
        "bind": {"judge": "fixed", "rubric": "medical-qa"},
    }
    fitted = await post(client, "maps", plain | order)
    assert fitted.status == 201
    found = (await client.score(ANSWERS[0], judge="fixed")).body
    told, map_id = found["calibrated"], fitted.body["id"]
    applied = await post(client, f"maps/{map_id}/apply", {"scores": [{"score": found["score"]}]})
    assert (told["status"], told["map"]) == ("calibrated", map_id)
    assert told["score"] == applied.body["scores"][0]["calibrated"]


async def test_a_swap_scores_the_anchor_cases_with_both_judges(client: Client) -> None:
    cases = [{"id": f"c{at}", "response": ANSWERS[at % 6], "reference": REFERENCE} for at in range(24)]
    criterion = next(iter((await client.score()).body["criteria"]))
    ratings = [{"item": f"c{at}", "criterion": criterion, "rater": "A", "score": at % 6} for at in range(24)]
    body = {
        "judge_a": "default",
        "judge_b": "fixed",
        "rubric": "medical-qa",
        "cases": cases,
        "ratings": ratings,
    }
    reply = await post(client, "swap", body | {"threshold": {"score": 60}, "options": {"resamples": 0}})
    assert reply.status == 200, reply.raw
    assert reply.body["verdict"] in {"equivalent", "different", "inconclusive"}
    total = reply.body["criteria"]["score"]
    assert total["n_items"] == 24
    assert total["flips"]["now_pass"] + total["flips"]["now_fail"] > 0
    assert reply.body["criteria"][criterion]["n_rated"] == 24


async def test_a_swap_counts_what_a_judge_could_not_score(client: Client) -> None:
    cases = [{"id": f"c{at}", "response": ANSWERS[at % 6]} for at in range(12)]  # no reference
    body = {"judge_a": "default", "judge_b": "fixed", "rubric": "medical-qa", "cases": cases}
    told = (await post(client, "swap", body | {"options": {"resamples": 0}})).body
    lacking = {
        name: counts for name, counts in told["outcomes"]["default"].items() if "missing_input" in counts
    }
    assert lacking
    assert all(counts == {"missing_input": 12} for name, counts in lacking.items() if name != "score")
    assert set(told["not_compared"]) >= lacking.keys()
