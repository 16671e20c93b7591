"""A vLLM server as a child of ours: started, waited for, watched, and stopped with all of its processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

API_KEY = "VLLM_API_KEY"  # vLLM asks for this key where the variable is set; what we start inherits it
_LOOK_EVERY_S = 0.25
_PATIENCE_S = 2.0  # of one look


class ServerFailed(ConfigurationError):
    """The server did not start, or ended by itself."""


def served(host: str, port: int) -> list[str] | None:
    """Names of the models served there; None where nobody answers, `ConfigurationError` for somebody else.

    A server that wants another key than ours is somebody else's.
    """
    try:
        status, body = _get(host, port, "/v1/models")
    except OSError:
        return None
    except http.client.HTTPException:
        raise ConfigurationError(f"{host}:{port} is taken by a server that speaks no HTTP") from None
    try:
        rows = json.loads(body)["data"] if status == http.HTTPStatus.OK else None
        return [str(row["id"]) for row in rows]  # type: ignore[union-attr]  # what is no list is told below
    except (ValueError, TypeError, KeyError):
        raise ConfigurationError(f"{host}:{port} is taken by a server that lists no models") from None


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], patience_s: float) -> Iterator[Process]:
    """Start it in a process group of its own; at the end SIGTERM, and in time SIGKILL to whatever is left of it."""
    try:
        child = subprocess.Popen(  # noqa: S603  the caller's own command, and no shell
            list(command), env={**os.environ, **environment}, start_new_session=True, stdin=subprocess.DEVNULL
        )
    except OSError as exc:
        raise ConfigurationError(f"{command[0]} cannot be started: {exc.strerror}") from None
    try:
        yield Process(child)
    finally:
        _stop(child, patience_s)


class Process:
    """The running server."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    def wait_ready(self, host: str, port: int, patience_s: float) -> float:
        """Wait for its health; the seconds it took. `ServerFailed` when it ends or is too slow."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < patience_s:
            self._alive()
            try:
                if _get(host, port, "/health")[0] == http.HTTPStatus.OK:
                    return time.monotonic() - began
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(_LOOK_EVERY_S)
        raise ServerFailed(f"the server is not healthy after {passed:.0f} s")

    def watch(self) -> None:
        """Stay until it ends by itself, which is a failure."""
        while True:
            self._alive()
            time.sleep(_LOOK_EVERY_S)

    def _alive(self) -> None:
        code = self._child.poll()
        if code is not None:
            told = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise ServerFailed(f"the server ended by itself ({told}); its last lines say why")


def _get(host: str, port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        key = os.environ.get(API_KEY)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def _stop(child: subprocess.Popen[bytes], patience_s: float) -> None:
    _signal(child, signal.SIGTERM)
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal(child, signal.SIGKILL)  # its engine and workers, should they have outlived it
        child.wait()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return
