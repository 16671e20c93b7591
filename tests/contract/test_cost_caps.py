"""A cap that is reached half-way: what was spent before it is told, by whose request it was spent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from serving import openai_judge, order, serving
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PRICE = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 100}
COST = 10_910  # 321 tokens read and 77 written


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server


async def test_what_was_spent_before_a_cap_was_reached_is_told(stub: StubJudge) -> None:
    """The first step costs something; the second one's worst case is too much."""
    made = {
        "default": openai_judge(stub.url, price=PRICE, max_tokens=100),
        "other": openai_judge(stub.url, price=PRICE, max_tokens=100_000),
        "made": {"kind": "cascade", "steps": ["default", "other"], "escalate_width": 9},
    }
    async with serving(made) as client:
        refused = await client.score(judge="made", max_cost_usd=1.0)
        told = [refused.status, refused.body["attempts"], refused.body["spent_microusd"]]
        assert told == [422, 1, COST]
        early = await client.score(judge="other", max_cost_usd=0.001)
        assert (early.body["attempts"], early.body["spent_microusd"]) == (0, 0)
        stub.plays("no_usage")
        unknown = await client.score("Another answer.", judge="made", max_cost_usd=1.0)
        assert (unknown.status, "spent_microusd" in unknown.body) == (422, False)


async def test_an_item_of_many_tells_what_it_spent_itself_and_keeps_to_its_own_cap_too(
    stub: StubJudge,
) -> None:
    made = {
        "default": openai_judge(stub.url, price=PRICE, max_tokens=100),
        "other": openai_judge(stub.url, price=PRICE, max_tokens=100_000),
        "made": {"kind": "cascade", "steps": ["default", "other"], "escalate_width": 9},
    }
    cases = [{"case": order(f"Answer {number}.")["case"]} for number in range(3)]
    cases[2]["max_cost_usd"] = 0.0001
    body = {"defaults": {"rubric": "medical-qa", "judge": "made"}, "items": cases, "max_cost_usd": 1.0}
    async with serving(made) as client:
        told = (await client.post("/v1/scores:batch", json.dumps(body))).body
        problems = [item["problem"] for item in told["items"]]
        assert [(one["attempts"], one["spent_microusd"]) for one in problems] == [
            (1, COST),
            (1, COST),
            (0, 0),
        ]
        assert (told["spent"]["cost_microusd"], told["spent"]["asked"]) == (2 * COST, 2)
