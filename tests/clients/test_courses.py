"""Answers that come bit by bit: cut anywhere they are the same, and nothing comes twice."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from bothclients import either
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scriptedserver import HANGS_UP, SCORE, Says, problem, says, scripted

from judge_client import Incompatible, NoAnswer, Patience, Refused, ScoredCase, Unreachable
from judge_client.courses import Download, Following, LineCutter

if TYPE_CHECKING:
    from collections.abc import Sequence

NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
JOB: dict[str, Any] = {
    "id": "job_1",
    "priority": "normal",
    "counts": {"total": 3},
    "usage": {},
    "created_at": 0.0,
    "expires_at": 1.0,
}


def result(name: str) -> bytes:
    told = {"id": name, "custom_id": name, "response": {"status_code": 200, "body": SCORE}, "error": None}
    return json.dumps(told).encode() + b"\n"


def event(number: int, state: str) -> bytes:
    kind = "end" if state == "completed" else "progress"
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(JOB | {'state': state})}\n\n".encode()


def item(index: int, **more: Any) -> bytes:
    return (
        json.dumps({"index": index, "custom_id": None, "status": 200, "score": SCORE} | more).encode() + b"\n"
    )


# A busy machine is slow at thinking up what to try; that says nothing of what is tried.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
CUTS = st.lists(st.integers(0, 10_000), max_size=9)
END = json.dumps({"done": True, "counts": {}, "spent": {}}).encode() + b"\n"


def in_pieces(whole: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    return [whole[start:end] for start, end in pairwise(places)]


@PATIENT
@given(
    st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b""))), st.lists(st.integers(0, 99))
)
def test_lines_are_the_same_wherever_they_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    cutter = LineCutter()
    assert [line for piece in in_pieces(whole, cuts) for line in cutter.feed(piece)] == lines
    assert cutter.position == len(whole)


@PATIENT
@given(CUTS)
def test_events_are_the_same_wherever_they_are_cut(cuts: list[int]) -> None:
    whole = b"retry: 1000\n\n: alive\n\n" + event(1, "in_progress") + event(2, "completed")
    course = Following("/x")
    told = [job.state for piece in in_pieces(whole, cuts) for job in course.feed(piece)]
    assert told == ["in_progress", "completed"]
    assert course.done


@PATIENT
@given(st.integers(0, 5_000))
def test_a_download_cut_anywhere_goes_on_at_a_line(cut: int) -> None:
    whole = b"".join(result(f"c{at}") for at in range(4))
    course = Download("/x", 0, lambda line, end: (json.loads(line)["custom_id"], end))
    course.call()
    told = list(course.feed(whole[: cut % len(whole)]))
    start = int(course.call().headers.get("range", "bytes=0-")[6:-1])
    told += course.feed(whole[start:])
    assert [name for name, _ in told] == ["c0", "c1", "c2", "c3"]
    assert told[-1][1] == len(whole)


async def test_a_lost_download_is_asked_for_from_where_it_was_lost(kind: str) -> None:
    whole = result("a") + result("b") + result("c")
    start = len(result("a"))
    first = Says(200, whole, kind=NDJSON, cut=start + 10)
    rest = Says(206, whole[start:], kind=NDJSON)
    async with scripted(first, HANGS_UP, rest) as (server, url), either(kind, url) as client:
        told = await client.do("jobs.results", "job_1")
    assert [one.custom_id for one in told] == ["a", "b", "c"]
    assert told[-1].end == len(whole)
    assert [heard.headers.get("range") for heard in server.heard] == [None, *[f"bytes={start}-"] * 2]


async def test_a_download_that_cannot_be_had_is_an_error(kind: str) -> None:
    patience = Patience(tries=3)
    async with scripted(HANGS_UP) as (server, url), either(kind, url, patience=patience) as client:
        with pytest.raises(Unreachable):
            await client.do("jobs.results", "job_1")
        assert len(server.heard) == 3
    gone = problem(404, retryable=False)
    async with scripted(gone) as (_, url), either(kind, url) as client:
        with pytest.raises(Refused):
            await client.do("jobs.results", "job_1")
    whole = Says(200, result("a"), kind=NDJSON)
    async with scripted(whole) as (_, url), either(kind, url) as client:
        with pytest.raises(Incompatible, match="whole file"):
            await client.do("jobs.results", "job_1", start=7)


@pytest.mark.parametrize("line", [b"no line\n", b"[]\n", b'{"custom_id": "a", "response": null}\n'])
async def test_a_line_that_is_none_is_no_result(kind: str, line: bytes) -> None:
    async with scripted(Says(200, line, kind=NDJSON)) as (_, url), either(kind, url) as client:
        for part in ("results", "errors"):
            with pytest.raises(Incompatible):
                await client.do(f"jobs.{part}", "job_1")


async def test_a_job_is_followed_over_lost_connections(kind: str) -> None:
    first = Says(200, event(4, "in_progress") + event(5, "finalizing"), kind=EVENTS)
    cut = Says(200, event(6, "finalizing") * 2, kind=EVENTS, cut=20)
    last = Says(200, event(7, "completed"), kind=EVENTS)
    busy = problem(503, retryable=True)
    async with scripted(first, cut, busy, last) as (server, url), either(kind, url) as client:
        told = await client.do("jobs.watch", "job_1")
    assert [job.state for job in told] == ["in_progress", "finalizing", "completed"]
    assert [heard.headers.get("last-event-id") for heard in server.heard] == [None, "5", "5", "5"]


async def test_of_a_cut_batch_only_the_rest_is_asked_again(kind: str) -> None:
    first = Says(200, item(2) + item(0) + item(1), kind=NDJSON, cut=len(item(2) + item(0)) + 5)
    second = Says(200, item(0, custom_id="was one") + END, kind=NDJSON)
    async with scripted(first, second) as (server, url), either(kind, url) as client:
        rows = [{"rubric": "r", "case": {"response": str(at)}} for at in range(3)]
        told = await client.do("stream", rows)
    assert [(one.index, type(one.result)) for one in told] == [(at, ScoredCase) for at in (2, 0, 1)]
    asked = [[row["case"]["response"] for row in json.loads(heard.body)["items"]] for heard in server.heard]
    assert asked == [["0", "1", "2"], ["1"]]
    assert all("x-request-deadline-ms" in heard.headers for heard in server.heard)


@pytest.mark.parametrize(
    "told", [item(0) + item(0) + END, item(0) + END, item(7), item(0, score=None), b"x\n"]
)
async def test_a_batch_that_tells_too_much_or_too_little_is_of_no_api(kind: str, told: bytes) -> None:
    async with scripted(Says(200, told, kind=NDJSON)) as (_, url), either(kind, url) as client:
        with pytest.raises(Incompatible):
            await client.do("stream", [{"case": {"response": "x"}}] * 2, defaults={"rubric": "r"})


async def test_a_refused_batch_is_refused(kind: str) -> None:
    async with scripted(problem(422, retryable=False)) as (_, url), either(kind, url) as client:
        with pytest.raises(Refused):
            await client.do("stream", [{}])
    async with scripted(problem(500, retryable=False)) as (_, url), either(kind, url) as client:
        with pytest.raises(NoAnswer):
            await client.do("stream", [{}])
    async with scripted(says({}, 204)) as (_, url), either(kind, url) as client:
        with pytest.raises(Incompatible, match="204"):
            await client.do("stream", [{}])
