"""A cap on cost: no call is made that could pass it, and no money is lost that came back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from callers import GOOD, PROMPT, Read, ScriptedBackend, Wait, a_caller, outcomes, read, says
from hypothesis import given
from hypothesis import strategies as st
from virtualtime import now, virtual

from judge_service.backends.base import Called, Completion, JudgeCallFailed, Prompt, Usage
from judge_service.backends.paying import FRAME_TOKENS, IMAGE_TOKENS, bound_microusd, input_bound
from judge_service.backends.purse import Purse
from judge_service.domain.judge import JudgeSpec
from judge_service.domain.price import Price
from judge_service.errors import (
    BackendError,
    BackendRateLimited,
    BackendTimeout,
    BackendUnavailable,
    CostCapReached,
)

if TYPE_CHECKING:
    from judge_service.backends.calling import Caller

PRICE = Price(1_000_000, 1_000_000, as_of="2031-02-03")  # a micro-dollar a token
BOUND = bound_microusd(PRICE, PROMPT)
COST = 10  # of GOOD: 7 tokens read and 3 written


def caller(*lines: Completion | BackendError, price: Price | None = PRICE, **spec: object) -> Caller:
    made = a_caller(ScriptedBackend(list(lines)), spec=JudgeSpec.model_validate({"kind": "scripted"} | spec))
    made.price = price
    return made


async def paid(asked: Caller, purse: Purse | None, prompt: Prompt = PROMPT) -> Called[Read]:
    return await asked.call(replace(prompt, purse=purse), read, Wait(now() + 600))


def calls(asked: Caller) -> int:
    assert isinstance(asked.backend, ScriptedBackend)
    return len(asked.backend.prompts)


@virtual
async def test_a_call_costs_what_it_cost_and_the_rest_comes_back() -> None:
    purse = Purse(BOUND)
    called = await paid(caller(GOOD), purse)
    assert [attempt.cost_microusd for attempt in called.attempts] == [COST]
    assert (called.prices_as_of, purse.left) == ("2031-02-03", BOUND - COST)


@virtual
async def test_a_call_that_may_pass_the_cap_is_not_made() -> None:
    asked, purse = caller(GOOD), Purse(BOUND - 1)
    with pytest.raises(CostCapReached, match=r"up to 0\.000\d+ USD, and 0\.000\d+ USD are left of the cap"):
        await paid(asked, purse)
    assert (calls(asked), purse.left) == (0, BOUND - 1)


@virtual
async def test_a_cap_on_an_unknown_price_is_refused_and_says_what_to_set() -> None:
    asked = caller(GOOD, price=None)
    with pytest.raises(CostCapReached, match=r"price is unknown.*set its price"):
        await paid(asked, Purse(10**9))
    assert calls(asked) == 0
    assert [a.cost_microusd for a in (await paid(asked, None)).attempts] == [None]


@virtual
async def test_what_was_spent_counts_when_it_is_asked_again() -> None:
    asked, purse = caller(BackendRateLimited("slow down"), GOOD), Purse(BOUND)
    called = await paid(asked, purse)
    assert outcomes(called) == ["rate_limited", "ok"]
    assert [attempt.cost_microusd for attempt in called.attempts] == [0, COST]


@pytest.mark.parametrize("error", [BackendTimeout("late"), BackendUnavailable("gone")])
def test_an_attempt_of_unknown_cost_is_held_to_have_cost_its_bound(error: BackendError) -> None:
    @virtual
    async def ask() -> None:
        asked, purse = caller(error, GOOD), Purse(2 * BOUND - 1)
        with pytest.raises(JudgeCallFailed) as caught:
            await paid(asked, purse)
        assert caught.value.error is error
        assert [attempt.cost_microusd for attempt in caught.value.attempts] == [None]
        assert (calls(asked), purse.left) == (1, BOUND - 1)

    ask()


@virtual
async def test_a_second_asking_for_the_form_that_is_too_dear_leaves_the_first_answer() -> None:
    asked, purse = caller(says("unparsable"), GOOD), Purse(BOUND)
    called = await paid(asked, purse)
    assert (called.reading.fault, outcomes(called)) == ("unparsable", ["unparsable"])
    assert calls(asked) == 1
    richer = await paid(caller(says("unparsable"), GOOD), Purse(3 * BOUND))
    assert outcomes(richer) == ["unparsable", "ok"]


@virtual
async def test_a_reply_without_counts_has_no_known_cost() -> None:
    purse = Purse(BOUND)
    called = await paid(caller(replace(GOOD, usage=Usage(7, None))), purse)
    assert ([a.cost_microusd for a in called.attempts], purse.left) == ([None], 0)


@virtual
async def test_another_models_answer_has_no_known_cost() -> None:
    fields: dict[str, Any] = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "asked"}
    called = await paid(caller(replace(GOOD, model="another"), **fields), None)
    assert [a.cost_microusd for a in called.attempts] == [None]
    own = await paid(caller(replace(GOOD, model="asked-0611"), **fields), None)
    assert [a.cost_microusd for a in own.attempts] == [COST]


@virtual
async def test_tokens_of_the_providers_cache_have_their_own_price() -> None:
    price = Price(1_000_000, 1_000_000, 0)
    called = await paid(caller(replace(GOOD, usage=Usage(7, 3, 5)), price=price), None)
    assert [a.cost_microusd for a in called.attempts] == [COST - 5]


@given(st.integers(1, 12), st.integers(0, 8))
def test_how_many_are_asked_does_not_depend_on_how_many_at_one_time(concurrency: int, extra: int) -> None:
    """Each call is let in while what is really left holds its bound, as if they came one after the other."""
    cap = BOUND + extra * COST

    @virtual
    async def run() -> int:
        asked, purse, slots = caller(GOOD), Purse(cap), asyncio.Semaphore(concurrency)

        async def one() -> bool:
            async with slots:
                try:
                    await paid(asked, purse)
                except CostCapReached:
                    return False
            return True

        done = await asyncio.gather(*(one() for _ in range(12)))
        assert purse.left == cap - sum(done) * COST
        return sum(done)

    assert run() == min(12, extra + 1)


@virtual
async def test_a_call_that_is_given_up_is_held_to_have_cost_its_bound() -> None:
    backend = ScriptedBackend([GOOD], seconds=50)
    asked, purse = a_caller(backend), Purse(3 * BOUND)
    asked.price = PRICE
    task = asyncio.create_task(paid(asked, purse))
    await asyncio.sleep(1)
    assert purse.left == 2 * BOUND
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert purse.left == 2 * BOUND


@virtual
async def test_who_waits_for_money_waits_no_longer_than_its_deadline() -> None:
    asked = a_caller(ScriptedBackend([GOOD], seconds=50))
    asked.price, purse = PRICE, Purse(BOUND)
    first = asyncio.create_task(paid(asked, purse))
    await asyncio.sleep(1)
    with pytest.raises(JudgeCallFailed) as caught:
        await asked.call(replace(PROMPT, purse=purse), read, Wait(now() + 10))
    assert (caught.value.error.code, caught.value.attempts) == ("timeout", ())
    assert outcomes(await first) == ["ok"]


@virtual
async def test_a_closed_purse_pays_for_what_is_free_only() -> None:
    purse = Purse(10 * BOUND)
    purse.close()
    with pytest.raises(CostCapReached):
        await paid(caller(GOOD), purse)
    assert outcomes(await paid(caller(GOOD, price=Price(0, 0)), purse)) == ["ok"]


@virtual
async def test_a_purse_within_another_is_bound_by_both_caps() -> None:
    whole = Purse(3 * BOUND)
    own = Purse(BOUND + COST, within=whole)
    assert outcomes(await paid(caller(GOOD), own)) == ["ok"]
    assert (own.left, whole.left) == (BOUND, 3 * BOUND - COST)
    assert outcomes(await paid(caller(GOOD), own)) == ["ok"]
    with pytest.raises(CostCapReached):
        await paid(caller(GOOD), own)
    assert (own.left, whole.left) == (BOUND - COST, 3 * BOUND - 2 * COST)


@virtual
async def test_what_the_other_purse_does_not_pay_is_put_back() -> None:
    whole = Purse(BOUND - 1)
    own = Purse(BOUND, within=whole)
    with pytest.raises(CostCapReached):
        await paid(caller(GOOD), own)
    assert (own.left, whole.left) == (BOUND, BOUND - 1)
    assert outcomes(await paid(caller(GOOD), Purse(BOUND))) == ["ok"]


@virtual
async def test_who_gives_up_waiting_for_the_other_purse_puts_back_what_is_its_own() -> None:
    asked = a_caller(ScriptedBackend([GOOD], seconds=50))
    asked.price, whole = PRICE, Purse(BOUND)
    first = asyncio.create_task(paid(asked, whole))
    await asyncio.sleep(1)
    own = Purse(BOUND, within=whole)
    second = asyncio.create_task(paid(asked, own))
    await asyncio.sleep(1)
    assert (own.left, whole.left) == (0, 0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert own.left == BOUND
    await first
    assert whole.left == BOUND - COST


@given(st.text(), st.text(), st.text(), st.integers(0, 3), st.dictionaries(st.text(), st.text()))
def test_no_prompt_has_more_tokens_than_its_bound(
    system: str, user: str, reminder: str, images: int, schema: dict[str, str]
) -> None:
    prompt = replace(
        PROMPT, system=system, user=user, reminder=reminder, images=("data:",) * images, schema=schema
    )
    texts = (system, user, reminder, json.dumps(schema))
    bytes_sent = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    assert input_bound(prompt) >= bytes_sent + images * IMAGE_TOKENS + FRAME_TOKENS
    assert bound_microusd(PRICE, prompt) == input_bound(prompt) + prompt.max_tokens
