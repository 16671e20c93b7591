"""Jobs through both clients, before the real service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from serving import REFERENCE

from judge_client import NoAnswer, Refused, ScoredCase, UnscoredCase
from judge_client.uploads import pieces_of

if TYPE_CHECKING:
    from pathlib import Path

    from bothclients import Either


def body(at: int, **case: Any) -> dict[str, Any]:
    given = {"response": f"Pneumonia {at}.", "reference": REFERENCE} | case
    return {"rubric": "medical-qa", "case": given}


def some(count: int) -> list[tuple[str, dict[str, Any]]]:
    return [(f"case-{at}", body(at)) for at in range(count)]


async def test_a_job_from_an_iterator_is_handed_over_waited_for_and_read(client: Either) -> None:
    lines = [*some(30), ("abstained", {"rubric": "medical-qa", "case": {"response": "x"}})]
    job = await client.do("jobs.submit", iter(lines), metadata={"run": "7"}, priority="high")
    ended = await client.do("jobs.wait", job.id)
    assert ended.state == "completed"
    assert ended.counts.total == 31
    assert ended.metadata == {"run": "7"}
    results = {one.custom_id: one.result for one in await client.do("jobs.results", job.id)}
    assert set(results) == {name for name, _ in lines}
    assert isinstance(results["abstained"], UnscoredCase)
    assert all(isinstance(told, ScoredCase) for name, told in results.items() if name != "abstained")


async def test_a_job_from_a_file_is_sent_as_it_is(client: Either, tmp_path: Path) -> None:
    file = tmp_path / "lines.ndjson"
    line = {"custom_id": "a", "method": "POST", "url": "/v1/scores", "body": body(1)}
    file.write_text(f"{json.dumps(line)}\nno line\n", "utf-8")
    job = await client.do("jobs.submit", file)
    ended = await client.do("jobs.wait", job.id)
    (result,) = await client.do("jobs.results", job.id)
    (error,) = await client.do("jobs.errors", job.id)
    assert ended.counts.failed == 1
    assert result.custom_id == "a"
    assert (error.code, error.line, error.custom_id, error.problem) == ("bad_line", 2, None, None)


async def test_an_item_without_an_answer_brings_its_problem(client: Either) -> None:
    job = await client.do("jobs.submit", [("x", {"rubric": "none", "case": {"response": "x"}})])
    await client.do("jobs.wait", job.id)
    (error,) = await client.do("jobs.errors", job.id)
    assert error.code == "rubric-not-found"
    assert isinstance(error.problem, Refused)
    assert not isinstance(error.problem, NoAnswer)


async def test_a_download_goes_on_behind_what_was_read(client: Either) -> None:
    job = await client.do("jobs.submit", some(20))
    await client.do("jobs.wait", job.id)
    whole = await client.do("jobs.results", job.id)
    rest = await client.do("jobs.results", job.id, start=whole[11].end)
    assert [one.custom_id for one in rest] == [one.custom_id for one in whole[12:]]
    assert await client.do("jobs.results", job.id, start=whole[-1].end) == []


async def test_the_same_key_makes_one_job_and_another_one_another(client: Either) -> None:
    first = await client.do("jobs.submit", some(2), idempotency_key="mine")
    again = await client.do("jobs.submit", some(2), idempotency_key="mine")
    other = await client.do("jobs.submit", some(2))
    assert first.id == again.id != other.id
    with pytest.raises(Refused) as raised:
        await client.do("jobs.submit", some(3), idempotency_key="mine")
    assert raised.value.name == "key-of-another"


async def test_a_job_is_watched_until_its_end(client: Either) -> None:
    job = await client.do("jobs.submit", some(5))
    told = await client.do("jobs.watch", job.id)
    assert told[-1].state == "completed"
    assert {one.id for one in told} == {job.id}


async def test_jobs_are_listed_ended_and_forgotten(client: Either) -> None:
    made = [(await client.do("jobs.submit", some(1))).id for _ in range(3)]
    assert {job.id for job in await client.do("jobs.all")} == set(made)
    page = await client.do("jobs.page", limit=2)
    assert page.has_more
    rest = await client.do("jobs.page", after=page.data[-1].id)
    assert len(page.data) + len(rest.data) == 3
    assert (await client.do("jobs.cancel", made[0])).state in {"completed", "cancelling", "cancelled"}
    await client.do("jobs.delete", made[0])
    with pytest.raises(Refused) as raised:
        await client.do("jobs.get", made[0])
    assert raised.value.name == "job-not-found"


async def test_what_is_lines_and_what_is_not() -> None:
    with pytest.raises(TypeError, match=r"pathlib\.Path"):
        pieces_of("lines.ndjson")  # type: ignore[arg-type]  # the mistake that is made


def test_an_iterator_is_read_once_and_given_again_from_the_start() -> None:
    given = iter(some(5000))
    pieces = pieces_of(given)
    half = pieces()
    begun = next(half)
    whole = b"".join(pieces())
    assert whole.startswith(begun)
    assert [json.loads(line)["custom_id"] for line in whole.splitlines()] == [name for name, _ in some(5000)]
    assert b"".join(pieces()) == whole
