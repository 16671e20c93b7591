"""Another judge is one line of configuration, or one field of a request; who asks changes nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from serving import Client, openai_judge, order, served, serving, speaking_to
from stubjudge import StubJudge
from stubshapes import answering

if TYPE_CHECKING:
    from pathlib import Path

CASES = ["Pneumonia on the right.", "Nothing to see.", "Pneumonia on the left."]


async def evaluate(client: Client, **fields: Any) -> list[float]:
    """A user's evaluation, written once: it knows a rubric and its cases, and no model."""
    replies = [await client.post("/v1/scores", json.dumps(order(response, **fields))) for response in CASES]
    assert all(reply.status == 200 for reply in replies)
    return [reply.body["score"] for reply in replies]


def strict() -> StubJudge:
    stub = StubJudge()
    stub.plays(answering({"consistency": 1, "coherence": 1, "ground_truth": 0}))
    return stub


def mild() -> StubJudge:
    stub = StubJudge()
    stub.plays(answering({"consistency": 5, "coherence": 4, "ground_truth": 5}))
    return stub


async def test_only_the_setting_differs(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/store"
    async with strict() as first, mild() as second:
        told = {}
        for name, stub in (("strict", first), ("mild", second), ("strict again", first)):
            with served(
                tmp_path, {"default": openai_judge(stub.url, model=name.split()[0])}, store_url=store
            ) as service:
                async with speaking_to(service.url) as client:
                    told[name] = await evaluate(client)
        assert told["strict"] == told["strict again"] == [6.666666667] * 3
        assert told["mild"] == [96.666666667] * 3
        assert (first.count, second.count) == (3, 3)  # the third run found its own answers, and only those


async def test_only_the_field_differs() -> None:
    async with strict() as first, mild() as second:
        judges = {"default": openai_judge(first.url), "challenger": openai_judge(second.url)}
        async with serving(judges) as client:
            for _ in range(2):
                assert await evaluate(client) == [6.666666667] * 3
                assert await evaluate(client, judge="challenger") == [96.666666667] * 3
        assert (first.count, second.count) == (3, 3)


async def test_a_judge_of_another_kind_is_the_same_to_its_caller() -> None:
    async with mild() as stub:
        judges: dict[str, Any] = {
            "default": {"kind": "embedded"},
            "played": {"kind": "scripted", "script": [{"levels": {"*": 3}}]},
            "model": openai_judge(stub.url),
        }
        async with serving(judges) as client:
            bodies = [(await client.score(judge=name)).body for name in judges]
    shapes = [(body.keys(), body["criteria"].keys(), body["provenance"].keys()) for body in bodies]
    assert shapes[0] == shapes[1] == shapes[2]
    assert [body["outcome"] for body in bodies] == ["scored"] * 3
    assert [body["provenance"]["instrument"] for body in bodies] == ["lexical-baseline", "scripted", "llm"]
    assert [body["provenance"]["is_llm"] for body in bodies] == [False, False, True]


async def test_without_a_default_nothing_falls_back_in_silence() -> None:
    async with serving({"challenger": {"kind": "scripted"}}) as client:
        unnamed = await client.score()
        named = await client.score(judge="challenger")
    assert (unnamed.status, unnamed.body["type"]) == (404, "urn:judge-service:problem:judge-not-found")
    assert (named.status, named.body["outcome"]) == (200, "scored")


async def test_judges_are_listed_without_address_and_key() -> None:
    async with mild() as stub, serving({"default": openai_judge(stub.url, model="med-70b")}) as client:
        reply = await client.get("/v1/judges")
        assert [(judge["name"], judge["model"]) for judge in reply.body["judges"]] == [("default", "med-70b")]
        assert stub.url not in reply.raw.decode()
