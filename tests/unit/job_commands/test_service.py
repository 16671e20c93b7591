"""How the jobs' commands call a service: what is tried again, how long, and what is not tried at all."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from judge_service.errors import ConfigurationError
from judge_service.job_commands.service import Service
from judge_service.jobs.holding import HELD_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOB = dict.fromkeys(("id", "state", "counts", "outcomes", "usage", "faults", "workers"))


class Time:
    """Goes on only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@contextmanager
def answering(status: Callable[[], int], retry_after: str | None) -> Iterator[str]:
    """A service that gives a job with a status."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told = json.dumps(JOB).encode()
            self.send_response(status())
            self.send_header("Content-Length", str(len(told)))
            if retry_after is not None:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("retry_after", ["1", "5", "soon", None])
def test_a_key_that_a_killed_server_held_is_waited_for(retry_after: str | None) -> None:
    time = Time()
    free_s = HELD_S + 10.0  # the server starts again before it can say that the key is held

    def status() -> int:
        return 409 if time.now < free_s else 200

    with answering(status, retry_after) as url, Service(url, None, sleep=time.sleep) as service:
        assert service.job("job_1") == JOB
    assert time.now <= free_s + 8.0


@pytest.mark.parametrize(("status", "least_s", "most_s"), [(409, 30, 40), (503, 15, 40), (404, 0, 0)])
def test_what_does_not_pass_is_given_up(status: int, least_s: float, most_s: float) -> None:
    time = Time()
    with (
        answering(lambda: status, "2") as url,
        Service(url, None, sleep=time.sleep) as service,
        pytest.raises(ConfigurationError),
    ):
        service.job("job_1")
    assert least_s <= time.now <= most_s


def test_a_service_that_says_when_to_come_back_is_not_asked_before() -> None:
    time, asked = Time(), list[float]()

    def status() -> int:
        asked.append(time.now)
        return 503 if time.now < 20 else 200

    with answering(status, "20") as url, Service(url, None, sleep=time.sleep) as service:
        service.job("job_1")
    assert asked == [0.0, 20.0]


@pytest.mark.parametrize(
    ("url", "tenant", "named"),
    [
        ("http://[::", None, "--url"),
        ("localhost:1", None, "--url"),
        ("ftp://localhost", None, "--url"),
        ("http://", None, "--url"),
        ("http://localhost:1", "t\u00e9", "--tenant"),
        ("http://localhost:1", "a\nb", "--tenant"),
        ("http://localhost:1", " a", "--tenant"),
    ],
)
def test_what_can_be_sent_to_nobody_is_named_and_not_tried(url: str, tenant: str | None, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Service(url, tenant)


@pytest.mark.parametrize("key", ["k\u00e9", "a\tb", "\udcff"])
def test_a_key_that_no_header_holds_is_named_and_not_tried(key: str) -> None:
    time = Time()
    service = Service("http://127.0.0.1:9", None, sleep=time.sleep)
    with service, pytest.raises(ConfigurationError, match="--key"):
        service.submit(lambda: iter([b""]), {}, key)
    assert time.now == 0
