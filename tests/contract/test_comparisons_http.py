"""Comparisons through the whole service: what a judge sends, and what the caller gets for it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from serving import REFERENCE, Client, Reply, openai_judge, serving
from stubjudge import MARKER, SHAPES, Call, Shape, StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.clocked

RIGHT, WRONG = "Pneumonia on the right.", "Pneumonia on the left."


def order(a: str = RIGHT, b: str = WRONG, /, **fields: Any) -> dict[str, Any]:
    case = {"reference": REFERENCE, "responses": {"a": a, "b": b}} | fields.pop("case", {})
    return {"rubric": "medical-qa", "case": case, **fields}


async def compared(
    client: Client, *responses: str, headers: dict[str, str] | None = None, **fields: Any
) -> Reply:
    return await client.post("/v1/comparisons", json.dumps(order(*responses, **fields)), headers=headers)


def shown_first(call: Call) -> str:
    """Which response the judge was shown first."""
    text: str = call.body["messages"][1]["content"]
    return RIGHT if text.index(RIGHT) < text.index(WRONG) else WRONG


def answering(choose: Callable[[str], str | None]) -> Callable[[Call], Shape]:
    """Prefer by what is shown first."""

    def shape(call: Call) -> Shape:
        level = choose(shown_first(call))

        def content(document: dict[str, Any]) -> str:
            return json.dumps({key: {**value, "level": level} for key, value in document.items()})

        return Shape(content)

    return shape


def by_truth(first: str) -> str:
    return "first" if first == RIGHT else "second"


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge(choose=answering(by_truth)) as judge:
        yield judge


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    judges = {"default": openai_judge(stub.url), "lexical": {"kind": "embedded"}}
    async with serving(judges) as speaking:
        yield speaking


async def test_a_judge_is_asked_in_both_orders_and_the_better_response_wins(
    client: Client, stub: StubJudge
) -> None:
    body = (await compared(client, case={"id": "p1"}, metadata={"run": 7})).body
    assert sorted(shown_first(call) for call in stub.calls) == sorted([RIGHT, WRONG])
    assert (body["outcome"], body["winner"], body["preference"]) == ("compared", "a", 1.0)
    assert body["position"] == {"criteria": 3, "flips": 0, "to_first": 0, "to_second": 0, "half": 0}
    assert (body["case_id"], body["metadata"]) == ("p1", {"run": 7})
    told = body["provenance"]
    assert (told["rubric"], told["instrument"], told["model"]) == ("medical-qa@1", "llm", "stub-001")
    assert told["usage"] == {"input_tokens": 642, "output_tokens": 154}
    assert len(told["attempts"]) == 2
    assert [asked["cache"] for asked in body["asked"].values()] == ["miss", "miss"]


async def test_the_answer_is_asked_for_in_a_shape_of_three_choices(client: Client, stub: StubJudge) -> None:
    await compared(client)
    one, other = (call.body for call in stub.calls)
    assert one["messages"][0] == other["messages"][0]
    assert one["response_format"] == other["response_format"]
    schema = one["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["ground_truth"]["properties"]["level"]["enum"] == [
        "first",
        "second",
        "tie",
        None,
    ]


async def test_swapped_responses_mirror_the_answer_at_no_cost(client: Client, stub: StubJudge) -> None:
    there = (await compared(client)).body
    back = (await compared(client, WRONG, RIGHT)).body
    assert stub.count == 2
    assert (there["winner"], back["winner"], back["preference"]) == ("a", "b", -there["preference"])
    assert back["provenance"]["cache"] == "hit"


async def test_a_judge_that_likes_a_position_prefers_nothing(client: Client, stub: StubJudge) -> None:
    stub.choose = answering(lambda _: "first")
    body = (await compared(client)).body
    assert (body["outcome"], body["winner"], body["preference"]) == ("position_flip", None, 0.0)
    assert {c["outcome"] for c in body["criteria"].values()} == {"position_flip"}
    assert (body["position"]["flips"], body["position"]["to_first"]) == (3, 3)
    assert await client.counted("judge_position_flips_total", judge="default") == 3
    assert await client.counted("judge_comparisons_total", outcome="position_flip") == 1


async def test_a_tie_in_one_order_is_half_a_preference(client: Client, stub: StubJudge) -> None:
    stub.choose = answering(lambda first: "tie" if first == WRONG else "first")
    body = (await compared(client)).body
    assert (body["winner"], body["preference"], body["position"]["half"]) == ("a", 0.5, 3)


@pytest.mark.parametrize(
    ("shape", "status", "outcome"),
    [
        ("fault_500", 502, "provider_error"),
        ("rate_seconds", 503, "provider_error"),
        ("unauthorized", 502, "provider_error"),
        ("silence", 504, "timeout"),
    ],
)
async def test_one_order_without_an_answer_is_a_problem_as_for_a_score(
    client: Client, stub: StubJudge, shape: str, status: int, outcome: str
) -> None:
    sound = answering(by_truth)
    stub.choose = lambda call: SHAPES[shape] if shown_first(call) == WRONG else sound(call)
    reply = await compared(client, deadline_ms=800)
    assert (reply.status, reply.kind, reply.body["outcome"]) == (status, "application/problem+json", outcome)
    assert MARKER.encode() not in reply.raw
    assert ("Retry-After" in reply.headers) is (status == 503)
    assert "preference" not in reply.body


@pytest.mark.parametrize(
    ("shape", "outcome"), [("prose", "unparsable"), ("refusal", "refused"), ("truncated", "truncated")]
)
async def test_one_order_that_is_answered_badly_is_data(
    client: Client, stub: StubJudge, shape: str, outcome: str
) -> None:
    sound = answering(by_truth)
    stub.choose = lambda call: SHAPES[shape] if shown_first(call) == WRONG else sound(call)
    reply = await compared(client)
    assert (reply.status, reply.body["outcome"], reply.body["preference"]) == (200, outcome, None)
    assert "with b shown first" in reply.body["reason"]
    kept = await compared(client, cache="only")
    assert kept.status == 404  # one of the two is not kept


async def test_asking_again_after_a_failure_costs_only_the_order_that_failed(
    client: Client, stub: StubJudge
) -> None:
    sound = answering(by_truth)
    stub.choose = lambda call: SHAPES["reset"] if shown_first(call) == WRONG else sound(call)
    assert (await compared(client)).status == 502
    stub.choose, before = sound, stub.count
    again = await compared(client)
    assert (again.status, again.body["winner"], stub.count) == (200, "a", before + 1)


async def test_the_header_of_a_deadline_is_heeded(client: Client, stub: StubJudge) -> None:
    stub.choose = lambda _: SHAPES["silence"]
    began = asyncio.get_running_loop().time()
    reply = await compared(client, headers={"X-Request-Deadline-Ms": "300"})
    assert (reply.status, reply.body["code"]) == (504, "timeout")
    assert asyncio.get_running_loop().time() - began < 2


async def test_a_client_that_leaves_takes_both_questions_along(client: Client, stub: StubJudge) -> None:
    stub.choose = lambda _: SHAPES["silence"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(compared(client), 0.4)
    await stub.somebody_left()
    for _ in range(100):
        if stub.left < 2:
            await asyncio.sleep(0.02)
    assert (stub.left, stub.in_flight) == (2, 0)


async def test_the_lexical_judge_compares_by_its_levels_and_says_so(client: Client, stub: StubJudge) -> None:
    body = (await compared(client, judge="lexical")).body
    assert (body["winner"], body["flags"], list(body["asked"])) == ("a", ["compared_by_levels"], ["a", "b"])
    assert (body["provenance"]["instrument"], stub.count) == ("lexical-baseline", 0)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"rubric": "claim-support"}, "unfit-case"),
        ({"rubric": "none"}, "rubric-not-found"),
        ({"judge": "none"}, "judge-not-found"),
        ({"cache": "only"}, "cache-miss"),
        ({"samples": 3}, "malformed-body"),
        ({"calibration": "auto"}, "malformed-body"),
        ({"case": {"response": "One."}}, "malformed-body"),
        ({"deadline_ms": True}, "malformed-body"),
        ({"mode": "image"}, "unfit-case"),
    ],
)
async def test_a_request_at_fault_is_told_so(client: Client, change: dict[str, Any], kind: str) -> None:
    reply = await compared(client, **change)
    assert reply.status in {404, 422}
    assert reply.body["type"] == f"urn:judge-service:problem:{kind}"
    assert RIGHT.encode() not in reply.raw


async def test_a_script_can_prefer() -> None:
    script = [{"when": "left", "prefers": {"ground_truth": "right", "*": "second"}}]
    async with serving({"default": {"kind": "scripted", "script": script}}) as client:
        body = (await compared(client)).body
    assert body["criteria"]["ground_truth"]["winner"] == "a"
    assert (body["position"]["flips"], body["position"]["to_second"]) == (2, 2)
    assert (body["winner"], body["provenance"]["instrument"]) == ("a", "scripted")


async def test_a_cap_holds_for_both_orders_and_what_was_paid_for_is_kept(stub: StubJudge) -> None:
    price = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 100}
    async with serving({"default": openai_judge(stub.url, price=price, max_tokens=100)}) as client:
        refused = await compared(client, max_cost_usd=0.001)
        assert (refused.status, refused.body["type"]) == (422, "urn:judge-service:problem:cost-cap")
        assert stub.count == 0
        bound = float(refused.body["detail"].partition("up to ")[2].partition(" USD")[0])
        enough_for_one = bound + 0.001  # of which a call costs more
        halfway = await compared(client, max_cost_usd=enough_for_one)
        assert (halfway.status, stub.count) == (422, 1)
        both = await compared(client, max_cost_usd=enough_for_one)
        assert (both.status, stub.count) == (200, 2)
        told = both.body["provenance"]
        assert (told["cost_microusd"], told["spent_microusd"]) == (2 * told["spent_microusd"], 10_910)
        assert told["spent_usage"] == {"input_tokens": 321, "output_tokens": 77}
        assert (await compared(client, max_cost_usd="1")).status == 422
