"""The OpenAPI document: as it is committed, true to what the service does, with examples that work."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from serving import Client, command, served, serving, settings_of, speaking_to

from judge_service.api.examples import BATCH_REQUESTS, COMPARISON_REQUESTS, SCORE_REQUESTS
from judge_service.api.problems import TABLE
from judge_service.main import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COMMITTED = Path(__file__).parent.parent.parent / "docs" / "openapi.json"
DOCUMENT = create_app(settings_of()).openapi()
MOST_S = 40

# A caller may set a deadline that nobody can keep, so 504 is an answer. What an image's address holds
# cannot be said in a schema, so a request that fits the schema may be refused. An item of a batch that fits
# nothing is refused in its own place, and the batch is answered.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "502", "503", "504"]
[checks.positive_data_acceptance]
enabled = false
[[operations]]
include-name = "POST /v1/scores:batch"
[operations.checks.negative_data_rejection]
enabled = false
"""
# What a machine thinks up for a table is a text, sent as it is.
HOOKS = """
import schemathesis

@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_text(context, value):
    return str(value).encode()
"""
BY_SCHEMA = "#/components/schemas/"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving() as speaking:
        yield speaking


def test_the_committed_document_is_current(tmp_path: Path) -> None:
    printed = command(tmp_path, "openapi").stdout
    assert COMMITTED.read_text("utf-8") == printed, "run `judge-service openapi > docs/openapi.json`"
    assert json.loads(printed) == json.loads(json.dumps(DOCUMENT))


async def test_the_served_document_is_the_printed_one(client: Client) -> None:
    assert (await client.get("/openapi.json")).body == json.loads(json.dumps(DOCUMENT))


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    named = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= DOCUMENT["components"]["schemas"].keys()


def test_every_schema_is_sound() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_error_is_a_documented_problem() -> None:
    documented = DOCUMENT["paths"]["/v1/scores"]["post"]["responses"]
    assert {str(row.status) for row in TABLE.values()} - {
        "410",
        "416",
        "500",
    } <= documented.keys()  # of jobs, of files
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400" and operation["summary"] != "Should requests be sent here?":
                    assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("name", SCORE_REQUESTS)
async def test_every_example_works_when_it_is_pasted(client: Client, name: str) -> None:
    examples = DOCUMENT["paths"]["/v1/scores"]["post"]["requestBody"]["content"]["application/json"][
        "examples"
    ]
    assert examples == SCORE_REQUESTS
    reply = await client.post("/v1/scores", json.dumps(examples[name]["value"]))
    assert (reply.status, reply.body["outcome"]) == (200, "scored")
    _fits(reply.body, "Score")


@pytest.mark.parametrize("name", COMPARISON_REQUESTS)
async def test_every_comparison_works_when_it_is_pasted(client: Client, name: str) -> None:
    assert examples_of("/v1/comparisons") == COMPARISON_REQUESTS
    given = COMPARISON_REQUESTS[name]["value"]
    _fits(given, "ComparisonRequest")
    reply = await client.post("/v1/comparisons", json.dumps(given))
    assert (reply.status, reply.body["outcome"]) == (200, "compared")
    assert reply.body["winner"] == {"sides": "a", "one_is_empty": "b", "same": "tie"}[name]
    _fits(reply.body, "Comparison")


@pytest.mark.parametrize(
    ("name", "counts"), [("sides", {"scored": 2}), ("one_is_at_fault", {"scored": 1, "malformed_body": 1})]
)
async def test_every_batch_works_when_it_is_pasted(client: Client, name: str, counts: dict[str, int]) -> None:
    assert examples_of("/v1/scores:batch") == BATCH_REQUESTS
    given = json.dumps(BATCH_REQUESTS[name]["value"])
    reply = await client.post("/v1/scores:batch", given)
    assert (reply.status, reply.body["counts"]) == (200, counts)
    _fits(reply.body, "BatchAnswer")
    streamed = await client.post("/v1/scores:batch", given, headers={"Accept": "application/x-ndjson"})
    *lines, end = [json.loads(line) for line in streamed.raw.splitlines()]
    for line in lines:
        _fits(line, "ItemAnswer")
    _fits(end, "BatchEnd")
    assert [list(lines[0])[:3], list(end)] == [["index", "custom_id", "status"], ["done", "counts", "spent"]]


def calibration_bodies() -> list[tuple[str, str]]:
    """Every POST under calibration that stands by itself, with each of its examples."""
    return [
        (path, name)
        for path, operations in DOCUMENT["paths"].items()
        if path.startswith("/v1/calibration/") and "{" not in path and "post" in operations
        for name in examples_of(path)
    ]


def examples_of(path: str) -> dict[str, Any]:
    body = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    examples: dict[str, Any] = body["examples"]
    return examples


@pytest.mark.parametrize(("path", "name"), calibration_bodies())
async def test_every_calibration_example_fits_its_schema_and_so_does_its_answer(path: str, name: str) -> None:
    operation = DOCUMENT["paths"][path]["post"]
    given = examples_of(path)[name]["value"]
    asked = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    _fits(given, asked.removeprefix(BY_SCHEMA))
    async with serving({"default": {"kind": "embedded"}, "second": {"kind": "scripted"}}) as client:
        reply = await client.post(path, json.dumps(given))
    assert reply.status in {200, 201}, reply.raw
    told = operation["responses"][str(reply.status)]["content"]["application/json"]["schema"]["$ref"]
    _fits(reply.body, told.removeprefix(BY_SCHEMA))


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv"])
async def test_a_study_that_is_a_text_works_when_it_is_pasted(client: Client, kind: str) -> None:
    body = DOCUMENT["paths"]["/v1/calibration/studies"]["post"]["requestBody"]["content"][kind]["example"]
    query = '?scales={"quality":[0,1,2,3,4,5]}' if kind == "text/csv" else ""
    reply = await client.post(f"/v1/calibration/studies{query}", body, headers={"Content-Type": kind})
    assert reply.status == 201, reply.raw
    _fits(reply.body, "KeptStudy")


async def test_the_wrong_side_costs_points(client: Client) -> None:
    right, wrong = [
        (await client.post("/v1/scores", json.dumps(SCORE_REQUESTS[name]["value"]))).body["score"]
        for name in ("right", "wrong_side")
    ]
    assert right > wrong


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/livez", "Liveness"),
        ("/readyz", "Readiness"),
        ("/v1/rubrics", "RubricList"),
        ("/v1/judges", "JudgeList"),
        ("/v1/rubrics/med-cmr", "RubricDocument"),
        ("/v1/rubrics/med-cmr@1", "RubricDocument"),
        ("/v1/rubrics/nothing", "Problem"),
        ("/v1/calibration/studies", "StudyList"),
        ("/v1/calibration/maps", "MapList"),
        ("/v1/calibration/definitions", "Definitions"),
        ("/v1/calibration/maps/none", "Problem"),
        ("/v1/calibration/studies/none", "Problem"),
        ("/v1/calibration/reports/none", "Problem"),
    ],
)
async def test_each_answer_fits_its_schema(client: Client, path: str, schema: str) -> None:
    _fits((await client.get(path)).body, schema)


def _fits(body: object, name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(body)


async def test_what_a_machine_thinks_up_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    (tmp_path / "hooks.py").write_text(HOOKS)
    judges = {"default": {"kind": "scripted"}, "lexical": {"kind": "embedded"}}
    with served(tmp_path, judges, log_level="WARNING") as service:
        async with speaking_to(service.url):
            pass
        words = ["run", f"{service.url}/openapi.json", "--phases", "examples,coverage,fuzzing"]
        words += [
            "--generation-deterministic",
            "--max-examples",
            "60",
            "--max-time",
            str(MOST_S),
            "--no-color",
        ]
        done = await asyncio.to_thread(_schemathesis, tmp_path, *words)
        assert done.returncode == 0, done.stdout
        assert f"Tested: {sum(map(len, DOCUMENT['paths'].values()))}" in done.stdout
        assert not [line for line in service.lines() if line["level"] == "error"]


def _schemathesis(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    binary = Path(sys.executable).with_name("schemathesis")
    return subprocess.run(
        [binary, *words],
        cwd=home,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
