"""Scores by a real vLLM with random weights, through the whole service: noise in value, and sound in every form."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from builders import a_picture, an_image, encoded
from serving import Client, Reply, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local_server import Local

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENT = {"attempt_timeout_s": 120, "max_attempts": 8, "text_cap": 60}
ROOMY_MS = 300_000


def judges(server: Local, *, image_check: str = "first", **more: Any) -> dict[str, Any]:
    """The judge of the printed line, patient with two slow cores, and what else a test asks."""
    _, _, value = server.binding.partition("=")
    plain = json.loads(value.strip("'"))["default"] | PATIENT | {"image_check": image_check}
    return {"default": plain} | {name: plain | changed for name, changed in more.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(text_server: Local) -> AsyncIterator[Client]:
    """A service whose judge is the text model."""
    bound = judges(text_server, stranger={"model": "another"}, hurried={"attempt_timeout_s": 0.05})
    async with serving(bound) as speaking:
        yield speaking


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeing(vision_server: Local) -> AsyncIterator[Client]:
    """A service whose judge is the model that sees."""
    # The server's own counters tell here what one prompt took, so nothing else is asked.
    async with serving(judges(vision_server, image_check="off")) as speaking:
        yield speaking


async def asked(client: Client, response: str, **fields: Any) -> Reply:
    return await client.score(response, deadline_ms=ROOMY_MS, cache="off", **fields)


async def test_every_answer_of_random_weights_has_the_form_that_was_asked_for(client: Client) -> None:
    replies = await asyncio.gather(*(asked(client, f"Answer {at}: a nodule.") for at in range(12)))
    outcomes = [outcome for reply in replies for outcome in outcomes_of(reply)]
    assert [reply.status for reply in replies] == [200] * 12
    # Noise may hold itself unable to judge (null); it can break no form, and it is never cut.
    assert set(outcomes) <= {"scored", "abstained"}
    assert outcomes.count("scored") >= 6
    for reply in replies:
        assert reply.body["provenance"]["model"].startswith("text-")
        assert (reply.body["score"] is None) == ("abstained" in outcomes_of(reply))


def outcomes_of(reply: Reply) -> list[str]:
    return [verdict["outcome"] for verdict in reply.body["criteria"].values()]


async def test_cases_of_one_rubric_share_what_is_computed_for_it(client: Client, text_server: Local) -> None:
    hits, looked = (text_server.metric(f"vllm:prefix_cache_{name}_total") for name in ("hits", "queries"))
    for at in range(6):
        await asked(client, f"Another answer, {at}.")
    gained = text_server.metric("vllm:prefix_cache_hits_total") - hits
    share = gained / (text_server.metric("vllm:prefix_cache_queries_total") - looked)
    sys.stdout.write(f"\nprefix cache: {share:.0%} of the tokens of six cases\n")
    assert share > 0.5


async def test_a_prompt_that_is_too_long_is_the_inputs_fault(client: Client) -> None:
    reply = await asked(client, " ".join(f"word{at}" for at in range(4000)))
    assert set(outcomes_of(reply)) == {"rejected_input"}
    assert reply.body["score"] is None


async def test_a_model_that_is_not_served_is_an_error(client: Client) -> None:
    reply = await asked(client, "An answer.", judge="stranger")
    assert (reply.status, reply.body["outcome"]) == (502, "provider_error")


async def test_an_answer_that_takes_too_long_is_a_timeout(client: Client) -> None:
    reply = await client.score("An answer.", judge="hurried", cache="off", deadline_ms=400)
    assert (reply.status, reply.body["outcome"]) == (504, "timeout")


async def test_more_than_it_holds_is_refused_and_asked_again(client: Client, text_server: Local) -> None:
    """It works on four and lets eight wait; the gate learns from the refusals, and every case is answered."""
    replies = await asyncio.gather(*(asked(client, f"Crowd {at}.") for at in range(40)))
    assert text_server.metric("vllm:admission_rejections_total") > 0
    assert [reply.status for reply in replies] == [200] * 40
    assert {outcome for reply in replies for outcome in outcomes_of(reply)} <= {"scored", "abstained"}


async def test_a_picture_reaches_the_model(seeing: Client, vision_server: Local) -> None:
    tokens = [await prompt_tokens(seeing, vision_server, size) for size in (28, 112)]
    assert tokens[1] - tokens[0] == 16 - 1  # a token for each 28 x 28 pixels


async def prompt_tokens(client: Client, server: Local, size: int) -> float:
    """Tokens of the prompt of one case with one picture."""
    before = server.metric("vllm:prompt_tokens_total")
    picture = an_image(encoded(a_picture(size=(size, size), colour=(200, 30, 30)))).model_dump(mode="json")
    case = {"prompt": "What is seen?", "images": [picture]}
    reply = await asked(client, "A nodule.", rubric="med-cmr", case=case, mode="image")
    assert (reply.status, reply.body["provenance"]["mode"]) == (200, "image")
    assert set(outcomes_of(reply)) <= {"scored", "abstained"}
    return server.metric("vllm:prompt_tokens_total") - before


async def test_a_picture_that_the_model_cannot_see_is_told(client: Client) -> None:
    """The text model refuses it: an outcome with a reason, and no score of the text alone."""
    case = {"prompt": "What is seen?", "images": [an_image().model_dump(mode="json")]}
    reply = await asked(client, "A nodule.", rubric="med-cmr", case=case, mode="image")
    assert set(outcomes_of(reply)) == {"rejected_input"}
    assert reply.body["score"] is None


async def test_the_chances_of_the_levels_come_back(text_server: Local) -> None:
    """The grammar leaves only the levels and null: noise, but noise that adds up."""
    async with serving(judges(text_server, telling={"logprobs": 20})) as client:
        replies = [await asked(client, f"Doubtful {at}.", judge="telling") for at in range(6)]
    found = [v for reply in replies for v in reply.body["criteria"].values() if v["outcome"] == "scored"]
    told = [verdict for verdict in found if verdict["distribution"] is not None]
    sys.stdout.write(f"\ndistributions: {len(told)} of {len(found)} levels\n")
    assert {verdict["distribution_withheld"] for verdict in found} <= {None, "mass_unseen"}
    assert told
    for verdict in told:
        assert sum(verdict["distribution"].values()) == pytest.approx(1)
        assert verdict["distribution"][str(verdict["level"])] > 0
        assert 0.5 <= verdict["distribution_mass"] <= 1


async def test_several_answers_of_a_warm_judge_are_shares(text_server: Local) -> None:
    async with serving(judges(text_server, warm={"temperature": 1.0})) as client:
        reply = await asked(client, "Said again.", judge="warm", samples=4)
    assert reply.status == 200
    assert len(reply.body["provenance"]["attempts"]) >= 4
    for verdict in reply.body["criteria"].values():
        if verdict["outcome"] == "scored":
            assert (verdict["distribution"] is None) == (verdict["distribution_withheld"] == "mass_unseen")
