"""An item is asked until it is answered, within patience and the job's time; whatever it is, it has an end."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from jobwork import Scorer, a_job_line, a_score, an_order, no_answer

from judge_service.api.problems import end_of_item
from judge_service.errors import CostCapReached
from judge_service.jobs.base import ALONE_FROM, Claim, Line, Spent
from judge_service.jobs.items import ALONE_PATIENCE_S, PATIENCE_S, Items, poisoned, unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable

    from judge_service.domain.score import Score

CLAIM = Claim("job_1", 7, 1, "t")


class Passing:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.began = self.now = time.time()
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


async def asked(
    answers: Iterable[Score | Exception], raw: bytes | None = None, claim: Claim = CLAIM, **order: Any
) -> tuple[Line, Passing, list[Score]]:
    times, rest = Passing(), list(answers)
    counted: list[Score] = []

    async def says(_: str) -> Score:
        answer = rest.pop(0) if len(rest) > 1 else rest[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    items = Items(Scorer(says), end_of_item, counted=counted.append, sleep=times.sleep, clock=times.clock)
    line = await items.line(claim, raw or a_job_line("mine"), an_order(**order), None)
    return line, times, counted


def read(line: Line) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(line.text)
    assert line.text.endswith(b"\n")
    assert line.text.count(b"\n") == 1
    return decoded


async def test_an_answer_is_a_result() -> None:
    line, times, counted = await asked([a_score()])
    told_line = read(line)
    assert (line.kind, line.outcome, line.spent) == ("results", "scored", Spent(10, 5, 300))
    assert (told_line["id"], told_line["custom_id"], told_line["error"]) == ("job_1-7", "mine", None)
    assert told_line["response"]["status_code"] == 200
    assert told_line["response"]["body"]["score"] == 75.0
    assert times.slept == []
    assert len(counted) == 1


@pytest.mark.parametrize("outcome", ["unparsable", "refused", "truncated", "off_scale"])
async def test_a_typed_reason_for_no_number_is_a_result_too(outcome: str) -> None:
    line, times, _ = await asked([a_score(outcome, reason="so it is")])
    assert (line.kind, line.outcome) == ("results", outcome)
    assert read(line)["response"]["body"]["score"] is None
    assert times.slept == []


async def test_a_judge_without_an_answer_is_asked_again_and_all_it_cost_is_counted() -> None:
    line, times, counted = await asked([no_answer(), no_answer(), a_score()])
    assert (line.kind, line.outcome, line.spent) == ("results", "scored", Spent(30, 15, 900))
    assert 0.5 <= times.slept[0] <= 1.0 <= times.slept[1] <= 2.0
    assert [score.outcome for score in counted] == ["scored"]


async def test_nobody_is_asked_before_the_judge_wants_it() -> None:
    _, times, _ = await asked([no_answer(retry_after_s=33.0), a_score()])
    assert times.slept == [33.0]


async def test_patience_has_an_end() -> None:
    line, times, counted = await asked([no_answer()])
    assert (line.kind, line.outcome) == ("errors", "unavailable")
    assert PATIENCE_S - 60 < sum(times.slept) <= PATIENCE_S
    assert max(times.slept) <= 60
    assert len(counted) == 1
    told_line = read(line)
    assert told_line["error"]["code"] == "unavailable"
    assert told_line["response"]["status_code"] in {502, 503}
    assert "score" not in told_line["response"]["body"]


@pytest.mark.parametrize(
    ("deliveries", "patience_s"), [(ALONE_FROM - 1, PATIENCE_S), (ALONE_FROM, ALONE_PATIENCE_S)]
)
async def test_an_item_that_keeps_all_places_empty_gives_its_own_up_sooner(
    deliveries: int, patience_s: float
) -> None:
    line, times, _ = await asked([no_answer()], claim=Claim("job_1", 7, deliveries, "t"))
    assert (line.kind, line.outcome) == ("errors", "unavailable")
    assert 0.5 * patience_s < sum(times.slept) <= patience_s


async def test_a_job_has_an_end_too() -> None:
    line, times, _ = await asked([no_answer()], expires_at=time.time() + 20)
    assert line.kind == "errors"
    assert sum(times.slept) <= 20


async def test_who_says_no_for_good_is_not_asked_again() -> None:
    line, times, _ = await asked([no_answer(retryable=False)])
    assert (line.kind, times.slept) == ("errors", [])


async def test_unknown_costs_stay_unknown() -> None:
    attempt = {"outcome": "ok", "latency_ms": 1.0, "input_tokens": None, "output_tokens": 5}
    unknown = a_score(provenance={"attempts": [attempt], "spent_microusd": None})
    assert (await asked([unknown]))[0].spent == Spent(None, None, None)
    hit = a_score(provenance={"cache": "hit", "spent_microusd": 0})
    assert (await asked([hit]))[0].spent == Spent(0, 0, 0)


async def test_what_was_spent_before_a_cap_was_reached_is_told() -> None:
    refused = CostCapReached("the cap")
    at_once, _, _ = await asked([refused])
    later, _, _ = await asked([no_answer(), no_answer(), refused])
    assert at_once.outcome == later.outcome == "cost-cap"
    assert (at_once.spent, later.spent) == (Spent(), Spent(20, 10, 600))
    halfway, _, _ = await asked([no_answer(), CostCapReached("the cap", calls=1, spent_microusd=50)])
    assert halfway.spent == Spent(None, None, 350)
    untold, _, _ = await asked([CostCapReached("the cap", calls=1, spent_microusd=None)])
    assert untold.spent == Spent(None, None, None)


async def test_what_a_surprise_has_cost_is_unknown_and_never_nothing() -> None:
    line, _, _ = await asked([RuntimeError("x")])
    assert line.spent == Spent(None, None, None)


async def test_a_surprise_is_an_error_and_quotes_nothing() -> None:
    line, _, counted = await asked([RuntimeError("SECRET")])
    assert (line.kind, line.outcome) == ("errors", "internal")
    assert b"SECRET" not in line.text
    assert counted == []


@pytest.mark.parametrize(
    "body", [{}, {"rubric": "r"}, {"rubric": "r", "case": {"response": "x"}, "SECRET": 1}], ids=str
)
async def test_a_body_that_is_no_request_is_an_error_of_its_item(body: dict[str, Any]) -> None:
    raw = json.dumps({"custom_id": "mine", "method": "POST", "url": "/v1/scores", "body": body}).encode()
    line, _, _ = await asked([a_score()], raw)
    told_line = read(line)
    assert (line.kind, line.outcome, told_line["custom_id"]) == ("errors", "malformed-body", "mine")
    assert told_line["response"]["status_code"] == 422


@pytest.mark.parametrize(
    ("raw", "named"), [(b"{", None), (b'{"custom_id": "mine"}', "mine"), (b"\xff", None)]
)
async def test_an_item_that_cannot_be_read_any_more_has_an_end_as_well(raw: bytes, named: str | None) -> None:
    line, _, _ = await asked([a_score()], raw)
    assert (line.kind, line.outcome, read(line)["custom_id"]) == ("errors", "malformed-body", named)
    for end in (poisoned(Claim("job_1", 7, 6, "t"), raw), unfinished(CLAIM, raw, "cancelled")):
        assert (end.kind, read(end)["id"], read(end)["custom_id"]) == ("errors", "job_1-7", named)


def test_ends_without_an_answer_say_why() -> None:
    raw = a_job_line("mine")
    line = poisoned(Claim("job_1", 7, 6, "t"), raw)
    assert (line.outcome, line.spent, read(line)["custom_id"]) == ("poison", Spent(None, None, None), "mine")
    assert "5 times" in read(line)["error"]["message"]
    assert "cancelled" in read(unfinished(CLAIM, raw, "cancelled"))["error"]["message"]
    assert "time was over" in read(unfinished(CLAIM, raw, "expired"))["error"]["message"]


async def test_to_be_cancelled_is_no_surprise() -> None:
    async def says(_: str) -> Score:
        await asyncio.sleep(3600)
        return a_score()

    items = Items(Scorer(says), end_of_item)
    task = asyncio.create_task(items.line(CLAIM, a_job_line("mine"), an_order(), None))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_what_calls_that_were_ended_cost_is_unknown_and_never_nothing() -> None:
    raw = a_job_line("a")
    assert unfinished(Claim("job_1", 7, 1, "t"), raw, "cancelled").spent == Spent(None, None, None)
    assert unfinished(Claim("job_1", 7, 0, ""), raw, "cancelled").spent == Spent()


async def test_what_a_worker_that_died_had_spent_on_an_item_is_unknown() -> None:
    async def says(_: str) -> Score:
        return a_score()

    again = Claim("job_1", 7, 2, "t")
    line = await Items(Scorer(says), end_of_item).line(again, a_job_line("mine"), an_order(), None)
    assert (line.kind, line.outcome, line.spent) == ("results", "scored", Spent(None, None, None))
