"""What an answer cost, what this request spent, and a cap on it, through the whole service and either door."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from filescoring import case, jsonl, scores
from serving import openai_judge, serving, settings_of
from stubjudge import StubJudge
from stubshapes import SHAPES, Shape

from judge_service.files.asking import Order
from judge_service.files.ledger import Ledger
from judge_service.files.run import score_file
from judge_service.files.tally import Tally
from judge_service.main import open_state
from judge_service.observation import Observation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from serving import Client, Reply

PRICE = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 100}
COST = 321 * 10 + 77 * 100  # what the stub counts
LITTLE, PLENTY = 0.01, 100.0


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server


def judges(stub: StubJudge, **more: Any) -> dict[str, Any]:
    wide = {"kind": "litellm", "base_url": stub.url, "model": "openai/stub", "max_attempts": 1}
    return {
        "default": openai_judge(stub.url, price=PRICE, **more),
        "wide": wide | {"price": PRICE},
        "unknown": openai_judge(stub.url),
        "wide_unknown": wide | {"model": "openai/gpt-4o"},
        "embedded": {"kind": "embedded"},
    }


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    async with serving(judges(stub)) as speaking:
        yield speaking


def told(reply: Reply) -> tuple[object, object, object]:
    assert reply.status == 200
    provenance = reply.body["provenance"]
    return provenance["cost_microusd"], provenance["spent_microusd"], provenance["prices_as_of"]


@pytest.mark.parametrize("judge", ["default", "wide"])
async def test_cost_is_computed_by_our_prices_at_either_door(client: Client, judge: str) -> None:
    reply = await client.score(judge=judge)
    assert told(reply) == (COST, COST, "settings")
    assert [attempt["cost_microusd"] for attempt in reply.body["provenance"]["attempts"]] == [COST]


@pytest.mark.parametrize("judge", ["default", "wide"])
async def test_counts_of_zero_are_none(client: Client, stub: StubJudge, judge: str) -> None:
    """Servers that do not count say 0, and no prompt has no tokens: what that cost, nobody knows."""
    stub.plays(Shape(output_tokens=0))
    reply = await client.score(judge=judge)
    assert (reply.body["outcome"], told(reply)[:2]) == ("scored", (None, None))
    assert reply.body["provenance"]["usage"] == {"input_tokens": None, "output_tokens": None}


async def test_a_request_without_an_answer_tells_how_often_the_judge_was_asked(stub: StubJudge) -> None:
    stub.plays("fault_500")
    async with serving({"default": openai_judge(stub.url, price=PRICE) | {"max_attempts": 2}}) as client:
        refused = await client.score()
        assert (refused.status, refused.body["attempts"]) == (502, 2)


@pytest.mark.parametrize("judge", ["unknown", "wide_unknown"])
async def test_an_unknown_price_is_null_whatever_a_library_says(client: Client, judge: str) -> None:
    reply = await client.score(judge=judge)
    assert told(reply) == (None, None, None)
    assert reply.body["provenance"]["usage"] == {"input_tokens": 321, "output_tokens": 77}


async def test_a_judge_that_asks_nobody_costs_nothing(client: Client) -> None:
    assert told(await client.score(judge="embedded", max_cost_usd=0)) == (0, 0, "free")


async def test_a_hit_tells_what_was_paid_once_and_spends_nothing(client: Client, stub: StubJudge) -> None:
    assert told(await client.score()) == (COST, COST, "settings")
    assert told(await client.score()) == (COST, 0, "settings")
    assert stub.count == 1


async def test_of_equal_questions_at_one_time_one_pays(client: Client, stub: StubJudge) -> None:
    stub.latency_s = 0.3
    replies = await asyncio.gather(*(client.score() for _ in range(4)))
    assert sorted(told(reply)[1] for reply in replies) == [0, 0, 0, COST]  # type: ignore[type-var]
    assert {told(reply)[0] for reply in replies} == {COST}


async def test_a_content_free_response_spends_nothing(client: Client) -> None:
    assert (await client.score("", max_cost_usd=0)).body["provenance"]["spent_microusd"] == 0


async def test_all_attempts_count(client: Client, stub: StubJudge) -> None:
    stub.plays("prose", "normal")
    assert told(await client.score())[0] == 2 * COST
    stub.plays("no_usage")
    assert told(await client.score(cache="off")) == (None, None, "settings")


async def test_a_cap_refuses_before_the_call_and_names_both_sums(client: Client, stub: StubJudge) -> None:
    reply = await client.score(max_cost_usd=LITTLE)
    assert (reply.status, reply.body["type"]) == (422, "urn:judge-service:problem:cost-cap")
    assert "cap of 0.01 USD" in reply.body["detail"]
    assert "may cost up to 0." in reply.body["detail"]
    assert reply.body["retryable"] is False
    assert stub.count == 0


async def test_a_cap_on_an_unknown_price_is_refused(client: Client, stub: StubJudge) -> None:
    reply = await client.score(judge="unknown", max_cost_usd=PLENTY)
    assert (reply.status, stub.count) == (422, 0)
    assert "price is unknown" in reply.body["detail"]


async def test_what_is_in_the_cache_is_told_under_any_cap(client: Client, stub: StubJudge) -> None:
    assert told(await client.score(max_cost_usd=PLENTY))[1] == COST
    assert told(await client.score(max_cost_usd=0)) == (COST, 0, "settings")
    assert stub.count == 1


async def test_anothers_cap_is_none_of_ours(client: Client, stub: StubJudge) -> None:
    """Whoever comes first would ask for both; where his cap forbids it, the other one asks."""
    replies = await asyncio.gather(
        *(client.score(max_cost_usd=cap) for cap in (LITTLE, PLENTY) for _ in range(3))
    )
    assert [reply.status for reply in replies[3:]] == [200] * 3
    assert {reply.status for reply in replies[:3]} <= {200, 422}  # 200: it joined the call that others pay
    assert stub.count == 1


@pytest.mark.parametrize("cap", [-1, "1", True, float("1e7")])
async def test_a_cap_is_a_sum_of_dollars(client: Client, cap: object) -> None:
    assert (await client.score(max_cost_usd=cap)).status == 422


async def ran(
    path: Path, bound: dict[str, Any], more: dict[str, dict[str, Any]] | None = None, **fields: Any
) -> Tally:
    """A run of `judge-service score` over the rows."""
    ledger, tally = Ledger(path.with_name("out.jsonl")), Tally()
    try:
        async with open_state(settings_of({"default": bound, **(more or {})}), Observation()) as state:
            ledger.open()
            order = Order(path=path, columns={}, rubric="medical-qa", **fields)
            await score_file(state["scorer"], order, ledger, tally, lambda: None)
    finally:
        ledger.close()
    return tally


def spent(path: Path) -> list[object]:
    return [line.get("provenance", {}).get("spent_microusd") for line in scores(path)]


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_a_job_stops_asking_at_its_cap_and_goes_on_with_a_higher_one(
    tmp_path: Path, stub: StubJudge, concurrency: int
) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 9)])
    bound = openai_judge(stub.url, price=PRICE, max_tokens=100)
    first = await ran(path, bound, concurrency=concurrency, max_cost_usd=0.085 + 2 * COST / 1e6)
    assert (first.outcomes, first.unsettled) == (
        {"scored": stub.count, "cost_cap": 8 - stub.count},
        8 - stub.count,
    )
    assert 1 <= stub.count < 8
    capped = [line for line in scores(path) if line["outcome"] == "cost_cap"]
    assert all(line["score"] is None and "cap of" in line["reason"] for line in capped)
    assert first.capped in {line["reason"] for line in capped}
    asked = stub.count
    again = await ran(path, bound, concurrency=concurrency, max_cost_usd=0.085 + 2 * COST / 1e6)
    assert (stub.count, again.outcomes) == (asked, {"cost_cap": 8 - asked})  # what was spent stays spent
    last = await ran(path, bound, concurrency=concurrency, max_cost_usd=PLENTY)
    assert (last.resumed, last.outcomes) == (asked, {"scored": 8 - asked})
    assert spent(path) == [COST] * 8
    assert (first.bill.cost_microusd, last.bill.cost_microusd) == (asked * COST, (8 - asked) * COST)


async def test_how_many_rows_a_cap_allows_does_not_depend_on_concurrency(
    tmp_path: Path, stub: StubJudge
) -> None:
    counts = []
    for concurrency in (1, 8):
        before = stub.count
        home = tmp_path / str(concurrency)
        home.mkdir()
        path = jsonl(home / "in.jsonl", [case(at) for at in range(1, 9)])
        bound = openai_judge(stub.url, price=PRICE, max_tokens=100)
        await ran(path, bound, concurrency=concurrency, max_cost_usd=0.085 + 2 * COST / 1e6)
        counts.append(stub.count - before)
    assert counts[0] == counts[1]


async def test_an_answer_that_was_replaced_was_paid_all_the_same(tmp_path: Path, stub: StubJudge) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    bound = openai_judge(stub.url, price=PRICE)
    stub.plays("refusal", "normal")
    await ran(path, bound)
    ledger = Ledger(path.with_name("out.jsonl"), again=frozenset({"refused"}))
    async with open_state(settings_of({"default": bound}), Observation()) as state:
        ledger.open()
        assert ledger.spent == {1: COST}
        await score_file(state["scorer"], Order(path, {}, "medical-qa"), ledger, Tally(), lambda: None)
        ledger.close()
    (line,) = scores(path)
    assert (line["outcome"], line["spent_before_microusd"]) == ("scored", COST)
    ledger = Ledger(path.with_name("out.jsonl"))
    ledger.open()
    assert ledger.spent == {1: 2 * COST}
    ledger.close()


async def test_a_bill_tells_what_is_unknown_and_guesses_nothing(tmp_path: Path, stub: StubJudge) -> None:
    stub.choose = lambda call: SHAPES["no_usage" if b"row 2" in call.raw else "normal"]
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2), case(3), case(4, response="")])
    bill = (await ran(path, openai_judge(stub.url, price=PRICE))).bill
    assert bill.as_json() == {
        "asked": 3,
        "input_tokens": None,
        "output_tokens": None,
        "cost_microusd": None,
        "uncounted": 1,
        "unpriced": 1,
        "prices_as_of": "settings",
    }
    told = " ".join(bill.lines())
    assert "unknown for 1 of 3 rows; of the others 642 read, 154 written" in told
    assert f"of the others {2 * COST / 1e6} USD".rstrip("0") in told


PAIR = {"kind": "panel", "members": ["default", "other"], "quorum": 1}


async def test_a_bill_of_a_panel_counts_what_its_members_used_and_guesses_nothing(
    tmp_path: Path, stub: StubJudge
) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2)])
    more = {"other": openai_judge(stub.url, price=PRICE, seed=1), "pair": PAIR}
    counted = (await ran(path, openai_judge(stub.url, price=PRICE), more, judge="pair")).bill
    assert (counted.input_tokens, counted.output_tokens, counted.uncounted) == (4 * 321, 4 * 77, 0)
    path.with_name("out.jsonl").unlink()
    more["other"] = {"kind": "scripted"}
    bill = (await ran(path, openai_judge(stub.url, price=PRICE), more, judge="pair")).bill
    assert (bill.input_tokens, bill.output_tokens, bill.uncounted) == (None, None, 2)
    assert bill.cost_microusd == 2 * COST


@pytest.mark.parametrize(
    "made", [PAIR, {"kind": "cascade", "steps": ["default", "other"], "escalate_width": 9}]
)
async def test_a_bill_does_not_count_what_a_part_had_in_the_cache(
    tmp_path: Path, stub: StubJudge, made: dict[str, Any]
) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    judges = {"default": openai_judge(stub.url, price=PRICE), "other": openai_judge(stub.url, seed=1)}
    async with open_state(settings_of({**judges, "made": made}), Observation()) as state:
        for judge in ("default", "made"):
            ledger, tally = Ledger(tmp_path / f"{judge}.jsonl"), Tally()
            ledger.open()
            order = Order(path, {}, "medical-qa", judge)
            await score_file(state["scorer"], order, ledger, tally, lambda: None)
            ledger.close()
            assert (tally.bill.input_tokens, tally.bill.output_tokens) == (321, 77)


async def test_a_bill_over_free_and_paid_rows_names_the_prices_of_those_that_cost(
    tmp_path: Path, stub: StubJudge
) -> None:
    more = {"other": openai_judge(stub.url, price=PRICE), "pair": PAIR}
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2)])
    tally = await ran(path, {"kind": "scripted"}, more, judge="pair")
    assert (tally.bill.prices_as_of, tally.bill.cost_microusd) == ("settings", 2 * COST)
    tally.bill.dates.add("free")  # as of a cascade's row that ended at its first step
    assert tally.bill.prices_as_of == "settings"
    tally.bill.dates.add("2026-11-01")
    assert "prices: of several dates" in " ".join(tally.bill.lines())


async def test_money_of_a_row_that_the_cap_ended_halfway_is_not_forgotten(
    tmp_path: Path, stub: StubJudge
) -> None:
    """The first step is paid and the second one's worst case is too much: no answer, and less is left."""
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    more = {
        "other": openai_judge(stub.url, price=PRICE, max_tokens=100_000),
        "made": {"kind": "cascade", "steps": ["default", "other"], "escalate_width": 9},
    }
    first = openai_judge(stub.url, price=PRICE, max_tokens=100)
    tally = await ran(path, first, more, judge="made", max_cost_usd=1.0)
    assert (stub.count, tally.outcomes, tally.bill.asked) == (1, {"cost_cap": 1}, 1)
    assert (tally.bill.cost_microusd, tally.bill.input_tokens) == (COST, None)
    assert "prices: of several dates" in " ".join(tally.bill.lines())
    assert "judge 'other'" in (tally.capped or "")
    ledger = Ledger(path.with_name("out.jsonl"))
    ledger.open()
    ledger.close()
    assert ledger.spent == {1: COST}


async def test_a_call_of_unknown_cost_counts_as_its_worst_case_in_later_runs_too(
    tmp_path: Path, stub: StubJudge
) -> None:
    stub.plays("no_usage")
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2)])
    bound = openai_judge(stub.url, price=PRICE, max_tokens=100)
    cap = 0.085 + COST / 1e6  # for one of unknown cost
    for _ in range(2):
        tally = await ran(path, bound, concurrency=1, max_cost_usd=cap)
        assert (stub.count, tally.outcomes["cost_cap"]) == (1, 1)


async def test_what_a_member_was_paid_for_is_kept_when_the_cap_refuses_another(stub: StubJudge) -> None:
    stub.latency_s = 0.2
    priceless = openai_judge(stub.url, seed=1)
    made = {"default": openai_judge(stub.url, price=PRICE), "other": priceless, "pair": PAIR}
    async with serving(made) as client:
        refused = await client.score(judge="pair", max_cost_usd=PLENTY)
        assert (refused.status, refused.body["type"]) == (422, "urn:judge-service:problem:cost-cap")
        assert "judge 'other'" in refused.body["detail"]
        assert told(await client.score()) == (COST, 0, "settings")
    assert stub.count == 1


def reasoned(field: str, finish: str) -> Shape:
    """All the answer is where thoughts go, and none of it where an answer goes."""
    verdict = {"rationale": "r", "evidence": [], "level": 5}
    document = dict.fromkeys(("consistency", "coherence", "ground_truth"), verdict)
    return Shape(lambda _: None, finish=finish, message={field: json.dumps(document)})


@pytest.mark.parametrize("judge", ["default", "wide"])
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize(("finish", "outcome"), [("stop", "unparsable"), ("length", "truncated")])
async def test_thoughts_are_never_parsed_as_an_answer(
    client: Client, stub: StubJudge, judge: str, field: str, finish: str, outcome: str
) -> None:
    stub.plays(reasoned(field, finish))
    reply = await client.score(judge=judge)
    assert (reply.body["outcome"], reply.body["score"]) == (outcome, None)
    assert {verdict["outcome"] for verdict in reply.body["criteria"].values()} == {outcome}


async def test_a_judge_that_thinks_gets_four_times_the_room(stub: StubJudge) -> None:
    async with serving({"default": openai_judge(stub.url, reasoning=True, max_tokens=300)}) as client:
        reply = await client.score()
    assert stub.calls[0].body["max_tokens"] == 1200
    assert reply.body["provenance"]["sampling"]["max_tokens"] == 1200
