"""Runs the service on a loopback port, in this process or in one of its own, and speaks to it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import uvicorn
from redis_server import free_port

from judge_service.main import create_app
from judge_service.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

BINARY = Path(sys.executable).with_name("judge-service")
RUBRICS = Path(__file__).parent.parent / "rubrics"
NOWHERE = Path(__file__).parent / "no-maps"  # a test keeps its own
EMBEDDED: dict[str, Any] = {"default": {"kind": "embedded"}}
REFERENCE = "Right lower lobe pneumonia."
START_WITHIN_S = 20.0

Judges = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The decoded body; NaN and Infinity are no JSON."""
        decoded: dict[str, Any] = json.loads(self.raw, parse_constant=_no_constant)
        return decoded

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("Content-Type", "").partition(";")[0]


def _no_constant(name: str) -> float:
    raise AssertionError(f"the answer holds {name}")


def order(response: str = "Pneumonia on the right.", /, **fields: Any) -> dict[str, Any]:
    """A scoring request under `medical-qa`."""
    case = {"response": response, "reference": REFERENCE} | fields.pop("case", {})
    return {"rubric": "medical-qa", "case": case, **fields}


class Client:
    """Speaks to one running service."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def score(
        self,
        response: str = "Pneumonia on the right.",
        /,
        *,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Reply:
        """Ask for one score."""
        return await self.post("/v1/scores", json.dumps(order(response, **fields)), headers=headers)

    async def post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Post a raw body as JSON, unless the headers say otherwise."""
        return await self.send(
            "POST", path, data=body, headers={"Content-Type": "application/json", **(headers or {})}
        )

    async def get(self, path: str) -> Reply:
        """Get a path."""
        return await self.send("GET", path)

    async def send(self, method: str, path: str, **options: Any) -> Reply:
        """Send any request."""
        async with self._session.request(method, self.url + path, **options) as response:
            return Reply(response.status, response.headers, await response.read())

    async def counted(self, name: str, **labels: str) -> float:
        """Read a counter's sum over the series that carry these labels."""
        text = (await self.get("/metrics")).raw.decode()
        lines = [line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(each in line for each in wanted))


@asynccontextmanager
async def speaking_to(url: str) -> AsyncIterator[Client]:
    """Open a client and wait until the service answers."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        client = Client(session, url)
        await _answers(client)
        yield client


async def _answers(client: Client) -> None:
    async with asyncio.timeout(START_WITHIN_S):
        while True:
            try:
                await client.get("/livez")
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)
            else:
                return


def openai_judge(url: str, **settings: Any) -> dict[str, Any]:
    """The settings of a judge behind a stub; it is asked once."""
    return {"kind": "openai", "base_url": url, "model": "stub", "max_attempts": 1, **settings}


def settings_of(judges: Judges | None = None, **fields: Any) -> Settings:
    """Settings of a test's service, which keeps nothing unless told to."""
    chosen: dict[str, Any] = {
        "judges": judges or EMBEDDED,
        "store_url": "memory://",
        "rubrics_dir": RUBRICS,
        "calibration_maps_dir": NOWHERE,
        **fields,
    }
    return Settings(**chosen)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are the test runner's


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application in this event loop; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
        server = _Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def serving(judges: Judges | None = None, **fields: Any) -> AsyncIterator[Client]:
    """Serve with these judges and settings in this event loop; gives a client."""
    async with (
        running(create_app(settings_of(judges, **fields))) as url,
        speaking_to(url) as client,
    ):
        yield client


def environment(home: Path, judges: Judges | str | None = None, **settings: str) -> dict[str, str]:
    """The environment of a command: nothing of ours, and these settings."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": "160", "NO_COLOR": "1"}
    variables |= {name: value for name, value in os.environ.items() if name.startswith("STUB_")}
    variables["JUDGE_SERVICE_RUBRICS_DIR"] = str(RUBRICS)
    if judges is not None:
        variables["JUDGE_SERVICE_JUDGES"] = judges if isinstance(judges, str) else json.dumps(judges)
    return variables | {f"JUDGE_SERVICE_{name.upper()}": value for name, value in settings.items()}


def command(
    home: Path, *words: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line to its end."""
    return subprocess.run(
        [BINARY, *words],
        env=env or environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(slots=True)
class Process:
    """A service in a process of its own."""

    popen: subprocess.Popen[bytes]
    url: str
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged, line by line; each line has to be a JSON object."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(30)


@contextmanager
def served(home: Path, judges: Judges | None = None, **settings: str) -> Iterator[Process]:
    """Run `judge-service serve` on a free port; its standard error goes to a file under `home`."""
    port = free_port()
    log = home / f"service-{time.monotonic_ns()}.log"
    env = environment(home, judges, **{"store_url": "memory://", **settings})
    with log.open("wb") as stderr:
        popen = subprocess.Popen([BINARY, "serve", "--port", str(port)], env=env, cwd=home, stderr=stderr)
    process = Process(popen, f"http://127.0.0.1:{port}", log)
    try:
        yield process
    finally:
        process.stop(signal.SIGKILL)
