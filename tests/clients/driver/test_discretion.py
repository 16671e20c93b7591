"""What a gateway before the judge says of an error: no key of it is kept, and nothing of a case."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from driving import QUESTIONS, stage
from scriptedserver import PROBLEM, VERSION, Heard, Says, ScriptedServer, says

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

KEY = "jk-0123456789abcdef"
WORDS = ("--limit", "1", "--judge-key-env", "KEY_OF_JUDGE")


class Gateway(ScriptedServer):
    """Stands before a service; what it refuses is told in its own words, all else as the service says it."""

    def __init__(self, service: dict[str, bytes], refusal: Callable[[Heard], Says | None]) -> None:
        super().__init__([], says(VERSION))
        self.service = service
        self.refusal = refusal

    def _next(self, heard: Heard) -> Says:
        return self.refusal(heard) or Says(body=self.service[heard.path])


@asynccontextmanager
async def gateway(service: str, refusal: Callable[[Heard], Says | None]) -> AsyncIterator[str]:
    """A gateway's address."""
    async with httpx.AsyncClient(base_url=service) as client:
        paths = ("/v1/version", "/v1/judges", "/v1/rubrics/med-cmr")
        told = {path: (await client.get(path)).content for path in paths}
    server = await asyncio.start_server(Gateway(told, refusal).serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def problem(**words: Any) -> Says:
    return says({"type": "about:blank", "title": "No", "status": 401, **words}, 401, kind=PROBLEM)


def kept(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.iterdir() if path.is_file())


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_JUDGE", KEY)


@pytest.mark.parametrize("wrapped", [str, ascii, json.dumps], ids=["plain", "ascii", "json"])
async def test_a_reason_that_quotes_the_case_is_not_kept(
    tmp_path: Path, wrapped: Callable[[str], str]
) -> None:
    def refusal(heard: Heard) -> Says | None:
        if heard.path != "/v1/scores":
            return None
        asked = json.loads(heard.body)["case"]["prompt"]
        return problem(detail=f"invalid key {heard.headers['authorization']} case: {wrapped(asked)}")

    async with stage(tmp_path / "run") as run, gateway(run.service, refusal) as run.service:
        code, told = await run.run(*WORDS)
        assert code == 1
        assert "the reason quotes the request, and is not kept" in told
        assert not any(question in told for question in QUESTIONS)
        (line,) = [line for line in run.lines("scores") if line["kind"] == "open"]
        assert line["reason"] == "No: the reason quotes the request, and is not kept"
        assert KEY not in told + kept(run.out)


@pytest.mark.parametrize("before", [0, 494])  # there, what is told is cut in the midst of the key
async def test_a_reason_is_told_without_the_key(tmp_path: Path, before: int) -> None:
    def refusal(heard: Heard) -> Says | None:
        said = f"{'x' * before} {heard.headers['authorization']} is unknown"
        return problem(detail=said, title=said) if heard.path == "/v1/scores" else None

    async with stage(tmp_path / "run") as run, gateway(run.service, refusal) as run.service:
        code, told = await run.run(*WORDS)
        assert code == 1
        assert "Bearer … is unknown" in told
        assert "jk-" not in told + kept(run.out)


@pytest.mark.parametrize("path", ["/v1/rubrics/med-cmr", "/v1/judges"])
async def test_what_is_said_before_the_run_begins_is_told_without_the_key(tmp_path: Path, path: str) -> None:
    def refusal(heard: Heard) -> Says | None:
        return problem(detail=f"{heard.headers['authorization']} is unknown") if heard.path == path else None

    async with stage(tmp_path / "run") as run, gateway(run.service, refusal) as run.service:
        code, told = await run.run(*WORDS)
        assert (code, told) == (2, "judge-client: No: Bearer … is unknown\n")
