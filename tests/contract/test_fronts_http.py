"""OpenRLHF's, NeMo's and promptfoo's shapes over HTTP: numbers where there is a score, and else a problem."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from serving import RUBRICS, Client, Reply, openai_judge, running, serving, settings_of, speaking_to
from stubjudge import StubJudge

from judge_service.api.fronts import nemo, openrlhf, promptfoo
from judge_service.errors import UnfitCase
from judge_service.main import create_app
from judge_service.observation import Observation
from judge_service.rubric_store import load_rubrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = create_app(settings_of()).openapi()
FRONTS = {"openrlhf": "Rewards", "nemo": "MetricScore", "promptfoo": "AssertionResult"}
EXAMPLES = {"openrlhf": openrlhf.EXAMPLES, "nemo": nemo.EXAMPLES, "promptfoo": promptfoo.EXAMPLES}
GOOD, BAD, REFERENCE = "Pneumonia on the right.", "BAD one on the left.", "Right lower lobe pneumonia."
ANSWERS = {
    "openrlhf": {"query": [f"What?{GOOD}"], "prompts": ["What?"], "labels": [REFERENCE]},
    "nemo": {"prompt": "What?", "response": GOOD, "reference": REFERENCE},
    "promptfoo": {"output": GOOD, "context": {"prompt": "What?", "vars": {"reference": REFERENCE}}},
}


def scripted(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "scripted", "script": list(steps), "max_attempts": 1}


JUDGES: dict[str, Any] = {
    "default": scripted({"levels": {"ground_truth": 5, "*": 2}}),
    "worst": scripted({"levels": {"*": 0}}),
    "refuses": scripted({"fault": "refused"}),
    "cut": scripted({"fault": "truncated"}),
    "rambles": scripted({"reply": "Well."}),
    "abstains": scripted({"levels": {"*": None}}),
    "late": scripted({"fault": "timeout"}),
    "slow": scripted({"delay_ms": 30_000}),
    # A judge that says it is busy is given a pause, so each front has one of its own.
    **{f"busy-{front}": scripted({"fault": "rate_limited"}) for front in FRONTS},
    "away": scripted({"fault": "unavailable"}),
    "forbids": scripted({"fault": "rejected"}),
    "picky": scripted({"when": "BAD", "fault": "refused"}, {"levels": {"*": 5}}),
}
FAILURES = {
    "refuses": (422, "not-scored", "refused"),
    "cut": (422, "not-scored", "truncated"),
    "rambles": (422, "not-scored", "unparsable"),
    "abstains": (422, "not-scored", "abstained"),
    "late": (504, "judge-timeout", "timeout"),
    "slow": (504, "judge-timeout", "timeout"),
    "busy": (503, "judge-busy", "provider_error"),
    "away": (502, "judge-unavailable", "provider_error"),
    "forbids": (502, "judge-rejected", "provider_error"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with serving(JUDGES) as speaking:
        yield speaking


async def ask(client: Client, front: str, body: Any = None, *, headers: Any = None, **options: str) -> Reply:
    asked = {"rubric": "medical-qa"} | options
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    given = json.dumps(ANSWERS[front] if body is None else body)
    return await client.post(f"/v1/fronts/{front}?{query}", given, headers=headers)


def told(reply: Reply, front: str) -> dict[str, Any]:
    assert (reply.status, reply.kind) == (200, "application/json"), reply.raw
    shape = {"$ref": f"#/components/schemas/{FRONTS[front]}", "components": DOCUMENT["components"]}
    Draft202012Validator(shape).validate(reply.body)
    return reply.body


def is_problem(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.kind) == (status, "application/problem+json"), reply.raw
    assert reply.body["type"] == f"urn:judge-service:problem:{code}"
    assert not reply.body.keys() & {"rewards", "score", "scores", "pass"}


async def test_openrlhf_has_a_number_for_each(client: Client) -> None:
    chat = "<|user|>What?<|assistant|>"
    body = {
        "query": [f"<s>{chat}{GOOD}<|end|></s><pad><pad>", f"{chat}..."],
        "prompts": [chat, chat],
        "labels": [REFERENCE, REFERENCE],
    }
    found = told(await ask(client, "openrlhf", body), "openrlhf")
    assert found["rewards"] == found["scores"] == [pytest.approx((4 * 100 + 2 * 40) / 600), 0]
    assert found["extra_logs"] == {"consistency": [0.4, 0], "coherence": [0.4, 0], "ground_truth": [1, 0]}


async def test_openrlhf_shows_the_judge_the_response_without_its_end() -> None:
    async with StubJudge() as judge, serving({"default": openai_judge(judge.url)}) as client:
        for query, more in (
            (f"<s>Q: a<|im_end|>{GOOD} </s>\n</s>", {}),
            (f"Q:  a!{GOOD}<\uff5cend\uff5c>", {"after": "!"}),
        ):
            body = {"query": [query], "prompts": ["Q: a<|im_end|>"], "labels": [REFERENCE]}
            told(await ask(client, "openrlhf", body, **more), "openrlhf")
            shown = judge.calls[-1].body["messages"][1]["content"]
            assert f">>\n{GOOD}\n<<end response_to_judge" in shown
            assert f">>\n{REFERENCE}\n<<end reference_answer" in shown


async def test_one_failure_among_many_is_503_and_no_reward(client: Client) -> None:
    body = {"query": [GOOD, BAD, GOOD], "prompts": ["", "", ""], "labels": [REFERENCE] * 3}
    reply = await ask(client, "openrlhf", body, judge="picky")
    is_problem(reply, 503, "not-scored")
    assert (reply.body["outcome"], reply.body["retryable"]) == ("refused", True)
    good = {name: values[:1] for name, values in body.items()}
    assert told(await ask(client, "openrlhf", good, judge="picky"), "openrlhf")["rewards"] == [1]


@pytest.mark.parametrize("judge", FAILURES)
@pytest.mark.parametrize("front", FRONTS)
async def test_a_judge_without_an_answer_is_a_problem(client: Client, front: str, judge: str) -> None:
    status, code, outcome = FAILURES[judge]
    soon = {"X-Request-Deadline-Ms": "300"} if judge == "slow" else {}
    reply = await ask(client, front, judge=f"busy-{front}" if judge == "busy" else judge, headers=soon)
    if front == "openrlhf":
        status = 503
        assert reply.body["retryable"]
        assert int(reply.headers["Retry-After"]) >= 1
    is_problem(reply, status, code)
    assert reply.body["outcome"] == outcome


@pytest.mark.parametrize("front", FRONTS)
async def test_what_the_caller_can_mend_is_said(client: Client, front: str) -> None:
    is_problem(await ask(client, front, rubric=""), 422, "option-rejected")
    is_problem(await ask(client, front, rubric="none"), 404, "rubric-not-found")
    is_problem(await ask(client, front, judge="nobody"), 404, "judge-not-found")
    is_problem(await ask(client, front, rubric="claim-support"), 422, "unfit-case")
    is_problem(await ask(client, front, {}), 422, "malformed-body")
    is_problem(await ask(client, front, []), 422, "malformed-body")


async def test_lists_and_prompts_that_do_not_fit_are_refused(client: Client) -> None:
    faulty: list[dict[str, Any]] = [
        {"query": ["a", "b"], "prompts": ["a"], "labels": [None]},
        {"query": ["a b"], "prompts": ["a"], "labels": [None, None]},
        {"query": ["a b"], "prompts": ["c"]},
        {"query": [], "prompts": []},
    ]
    for body in faulty:
        is_problem(await ask(client, "openrlhf", body), 422, "malformed-body")
    without = {"query": [f"a {GOOD}"], "prompts": ["a"]}
    reply = await ask(client, "openrlhf", without)
    is_problem(reply, 503, "not-scored")
    assert reply.body["outcome"] == "missing_input"


async def test_nemo_has_its_numbers_under_stable_keys(client: Client) -> None:
    found = told(await ask(client, "nemo"), "nemo")
    assert found == {
        "score": 80.0,
        "criteria": {
            "consistency": {"value": 40},
            "coherence": {"value": 40},
            "ground_truth": {"value": 100},
        },
    }


async def test_promptfoo_passes_from_the_threshold_on(client: Client) -> None:
    for threshold, passes in (("0.8", True), ("0.81", False), ("0", True)):
        found = told(await ask(client, "promptfoo", threshold=threshold), "promptfoo")
        assert list(found) == ["pass", "score", "reason"]
        assert (found["pass"], found["score"]) == (passes, 0.8)
    assert found["reason"].startswith("80/100 by default under medical-qa@1. consistency 40/100: Played")
    worst = told(await ask(client, "promptfoo", judge="worst"), "promptfoo")
    assert (worst["pass"], worst["score"]) == (False, 0)
    for threshold in ("2", "-1", "nan", "half"):
        is_problem(await ask(client, "promptfoo", threshold=threshold), 422, "option-rejected")


async def test_promptfoo_may_send_more_and_an_output_that_is_no_text(client: Client) -> None:
    context = {"vars": {"reference": REFERENCE, "other": 7}, "test": {}, "logProbs": None}
    body = {"output": {"answer": GOOD}, "context": context, "later": 1}
    assert told(await ask(client, "promptfoo", body), "promptfoo")["score"] == 0.8
    faulty = {"output": "x", "context": {"vars": {"reference": 7}}}
    is_problem(await ask(client, "promptfoo", faulty), 422, "malformed-body")


class Listening:
    """A scorer that only hears until when it has time."""

    def __init__(self) -> None:
        self.rubrics = load_rubrics(RUBRICS)
        self.left_s: list[float] = []

    def judge(self, _: str) -> None:
        """Know every judge."""

    async def score(self, _: object, *, deadline: float) -> None:
        self.left_s.append(deadline - asyncio.get_running_loop().time())
        raise UnfitCase("heard")


@pytest.mark.parametrize(("front", "route", "within_s"), [("promptfoo", promptfoo, 5), ("nemo", nemo, 30)])
async def test_a_front_answers_before_its_caller_gives_up(front: str, route: Any, within_s: float) -> None:
    scorer = Listening()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"scorer": scorer, "observation": Observation()}

    app = FastAPI(lifespan=lifespan)
    app.include_router(route.router)
    async with running(app) as url, speaking_to(url) as client:
        is_problem(await ask(client, front), 422, "unfit-case")
        await ask(client, front, headers={"X-Request-Deadline-Ms": "1000"})
    assert within_s - 6 < scorer.left_s[0] < within_s
    assert scorer.left_s[1] < 1


async def test_promptfoo_is_answered_while_a_judge_is_silent() -> None:
    async with StubJudge() as judge, serving({"default": openai_judge(judge.url)}) as client:
        judge.plays("silence")
        async with asyncio.timeout(5):
            is_problem(await ask(client, "promptfoo"), 504, "judge-timeout")


@pytest.mark.parametrize("front", FRONTS)
async def test_a_client_that_leaves_ends_its_question(front: str) -> None:
    async with StubJudge() as judge, serving({"default": openai_judge(judge.url)}) as client:
        judge.plays("silence")
        asked = asyncio.ensure_future(ask(client, front))
        await judge.somebody_asked()
        asked.cancel()
        await judge.somebody_left()


@pytest.mark.parametrize("front", FRONTS)
async def test_every_example_works_when_it_is_pasted(client: Client, front: str) -> None:
    for example in EXAMPLES[front].values():
        told(await ask(client, front, example["value"]), front)
