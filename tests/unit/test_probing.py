"""Probing by settings at the start, and by command: what it decides, what it prints, and when it asks nobody."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from endpoints import Endpoint
from serving import command, environment, openai_judge, serving, settings_of
from stubjudge import StubJudge
from stubshapes import SHAPES, Shape

from judge_service.errors import ConfigurationError
from judge_service.main import check, open_state
from judge_service.observation import Observation
from judge_service.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from subprocess import CompletedProcess

AUTO = {"schema_mode": "auto", "probe": True}


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        server.choose = Endpoint()
        yield server


async def mode_of(stub: StubJudge, **fields: Any) -> object:
    """The schema mode of an answer, by its provenance."""
    async with serving({"default": openai_judge(stub.url, **fields)}) as client:
        stub.choose = None
        return (await client.score()).body["provenance"]["schema_mode"]


@pytest.mark.parametrize(
    ("endpoint", "mode"),
    [
        (Endpoint(), "json_schema"),
        (Endpoint(json_schema="ignores"), "json_object"),
        (Endpoint(json_schema="bad_request", json_object="ignores"), "none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_auto_is_what_the_endpoint_holds_to(stub: StubJudge, endpoint: Endpoint, mode: str) -> None:
    stub.choose = endpoint
    assert await mode_of(stub, **AUTO) == mode
    form = stub.calls[-1].body.get("response_format", {}).get("type", "none")
    assert form == mode


async def test_auto_and_the_mode_it_comes_to_are_one_judge(stub: StubJudge) -> None:
    judges = {"auto": openai_judge(stub.url, **AUTO), "default": openai_judge(stub.url)}
    async with open_state(settings_of(judges), Observation()) as state:
        identities = {state["scorer"].judge(name).identity for name in judges}
    assert len(identities) == 1


async def test_a_start_that_cannot_tell_fails_with_the_remedy(stub: StubJudge) -> None:
    stub.choose = lambda _: SHAPES["fault_500"]
    settings = settings_of({"default": openai_judge(stub.url, **AUTO)})
    with pytest.raises(ConfigurationError, match=r"schema_mode 'auto'.*start it first, or set schema_mode"):
        async with open_state(settings, Observation()):
            pass


@pytest.mark.parametrize("fault", ["rate_bare", "fault_500"])
async def test_a_passing_fault_never_loosens_the_form(stub: StubJudge, fault: str) -> None:
    stub.choose = Endpoint(json_schema="ignores", json_object=fault)
    settings = settings_of({"default": openai_judge(stub.url, **AUTO)})
    with pytest.raises(ConfigurationError, match=r"does not tell what form it holds to \(.* \[\w+\]\)"):
        async with open_state(settings, Observation()):
            pass


async def test_a_server_that_sends_its_errors_under_200_is_no_judge_to_start_with(stub: StubJudge) -> None:
    stub.choose = lambda _: Shape(body=b'{"error": {"message": "no credits"}}')
    settings = settings_of({"default": openai_judge(stub.url, **AUTO)})
    with pytest.raises(ConfigurationError, match=r"schema_mode 'auto'.*without a completion.*start it first"):
        async with open_state(settings, Observation()):
            pass


async def test_a_probe_without_auto_changes_nothing_and_fails_nothing(stub: StubJudge) -> None:
    stub.choose = lambda _: SHAPES["fault_500"]
    assert await mode_of(stub, probe=True) == "json_schema"


async def test_nobody_is_probed_unasked_nor_by_readiness_nor_by_a_check_of_settings(stub: StubJudge) -> None:
    async with serving({"default": openai_judge(stub.url)}) as client:
        await client.get("/readyz")
    assert stub.count == 0
    settings = settings_of({"default": openai_judge(stub.url, **AUTO)})
    await asyncio.to_thread(check, settings)
    assert stub.count == 0


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        (
            {"kind": "openai", "base_url": "http://h/v1", "model": "m", "schema_mode": "auto"},
            "set probe to true",
        ),
        ({"kind": "scripted", "probe": True}, "no endpoint to probe"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ConfigurationError, match=rule):
        load_settings(judges=json.dumps({"default": fields}))


async def checked(tmp_path: Path, judge: dict[str, Any], *words: str) -> CompletedProcess[str]:
    env = environment(tmp_path, {"default": judge})
    return await asyncio.to_thread(command, tmp_path, "judges", "check", *words, env=env)


async def test_a_check_prints_a_table_and_the_settings(tmp_path: Path, stub: StubJudge) -> None:
    out = tmp_path / "found.json"
    done = await checked(tmp_path, openai_judge(stub.url), "default", "--out", str(out))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()[1:7]}
    assert rows == dict.fromkeys(["json_schema", "json_object", "tools", "logprobs", "images", "seed"], "yes")
    assert 'Settings that go with it: {"schema_mode": "json_schema", "images": true}' in done.stdout
    told = json.loads(out.read_text())
    assert (told["judge"], told["model"], told["answered"], told["lacking"]) == ("default", "stub", True, [])
    assert told["capabilities"]["seed"]["status"] == "yes"


async def test_a_check_fails_where_the_settings_lean_on_what_is_not_there(
    tmp_path: Path, stub: StubJudge
) -> None:
    stub.choose = Endpoint(json_schema="ignores", images="ignores", tools="bad_request")
    done = await checked(tmp_path, openai_judge(stub.url), "default")
    assert done.returncode == 1
    assert "lean on json_schema" in done.stderr
    assert "lean on images" in done.stderr
    assert "tools" not in done.stderr
    assert '{"schema_mode": "json_object", "images": false}' in done.stdout
    mended = openai_judge(stub.url, schema_mode="json_object", images=False)
    assert (await checked(tmp_path, mended, "default")).returncode == 0


async def test_a_check_of_a_silent_endpoint_fails(tmp_path: Path, stub: StubJudge) -> None:
    stub.choose = lambda _: SHAPES["fault_500"]
    done = await checked(tmp_path, openai_judge(stub.url), "default")
    assert (done.returncode, "Nothing could be found out" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("judge", "name", "told"),
    [
        ({"kind": "embedded"}, "default", "no endpoint to probe"),
        ({"kind": "embedded"}, "x", "known: default"),
    ],
)
async def test_a_mistake_is_one_line(tmp_path: Path, judge: dict[str, Any], name: str, told: str) -> None:
    done = await checked(tmp_path, judge, name)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert told in done.stderr
