"""OpenAI's graders where there is nothing to grade with: null, empty, too short, too wide. Never a reward."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from serving import Client, Reply, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXTS = {"input": "{{sample.output_text}}", "reference": "{{item.reference}}"}
SHOWN = [{"role": "user", "content": "{{item.reference}} {{sample.output_text}}"}]
TOP = {"kind": "scripted", "script": [{"levels": {"grade": "1", "*": 5}}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with serving({"default": {"kind": "embedded"}, "top": TOP}) as speaking:
        yield speaking


def checking(operation: str, **texts: str) -> dict[str, Any]:
    return {"type": "string_check", "name": "c", "operation": operation, **TEXTS, **texts}


def comparing(metric: str) -> dict[str, Any]:
    return {"type": "text_similarity", "name": "t", "evaluation_metric": metric, **TEXTS}


def scoring(model: str, **fields: Any) -> dict[str, Any]:
    return {"type": "score_model", "name": "g", "model": model, "input": SHOWN, **fields}


async def run(client: Client, grader: dict[str, Any], sample: str, reference: Any, **more: Any) -> Reply:
    body = {"grader": grader, "model_sample": sample, "item": {"reference": reference}, **more}
    return await client.post("/v1/fine_tuning/alpha/graders/run", json.dumps(body))


async def is_no_reward(
    client: Client, grader: dict[str, Any], sample: str, reference: Any, flag: str
) -> None:
    reply = await run(client, grader, sample, reference)
    assert (reply.status, reply.body.get("error", {}).get("code")) == (422, "not-scored"), reply.raw
    told = await run(client, grader, sample, reference, reward_on_failure=-1)
    assert (told.status, told.body["reward"]) == (200, -1)
    assert {name for name, value in told.body["metadata"]["errors"].items() if value} == {flag}


@pytest.mark.parametrize(
    "grader",
    [
        checking("eq"),
        checking("ne"),
        checking("ilike"),
        comparing("fuzzy_match"),
        scoring("top"),
        scoring("default/medical-qa"),
    ],
    ids=lambda grader: f"{grader['type']}-{grader.get('operation', grader.get('model', ''))}",
)
async def test_null_in_an_item_is_no_value(client: Client, grader: dict[str, Any]) -> None:
    await is_no_reward(client, grader, "null and void", None, "invalid_variable_error")


@pytest.mark.parametrize("sample", ['{"side": null}', '{"side": {}}'])
async def test_null_in_a_sample_is_no_value(client: Client, sample: str) -> None:
    place = "{{sample.output_json.side}}" if "null" in sample else "{{sample.output_json.side.x}}"
    await is_no_reward(client, checking("ne", input=place), sample, "left", "sample_parse_error")


@pytest.mark.parametrize("operation", ["eq", "ne", "like", "ilike"])
@pytest.mark.parametrize("reference", ["", " ", "\u200b", "\ufeff \u2060"])
async def test_an_empty_reference_is_in_every_text_and_says_nothing(
    client: Client, operation: str, reference: str
) -> None:
    await is_no_reward(client, checking(operation), "right", reference, "other_error")


async def test_a_grader_may_ask_whether_there_is_a_text(client: Client) -> None:
    for operation, sample, expected in (("ne", "right", 1), ("ne", "", 0), ("eq", "", 1)):
        told = await run(client, checking(operation, reference=""), sample, "x")
        assert (told.status, told.body["reward"]) == (200, expected)
    await is_no_reward(client, checking("like", reference=""), "right", "x", "other_error")


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        *((metric, "+++") for metric in ("bleu", "gleu", "rouge_1", "rouge_l")),
        ("fuzzy_match", "\u200b"),
        ("rouge_2", "pneumonia"),
        ("bleu", "lobar pneumonia, right"),
        ("rouge_5", "in the right lower"),
    ],
)
async def test_a_reference_too_short_to_compare_is_no_0(client: Client, metric: str, text: str) -> None:
    await is_no_reward(client, comparing(metric), text, text, "other_error")


async def test_what_is_long_enough_is_compared(client: Client) -> None:
    for metric, sample, reference, expected in (
        ("fuzzy_match", "+++", "+++", 1),
        ("rouge_2", "pneumonia", "lobar pneumonia", 0),
        ("rouge_2", "lobar pneumonia", "lobar pneumonia", 1),
        ("bleu", "lobar pneumonia", "lobar pneumonia, lower right", 0),
        ("bleu", "lobar pneumonia, lower right", "lobar pneumonia, lower right", 1),
    ):
        told = await run(client, comparing(metric), sample, reference)
        assert (told.status, told.body["reward"]) == (200, expected), metric


@pytest.mark.parametrize("model", ["top", "default/medical-qa"])
async def test_a_range_without_a_width_is_refused_and_a_wide_one_keeps_its_ends(
    client: Client, model: str
) -> None:
    said = "Right lower lobe pneumonia."
    wide = await run(client, scoring(model, range=[-1.7e308, 1.7e308]), said, said, reward_on_failure=0)
    assert (wide.status, wide.body["error"]["code"]) == (422, "malformed-body")
    if "/" in model:
        told = await run(client, scoring(model, range=[0, 1.7e308]), said, said)
        assert (told.status, told.body["reward"]) == (200, 1.7e308)


@pytest.mark.parametrize("top", [1e-320, 3e-9, 1e-5])
async def test_a_narrow_range_is_no_0_for_the_best_answer(client: Client, top: float) -> None:
    said = "Right lower lobe pneumonia."
    told = await run(client, scoring("default/medical-qa", range=[0, top]), said, said)
    assert (told.status, told.body["reward"]) == (200, top)


async def test_an_empty_sample_has_what_a_score_gives_it(client: Client) -> None:
    """The rubric's own level for a response without content; in a grader's words there is none."""
    case = {"rubric": "medical-qa", "case": {"response": "", "reference": "Pneumonia."}}
    scored = await client.post("/v1/scores", json.dumps(case))
    assert (scored.body["outcome"], scored.body["score"]) == ("scored", 0)
    told = await run(client, scoring("top/medical-qa"), "", "Pneumonia.")
    assert (told.status, told.body["reward"]) == (200, 0)
    await is_no_reward(client, scoring("top"), "", "Pneumonia.", "other_error")
