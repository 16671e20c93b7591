"""A service's jobs over HTTP, for people at a terminal: the only place here that imports httpx."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Self
from urllib.parse import quote

import typer

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    import httpx

Url = Annotated[str, typer.Option(help="Where the service is.", envvar="JUDGE_URL")]
Tenant = Annotated[str | None, typer.Option(help="Sent as X-Tenant.", envvar="JUDGE_TENANT")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id: job_…")]
URL = "http://127.0.0.1:8080"

_TRIES = 6
_FIRST_PAUSE_S = 0.5
_SILENT_S = 60.0
_AGAIN = frozenset({409, 429, 502, 503, 504})
_HELD = 409  # the key is another POST's, or that of a try of ours whose server was killed
_HELD_S = 30.0  # how long to ask on then; a service lets go of such a key after half of it
_LONGEST_PAUSE_S = 8.0
_LONGEST_ASKED_S = 60.0
_PARTIAL, _BEYOND, _LEAST_FAULT = 206, 416, 400
_OF_A_JOB = frozenset({"id", "state", "counts", "outcomes", "usage", "faults", "workers"})


class Service:
    """Calls a service; a call that may pass is made again, with pauses, before it is given up."""

    def __init__(self, url: str, tenant: str | None, sleep: Callable[[float], None] = time.sleep) -> None:
        import httpx  # noqa: PLC0415  a tenth of a second

        self._sleep = sleep
        headers = {"X-Tenant": _in_a_header("--tenant", tenant)} if tenant else {}
        try:
            base = httpx.URL(url)
        except httpx.InvalidURL as exc:
            raise ConfigurationError("--url is no address") from exc
        if base.scheme not in {"http", "https"} or not base.host:
            raise ConfigurationError("--url must begin with http:// or https:// and name a host")
        self._client = httpx.Client(base_url=base, headers=headers, timeout=httpx.Timeout(10, read=_SILENT_S))
        self._faults = (httpx.TransportError,)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def job(self, job: str) -> dict[str, Any]:
        """Look at a job."""
        return self._json("GET", _path(job), _OF_A_JOB)

    def jobs(self, limit: int) -> list[dict[str, Any]]:
        """The newest jobs."""
        told = self._json("GET", "/v1/jobs", frozenset({"data"}), params={"limit": str(limit)})
        found: list[dict[str, Any]] = told["data"]
        return found

    def cancel(self, job: str) -> dict[str, Any]:
        """Begin to end a job."""
        return self._json("POST", f"{_path(job)}/cancel", _OF_A_JOB)

    def submit(
        self, lines: Callable[[], Iterator[bytes]], options: dict[str, str], key: str
    ) -> dict[str, Any]:
        """Hand over lines, which are given anew for each try; the key makes one job of all tries."""
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": _in_a_header("--key", key)}
        answer = self._tried(
            lambda: self._client.post(
                "/v1/jobs", content=lines(), params=options, headers=headers, timeout=None
            )
        )
        return _read(answer, _OF_A_JOB)

    @contextmanager
    def rest(self, job: str, kind: str, start: int) -> Iterator[Iterator[bytes]]:
        """What a file of a job holds from `start` on; nothing where it is not so long."""
        headers = {"Range": f"bytes={start}-"}
        try:
            with self._client.stream("GET", f"{_path(job)}/{kind}", headers=headers) as answer:
                if answer.status_code == _BEYOND:
                    yield iter(())
                    return
                _refuse(answer)
                _expect(answer, "application/x-ndjson")
                if start and answer.status_code != _PARTIAL:
                    raise ConfigurationError("the service gave the whole file where its rest was asked for")
                yield answer.iter_bytes()
        except self._faults as exc:
            raise _gone(exc) from exc

    def events(self, job: str) -> Iterator[dict[str, Any]]:
        """The job whenever it changed, until it has ended; a connection that is lost is made again."""
        seen, tries = "0", 0
        while True:
            try:
                with self._client.stream(
                    "GET", f"{_path(job)}/events", headers={"Last-Event-ID": seen}
                ) as answer:
                    tries += answer.status_code in _AGAIN
                    if answer.status_code not in _AGAIN or tries == _TRIES:
                        _refuse(answer)
                        _expect(answer, "text/event-stream")
                    for event in _events(answer.iter_lines()):
                        seen, tries = event["id"], 0
                        yield json.loads(event["data"])
                        if event["event"] == "end":
                            return
            except self._faults as exc:
                tries += 1
                if tries == _TRIES:
                    raise _gone(exc) from exc
            self._sleep(_FIRST_PAUSE_S * 2**tries)

    def _json(self, method: str, path: str, keys: frozenset[str], **more: Any) -> dict[str, Any]:
        return _read(self._tried(lambda: self._client.request(method, path, **more)), keys)

    def _tried(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        tried, held_s = 0, 0.0
        while True:
            pause, tried = _FIRST_PAUSE_S * 2**tried, tried + 1
            try:
                answer = call()
            except self._faults as exc:
                if tried >= _TRIES:
                    raise _gone(exc) from exc
            else:
                held = answer.status_code == _HELD and held_s < _HELD_S
                if answer.status_code not in _AGAIN or (tried >= _TRIES and not held):
                    _refuse(answer)
                    return answer
                pause = max(min(pause, _LONGEST_PAUSE_S), _asked_s(answer))
                held_s += pause if answer.status_code == _HELD else 0.0
            self._sleep(pause)


def _in_a_header(option: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ConfigurationError(f"{option} may hold printable ASCII only, with no space around it")
    return value


def _asked_s(answer: httpx.Response) -> float:
    """Seconds that the service asks to wait before the next try."""
    told = answer.headers.get("retry-after", "")
    return min(float(told), _LONGEST_ASKED_S) if told.isascii() and told.isdigit() else 0.0


def _path(job: str) -> str:
    return f"/v1/jobs/{quote(job, safe='')}"


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events with data, from their lines."""
    event = {"id": "0", "event": "message", "data": ""}
    for line in lines:
        if not line:
            if event["data"]:
                yield event
            event = {**event, "event": "message", "data": ""}
        field, colon, value = line.partition(":")
        if colon and field in event:
            event[field] = value.removeprefix(" ")


def _read(answer: httpx.Response, keys: frozenset[str]) -> dict[str, Any]:
    """What was told; where that is no object with these keys, it was not a service of ours that told it."""
    try:
        told = answer.json()
    except ValueError:  # no JSON, or no text
        told = None
    if not isinstance(told, dict) or not keys <= told.keys():
        raise _stranger(answer)
    return told


def _expect(answer: httpx.Response, kind: str) -> None:
    if answer.headers.get("content-type", "").partition(";")[0].strip() != kind:
        raise _stranger(answer)


def _stranger(answer: httpx.Response) -> ConfigurationError:
    return ConfigurationError(
        f"what answers there (with status {answer.status_code}) is no judge service; is --url right?"
    )


def _refuse(answer: httpx.Response) -> None:
    if answer.status_code >= _LEAST_FAULT:
        answer.read()
        try:
            problem = answer.json()
            detail = f"{problem['title']}: {problem['detail']}"
        except (ValueError, KeyError, TypeError):
            detail = f"it answered with status {answer.status_code}"
        raise ConfigurationError(f"the service refuses: {detail}")


def _gone(exc: Exception) -> ConfigurationError:
    return ConfigurationError(f"the service cannot be reached ({type(exc).__name__}); is --url right?")
