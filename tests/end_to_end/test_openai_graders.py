"""The openai SDK's graders, with nothing changed but its address, against a served application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from openai import (
    APITimeoutError,
    AsyncOpenAI,
    InternalServerError,
    NotFoundError,
    OpenAI,
    UnprocessableEntityError,
)
from serving import Client, openai_judge, serving
from stubjudge import StubJudge, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ITEM = {"reference": "The right side."}
SAMPLE = "It is on the right side."
WORDS = "Does {{sample.output_text}} say what {{item.reference}} says?"
SCORE: Any = {
    "type": "score_model",
    "name": "said",
    "model": "default",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": WORDS}]}],
    "range": [1, 5],
}
CHECK: Any = {
    "type": "string_check",
    "name": "side",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference}}",
    "operation": "ilike",
}
SIMILAR: Any = {
    "type": "text_similarity",
    "name": "wording",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference}}",
    "evaluation_metric": "fuzzy_match",
}
MULTI: Any = {
    "type": "multi",
    "name": "all",
    "graders": {"said": SCORE, "side": CHECK},
    "calculate_output": "min(said / 5, side)",
}
PYTHON: Any = {"type": "python", "name": "code", "source": "def grade(sample, item): return 1.0"}


@pytest.fixture
async def judge() -> AsyncIterator[StubJudge]:
    async with StubJudge() as stub:
        yield stub


@pytest.fixture
async def client(judge: StubJudge) -> AsyncIterator[Client]:
    async with serving({"default": openai_judge(judge.url)}) as speaking:
        yield speaking


def speaking_openai(client: Client, **options: Any) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{client.url}/v1", api_key="any", **options)


async def test_run_gives_rewards_in_the_sdks_own_types(client: Client, judge: StubJudge) -> None:
    judge.plays(answering({"grade": 4}))
    async with speaking_openai(client) as openai:
        graders = openai.fine_tuning.alpha.graders
        scored = await graders.run(grader=SCORE, model_sample=SAMPLE, item=ITEM)
        assert (scored.reward, scored.metadata.sampled_model_name) == (4.0, "stub-001")
        assert scored.metadata.token_usage == 398
        assert not any(scored.metadata.errors.to_dict().values())
        checked = await graders.run(grader=CHECK, model_sample=SAMPLE, item=ITEM)
        assert (checked.reward, checked.metadata.type) == (1.0, "string_check")
        alike = await graders.run(grader=SIMILAR, model_sample="The right side.", item=ITEM)
        assert alike.reward == 1.0
        both = await graders.run(grader=MULTI, model_sample=SAMPLE, item=ITEM)
        assert (both.reward, both.sub_rewards) == (0.8, {"said": 4.0, "side": 1.0})
    assert judge.count == 1, "the judge's second answer is in the cache"


async def test_validate_gives_the_grader_back(client: Client, judge: StubJudge) -> None:
    async with speaking_openai(client) as openai:
        graders = openai.fine_tuning.alpha.graders
        for one in (SCORE, CHECK, SIMILAR):
            seen = (await graders.validate(grader=one)).grader
            assert seen is not None
            assert seen.to_dict() == one
        with pytest.raises(UnprocessableEntityError) as caught:
            await graders.validate(grader=PYTHON)
        assert (caught.value.code, caught.value.param) == ("grader-rejected", "grader.type")
        with pytest.raises(NotFoundError):
            await graders.validate(grader=SCORE | {"model": "gpt-none"})
    assert judge.count == 0


async def test_a_failure_raises_and_is_a_number_only_on_demand(client: Client, judge: StubJudge) -> None:
    asked: list[str] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.path)

    http = httpx.AsyncClient(event_hooks={"request": [note]})
    async with speaking_openai(client, http_client=http) as openai:
        graders = openai.fine_tuning.alpha.graders
        for shape in ("refusal", "truncated", "prose"):
            judge.plays(shape)
            with pytest.raises(UnprocessableEntityError) as caught:
                await graders.run(grader=SCORE, model_sample=SAMPLE, item=ITEM)
            assert caught.value.code == "not-scored"
        assert len(asked) == 3, "what asking again does not mend is not asked again"
        judge.plays("refusal")
        told = await graders.run(
            grader=SCORE, model_sample=SAMPLE, item=ITEM, extra_body={"reward_on_failure": -1}
        )
        assert (told.reward, told.metadata.errors.api_model_grader_refusal_error) == (-1, True)
        judge.plays("fault_500", answering({"grade": 2}))
        again = await graders.run(grader=SCORE, model_sample=SAMPLE, item=ITEM)
        assert again.reward == 2, "an outage is asked again, and what comes then is the judge's own"


async def test_an_outage_and_a_silent_judge_raise(client: Client, judge: StubJudge) -> None:
    async with speaking_openai(client, max_retries=0) as openai:
        graders = openai.fine_tuning.alpha.graders
        judge.plays("fault_500")
        with pytest.raises(InternalServerError) as caught:
            await graders.run(grader=MULTI, model_sample=SAMPLE, item=ITEM)
        assert caught.value.code == "judge-unavailable"
        judge.plays("silence")
        soon = {"X-Request-Deadline-Ms": "300"}
        with pytest.raises(InternalServerError) as caught:
            await graders.run(grader=SCORE, model_sample=SAMPLE, item=ITEM, extra_headers=soon)
        assert caught.value.status_code == 504
        with pytest.raises(APITimeoutError):
            await graders.run(grader=SCORE, model_sample=SAMPLE, item=ITEM, timeout=0.3)
        await judge.somebody_left()


async def test_the_blocking_client_works_as_well(client: Client, judge: StubJudge) -> None:
    judge.plays(answering({"grade": 5}))

    def asked() -> float:
        with OpenAI(base_url=f"{client.url}/v1", api_key="any") as openai:
            return openai.fine_tuning.alpha.graders.run(grader=MULTI, model_sample=SAMPLE, item=ITEM).reward

    assert await asyncio.to_thread(asked) == 1.0
