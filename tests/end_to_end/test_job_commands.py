"""`judge-service jobs …` against a service in a process of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from serving import command, order, served
from stubjudge import StubJudge
from typer.testing import CliRunner

from judge_service.api.job_options import JobOptions
from judge_service.cli import app
from judge_service.errors import ConfigurationError
from judge_service.job_commands.following import summary
from judge_service.job_commands.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("service")) as process:
        with Service(process.url, None) as service:
            service.jobs(1)  # tried until it answers
        yield process.url


def jobs(url: str, *words: str, tenant: str = "commands") -> Result:
    return CliRunner().invoke(app, ["jobs", *words, "--url", url, "--tenant", tenant])


def a_file(folder: Path, count: int, *more: str) -> Path:
    path = folder / "in.ndjson"
    lines = [
        json.dumps(
            {"custom_id": f"c{n}", "method": "POST", "url": "/v1/scores", "body": order(f"Finding {n}.")}
        )
        for n in range(count)
    ]
    path.write_text("\n".join([*lines, *more]) + "\n", "utf-8")
    return path


def submitted(url: str, path: Path, *words: str) -> str:
    done = jobs(url, "submit", str(path), *words)
    assert done.exit_code == 0, done.output
    return done.stdout.split()[0]


def test_a_file_goes_in_and_its_lines_come_out(url: str, tmp_path: Path) -> None:
    done = jobs(url, "submit", str(a_file(tmp_path, 20)), "--watch")
    assert done.exit_code == 0, done.output
    job = done.stdout.split()[0]
    assert "20 of 20 answered, 0 without an answer" in done.output
    out, errors = tmp_path / "out.ndjson", tmp_path / "errors.ndjson"
    assert jobs(url, "fetch", job, "--out", str(out), "--errors", str(errors)).exit_code == 0
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert sorted(line["custom_id"] for line in lines) == sorted(f"c{n}" for n in range(20))
    assert {line["response"]["status_code"] for line in lines} == {200}
    assert errors.read_text("utf-8") == ""


def test_a_download_that_was_cut_goes_on(url: str, tmp_path: Path) -> None:
    job = submitted(url, a_file(tmp_path, 5), "--watch")
    whole, half = tmp_path / "whole.ndjson", tmp_path / "half.ndjson"
    jobs(url, "fetch", job, "--out", str(whole))
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for _ in range(2):
        assert jobs(url, "fetch", job, "--out", str(half)).exit_code == 0
        assert half.read_bytes() == whole.read_bytes()


def test_another_files_lines_are_not_added_to(url: str, tmp_path: Path) -> None:
    path = a_file(tmp_path, 1)
    job = submitted(url, path, "--watch")
    before = path.read_bytes()
    refused = jobs(url, "fetch", job, "--out", str(path))
    assert isinstance(refused.exception, ConfigurationError)
    assert "something else" in str(refused.exception)
    assert path.read_bytes() == before


def test_what_is_not_the_jobs_own_beginning_is_not_gone_on_from(url: str, tmp_path: Path) -> None:
    job = jobs(url, "submit", str(a_file(tmp_path, 3, "{"))).stdout.split()[0]
    jobs(url, "watch", job)
    out, errors = tmp_path / "out.ndjson", tmp_path / "errors.ndjson"
    jobs(url, "fetch", job, "--out", str(out), "--errors", str(errors))
    out.write_bytes(out.read_bytes() + b"\n")
    for path in (out, errors):
        before = path.read_bytes()
        refused = jobs(url, "fetch", job, "--out", str(path))
        assert isinstance(refused.exception, ConfigurationError)
        assert "does not end as" in str(refused.exception)
        assert path.read_bytes() == before


def test_an_id_that_is_none_is_not_taken_for_a_path(url: str) -> None:
    refused = jobs(url, "show", "../files")
    assert isinstance(refused.exception, ConfigurationError)


def test_rows_of_cases_become_lines(url: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("answer,reference\nPneumonia.,Pneumonia.\nA fracture.,Pneumonia.\n", "utf-8")
    mapped = ("--rubric", "medical-qa", "--map", "answer=response", "--watch")
    job = submitted(url, rows, *mapped)
    out = tmp_path / "out.ndjson"
    jobs(url, "fetch", job, "--out", str(out))
    found = {json.loads(line)["custom_id"] for line in out.read_text("utf-8").splitlines()}
    assert found == {"row-1", "row-2"}


def test_a_row_that_is_no_case_ends_as_an_error_and_harms_no_neighbour(url: str, tmp_path: Path) -> None:
    rows, errors = tmp_path / "rows.jsonl", tmp_path / "errors.ndjson"
    row = '{"response": "Pneumonia.", "reference": "Pneumonia."}'
    rows.write_text(f'{row}\n{{"response": 5}}\nnonsense\n{row}\n', "utf-8")
    done = jobs(url, "submit", str(rows), "--rubric", "medical-qa", "--watch")
    assert done.exit_code == 3, done.output
    assert "2 of 4 answered, 2 without an answer" in done.output
    assert [done.output.count(f"row {n} of rows.jsonl is no case") for n in (1, 2, 3, 4)] == [0, 1, 1, 0]
    jobs(url, "fetch", done.stdout.split()[0], "--out", str(tmp_path / "out"), "--errors", str(errors))
    told = [json.loads(line) for line in errors.read_text("utf-8").splitlines()]
    assert {line["custom_id"] for line in told} == {"row-2", "row-3"}
    assert {line["response"]["status_code"] for line in told} == {422}


@pytest.mark.parametrize(
    ("table", "fault"), [('response\na\n"b', "unread"), ("answer\na\n", "no row has a response")]
)
def test_a_table_of_which_rows_are_lost_is_not_handed_over(
    url: str, tmp_path: Path, table: str, fault: str
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(table, "utf-8")
    refused = jobs(url, "submit", str(rows), "--rubric", "medical-qa", tenant="tables")
    assert isinstance(refused.exception, ConfigurationError)
    assert fault in str(refused.exception)
    assert jobs(url, "list", tenant="tables").stdout.count("job_") == 0


def test_a_bad_line_is_told_by_the_exit_code(url: str, tmp_path: Path) -> None:
    done = jobs(url, "submit", str(a_file(tmp_path, 2, "nonsense")), "--watch")
    assert done.exit_code == 3
    assert "bad_line: 1" in done.output


def test_one_key_makes_one_job(url: str, tmp_path: Path) -> None:
    path = a_file(tmp_path, 1)
    assert submitted(url, path, "--key", "mine") == submitted(url, path, "--key", "mine")
    refused = jobs(url, "submit", str(a_file(tmp_path, 2)), "--key", "mine")
    assert "used for other lines" in str(refused.exception)


def test_every_option_of_a_job_is_one_of_submit(url: str, tmp_path: Path) -> None:
    given = {
        "priority": "low",
        "concurrency": "2",
        "per_minute": "600.0",
        "max_cost_usd": "0.5",
        "expires_in_s": "600.0",
        "kept_s": "60.0",
        "metadata": '{"study": "one"}',
    }
    assert set(given) == set(JobOptions.model_fields)
    words = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)]
    job = submitted(url, a_file(tmp_path, 1), *words)
    told = json.loads(jobs(url, "show", job, "--json").stdout)
    assert {name: told[name] for name in ("priority", "concurrency", "metadata")} == {
        "priority": "low",
        "concurrency": 2,
        "metadata": {"study": "one"},
    }


def test_jobs_are_listed_to_their_tenant(url: str, tmp_path: Path) -> None:
    job = submitted(url, a_file(tmp_path, 1))
    assert job in jobs(url, "list").stdout
    assert job not in jobs(url, "list", tenant="another").stdout
    refused = jobs(url, "show", job, tenant="another")
    assert "no job is kept under this id" in str(refused.exception)


async def test_a_cancelled_job_ends_and_says_so(tmp_path: Path) -> None:
    async with StubJudge(latency_s=30) as stub:
        judge: dict[str, Any] = {"kind": "openai", "base_url": stub.url, "model": "stub"}
        with served(tmp_path, {"default": judge}) as process:

            def course() -> tuple[int, str]:
                with Service(process.url, "commands") as service:
                    service.jobs(1)
                job = submitted(process.url, a_file(tmp_path, 3))
                jobs(process.url, "cancel", job)
                watched = jobs(process.url, "watch", job)
                return watched.exit_code, watched.output

            code, told = await asyncio.to_thread(course)
    assert code == 3
    assert "cancelled: 3" in told


def test_a_service_that_is_not_there_is_named() -> None:
    with Service("http://127.0.0.1:9", None, sleep=lambda _: None) as service:
        with pytest.raises(ConfigurationError, match="cannot be reached"):
            service.job("job_1")
        with pytest.raises(ConfigurationError, match="cannot be reached"):
            next(service.events("job_1"))


class Recovering(BaseHTTPRequestHandler):
    """Is away for the first call, then tells that a job has ended."""

    calls = 0

    def do_GET(self) -> None:
        Recovering.calls += 1
        self.send_response(503 if Recovering.calls == 1 else 200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"{}" if Recovering.calls == 1 else b'id: 1\nevent: end\ndata: {"n": 1}\n\n')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_who_follows_a_job_bears_a_service_that_is_away_for_a_moment() -> None:
    with HTTPServer(("127.0.0.1", 0), Recovering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Service(f"http://127.0.0.1:{server.server_port}", None, sleep=lambda _: None) as service:
            assert list(service.events("job_1")) == [{"n": 1}]
        server.shutdown()


class Stranger(BaseHTTPRequestHandler):
    """A page, or an object that is no job, wherever one asks."""

    says = b""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.says)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def a_stranger(says: bytes) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), type("Saying", (Stranger,), {"says": says})) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("says", [b"<html>", b"\xff", b"[]", b"{}", b'{"id": "job_1"}'])
def test_what_is_no_judge_service_is_called_so(tmp_path: Path, says: bytes) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("response\nx\n", "utf-8")
    with a_stranger(says) as url:
        for words in (
            ("list",),
            *(("show", "job_1"), ("watch", "job_1"), ("cancel", "job_1")),
            ("fetch", "job_1", "--out", str(tmp_path / "out")),
            ("submit", str(rows), "--rubric", "medical-qa"),
        ):
            refused = jobs(url, *words)
            assert isinstance(refused.exception, ConfigurationError), (words, refused.output)
            assert "no judge service" in str(refused.exception)


def test_what_is_wrong_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    with a_stranger(b"<html>") as url:
        done = command(tmp_path, "jobs", "show", "job_1", "--url", url)
    assert (len(done.stderr.splitlines()), done.stdout) == (1, "")
    assert "is --url right?" in done.stderr
    assert done.returncode != 0


def test_what_is_unknown_is_called_so() -> None:
    job = {
        "id": "job_1",
        "state": "in_progress",
        "counts": {"total": 2, "completed": 1, "failed": 0},
        "outcomes": {"scored": 1},
        "usage": {"cost_microusd": None},
        "faults": [],
        "workers": 0,
    }
    assert summary(job)[-2:] == ["  cost unknown", "  no worker is alive: start `judge-service worker`"]
