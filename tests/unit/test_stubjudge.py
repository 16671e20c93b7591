"""The stub judge keeps to what it promises, or the tests against it mean nothing."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import aiohttp
import jsonschema
from asking import SCHEMA
from stubjudge import SHAPES, Call, Shape, StubJudge, answering
from stubshapes import document_of

ASK = {
    "model": "judge",
    "max_tokens": 64,
    "response_format": {"type": "json_schema", "json_schema": {"name": "v", "schema": SCHEMA}},
}


async def ask(url: str) -> tuple[int, dict[str, str], bytes]:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/chat/completions", json=ASK) as reply:
        return reply.status, dict(reply.headers), await reply.read()


def content_of(body: bytes) -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, object]] = json.loads(json.loads(body)["choices"][0]["message"]["content"])
    return document


def test_the_normal_document_is_valid_under_the_schema() -> None:
    jsonschema.validate(document_of(SCHEMA), SCHEMA)


def test_references_and_choices_of_a_schema_are_followed() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/$defs/L"}, "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        "$defs": {"L": {"enum": ["no", "yes", None]}},
    }
    assert document_of(schema) == {"a": "no", "b": 1}


async def test_shapes_are_played_in_order_and_the_last_for_ever() -> None:
    async with StubJudge() as stub:
        stub.plays("fault_500", answering({"safety": 5}))
        replies = [await ask(stub.url) for _ in range(3)]
    assert [status for status, _, _ in replies] == [500, 200, 200]
    assert content_of(replies[2][2])["safety"]["level"] == 5
    assert content_of(replies[2][2])["accuracy"]["level"] == 2


async def test_the_choice_may_hang_on_the_request() -> None:
    def choose(call: Call) -> Shape:
        return SHAPES["empty" if call.body["max_tokens"] == 64 else "null"]

    async with StubJudge(choose=choose) as stub:
        _, _, body = await ask(stub.url)
    assert json.loads(body)["choices"][0]["message"]["content"] == ""


async def test_a_rate_lets_so_many_in_and_turns_the_others_away() -> None:
    async with StubJudge(rate_per_s=5) as stub:
        replies = await asyncio.gather(*(ask(stub.url) for _ in range(12)))
    away = [headers["Retry-After"] for status, headers, _ in replies if status == 429]
    assert 6 <= len(away) <= 7
    assert set(away) == {"1"}


def test_it_runs_as_a_program() -> None:
    program = Path(__file__).parents[1] / "stubjudge.py"
    command = [sys.executable, str(program), "--latency-ms", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        status, _, body = asyncio.run(ask(url))
        running.terminate()
    assert status == 200
    jsonschema.validate(content_of(body), SCHEMA)
