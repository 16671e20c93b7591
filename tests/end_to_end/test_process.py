"""The service as a process: how it starts, logs, keeps secrets and stops."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from serving import Client, command, environment, openai_judge, served, speaking_to
from stubjudge import Call, StubJudge
from stubshapes import MARKER, SHAPES, Shape

from judge_service.logs import ALLOWED

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "SECRET-3b9d"  # noqa: S105  it stands for what a case holds


def by_model(call: Call) -> Shape:
    shape = SHAPES[call.body["model"]]
    if shape.body is None and shape.wire == "whole" and call.body["model"] == "normal":
        return Shape(lambda d: json.dumps({k: {**v, "rationale": SECRET} for k, v in d.items()}))
    return shape


def marked(**fields: Any) -> dict[str, Any]:
    """A request with the secret in every text that is the caller's."""
    texts = ("id", "prompt", "response", "reference", "claim", "visual_description")
    case = {name: f"{SECRET} {name}" for name in texts} | {"subgroups": {SECRET: SECRET}}
    case["images"] = [{"url": f"data:image/png;base64,{SECRET}"}]  # type: ignore[assignment]
    return {"rubric": "medical-qa", "case": case, "metadata": {SECRET: SECRET}, "deadline_ms": 700, **fields}


BROKEN: list[bytes] = [
    SECRET.encode(),
    f'{{"rubric": "{SECRET}'.encode(),
    f'{{"case": {{"response": "{SECRET}", "response": "{SECRET}"}}}}'.encode(),
    f'{{"case": "{SECRET}"}}'.encode(),
    f'{{"case": {{"response": "{SECRET} \\ud800"}}}}'.encode(),
    f'{{"rubric": "medical-qa", "case": {{"response": ["{SECRET}"]}}, "mode": "{SECRET}"}}'.encode(),
    json.dumps(marked(mode="image")).encode(),
    json.dumps(marked(mode="image", rubric="med-cmr")).encode(),
    json.dumps(marked(rubric="no-such")).encode(),
    json.dumps(marked(judge="no-such")).encode(),
    json.dumps(marked(cache="only")).encode(),
    json.dumps(marked(metadata={"run": [SECRET]})).encode(),
    json.dumps(marked(samples=SECRET, deadline_ms=SECRET)).encode(),
]


async def test_no_text_of_a_request_or_an_answer_gets_out(tmp_path: Path) -> None:
    async with StubJudge(choose=by_model) as stub:
        judges = {shape: openai_judge(stub.url, model=shape) for shape in SHAPES}
        with served(tmp_path, judges, log_level="DEBUG") as service:
            async with speaking_to(service.url) as client:
                await asyncio.gather(*(_asked(client, shape) for shape in SHAPES))
                for raw in BROKEN:
                    reply = await client.post(f"/v1/scores?q={SECRET}", raw)
                    assert 400 <= reply.status < 500
                    assert SECRET not in reply.raw.decode()
                await client.get(f"/{SECRET}")
                await client.send("POST", "/v1/scores", data=SECRET, headers={"Content-Type": SECRET})
                figures = (await client.get("/metrics")).raw.decode()
            service.stop()
        said = service.log.read_text("utf-8")
    assert said.count("no answer") >= 20
    for told in (said, figures):
        assert SECRET not in told
        assert MARKER not in told
        assert "Traceback" not in told


async def _asked(client: Client, shape: str) -> None:
    reply = await client.post("/v1/scores", json.dumps(marked(judge=shape)))
    assert MARKER not in reply.raw.decode()
    if reply.status != 200:
        assert SECRET not in reply.raw.decode()
    elif shape == "normal":
        assert SECRET in reply.raw.decode()  # so that the search can find anything at all


async def test_each_line_of_the_log_is_json_with_fields_from_the_list(tmp_path: Path) -> None:
    async with StubJudge() as stub:
        stub.plays("normal", "fault_500", "unauthorized")
        with served(tmp_path, {"default": openai_judge(stub.url)}, log_level="DEBUG") as service:
            async with speaking_to(service.url) as client:
                for at in range(3):
                    await client.score(str(at))
                await client.post("/v1/scores", b"{")
            service.stop()
    lines = service.lines()
    assert {key for line in lines for key in line} <= ALLOWED
    assert all({"event", "level", "timestamp", "logger"} <= line.keys() for line in lines)
    failed = [line for line in lines if line["event"] == "no answer"]
    assert [(line["judge"], line["error_code"]) for line in failed] == [
        ("default", "unavailable"),
        ("default", "unauthorized"),
    ]
    assert all(line["request_id"] for line in failed)


@pytest.mark.clocked
async def test_after_sigterm_it_is_not_ready_and_finishes_what_it_has(tmp_path: Path) -> None:
    async with StubJudge(latency_s=2.0) as stub:
        with served(tmp_path, {"default": openai_judge(stub.url)}) as service:
            async with speaking_to(service.url) as client:
                assert (await client.get("/readyz")).body["status"] == "ready"
                asked = asyncio.create_task(client.score())
                await stub.somebody_asked()
                service.popen.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.2)
                ready = await client.get("/readyz")
                assert (ready.status, ready.body["status"]) == (503, "draining")
                assert (await client.get("/livez")).status == 200
                reply = await asked
                assert (reply.status, reply.body["outcome"]) == (200, "scored")
            assert await asyncio.to_thread(service.popen.wait, 5) in {0, -signal.SIGTERM}
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectionError):
                    await session.get(f"{service.url}/livez")


@pytest.mark.clocked
async def test_what_does_not_finish_is_cut_when_the_time_to_drain_is_over(tmp_path: Path) -> None:
    async with StubJudge() as stub:
        stub.plays("silence")
        with served(tmp_path, {"default": openai_judge(stub.url)}, drain_s="1") as service:
            async with speaking_to(service.url) as client:
                asked = asyncio.create_task(client.score())
                await stub.somebody_asked()
                service.popen.send_signal(signal.SIGTERM)
                await asyncio.to_thread(service.popen.wait, 6)
                reply = await asked
                assert (reply.status, reply.kind) == (503, "application/problem+json")
                assert reply.body["type"] == "urn:judge-service:problem:stopping"
                assert (reply.body["retryable"], reply.headers["Retry-After"]) == (True, "5")
        await stub.somebody_left(1.0)
    assert SECRET not in service.log.read_text("utf-8")
    assert {key for line in service.lines() for key in line} <= ALLOWED


@pytest.mark.clocked
async def test_a_connection_that_was_idle_for_a_while_still_serves(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        async with speaking_to(service.url):
            pass
        reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))
        for idle_s in (5.5, 0.0):  # longer than servers are wont to wait, shorter than proxies are
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(idle_s)
        writer.close()


@pytest.mark.clocked
async def test_ctrl_c_stops_it_at_once(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        async with speaking_to(service.url):
            pass
        service.popen.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(service.popen.wait, 5) in {0, 130, -signal.SIGINT}
    assert "Traceback" not in service.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"judges": "{"}, "JUDGE_SERVICE_JUDGES"),
        ({"judges": '{"a": {"kind": "openai"}}'}, "base_url and model"),
        ({"store_url": "nowhere"}, "store"),
        ({"rubrics_dir": "/nowhere"}, "no rubric"),
        ({"log_levle": "INFO"}, "JUDGE_SERVICE_LOG_LEVLE"),
        (
            {"judges": '{"a": {"kind": "litellm", "model": "m", "api_key_env": "NO_KEY"}}'},
            "NO_KEY",
        ),
    ],
)
def test_with_settings_at_fault_it_says_so_in_one_line_and_ends(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    env = environment(tmp_path, **settings)
    done = command(tmp_path, "serve", "--port", "0", env=env)
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        asyncio.run(_up(service.url))
        port = service.url.rpartition(":")[2]
        done = command(tmp_path, "serve", "--port", port, env=environment(tmp_path, store_url="memory://"))
    assert done.returncode != 0
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


async def _up(url: str) -> None:
    async with speaking_to(url):
        pass
