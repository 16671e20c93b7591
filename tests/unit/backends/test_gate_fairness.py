from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from gatekeeping import Visit, a_gate, settle
from virtualtime import virtual

from judge_service.domain.place import INTERACTIVE, Place

if TYPE_CHECKING:
    from judge_service.backends.gate import Gate

MANY = Place("batch", "many")
FEW = Place("batch", "few")


def batch(tenant: str) -> Place:
    return Place("batch", tenant)


async def a_used_gate(limit: int) -> Gate:
    """A gate of a judge that has borne all of its calls at once, so that a burst is let in whole."""
    gate = a_gate(limit)
    visits = [Visit(gate) for _ in range(limit)]
    await asyncio.sleep(1)
    for visit in visits:
        await visit.ends()
    return gate


def inside(visits: list[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.entered is not None and not visit.task.done()]


def waiting(visits: list[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.entered is None]


async def end_all(visits: list[Visit]) -> None:
    """End whoever is inside until nobody is left."""
    while not all(visit.task.done() for visit in visits):
        await inside(visits)[0].ends()
        await settle()


async def entered_one_by_one(visits: list[Visit]) -> list[int]:
    """End whoever is inside, one at a time, and tell who entered in which order."""
    order: list[int] = []
    while len(order) < len(visits):
        await settle()
        new = [at for at, visit in enumerate(visits) if visit.entered is not None and at not in order]
        order += new
        await visits[order[-1]].ends()
    return order


@virtual
async def test_tenants_take_turns_however_many_calls_one_of_them_has() -> None:
    gate = a_gate(1)
    tenants = "aaaaabbc"
    order = await entered_one_by_one([Visit(gate, batch(tenant)) for tenant in tenants])
    assert "".join(tenants[at] for at in order) == "aabcabaa"


@virtual
async def test_a_tenant_alone_may_use_every_place() -> None:
    gate = await a_used_gate(8)
    visits = [Visit(gate, MANY) for _ in range(20)]
    await settle()
    assert len(inside(visits)) == 8
    await end_all(visits)


@pytest.mark.parametrize(("limit", "share"), [(1, 1), (2, 1), (3, 2), (8, 4), (9, 5)])
@virtual
async def test_a_tenant_holds_at_most_half_while_another_waits(limit: int, share: int) -> None:
    gate = await a_used_gate(limit)
    many = [Visit(gate, MANY) for _ in range(5 * limit)]
    await settle()
    few = [Visit(gate, FEW) for _ in range(3 * limit)]
    await settle()
    for visit in inside(many):  # those who were alone go on; their places are shared
        await visit.ends()
    await settle()
    assert gate.inflight == limit
    assert len(inside(many)) in {share, limit - share}
    while waiting(few):
        assert max(len(inside(few)), len(inside(many))) <= share
        await (inside(few) or inside(many))[0].ends()
        await settle()
    await end_all([*few, *many])
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_a_tenant_takes_every_place_again_when_the_other_has_nothing_left() -> None:
    gate = await a_used_gate(8)
    visits = [*(Visit(gate, FEW) for _ in range(4)), *(Visit(gate, MANY) for _ in range(20))]
    await settle()
    assert gate.inflight == 8
    for visit in visits[:4]:
        await visit.ends()
    await settle()
    assert len(inside(visits[4:])) == 8
    await end_all(visits)


@virtual
async def test_who_waits_no_longer_holds_nobody_back() -> None:
    gate = await a_used_gate(4)
    many = [Visit(gate, MANY) for _ in range(10)]
    await settle()
    few = [Visit(gate, FEW) for _ in range(3)]
    await settle()
    many[0].end.set_result(None)  # wakes first, when the cancelled ones still stand in line
    for visit in few:
        visit.task.cancel()
    await settle()
    assert len(inside(many)) == 4
    await end_all(many)
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_what_is_urged_goes_before_what_is_not() -> None:
    gate = a_gate(1)
    holder = Visit(gate)
    await settle()
    slots = [gate.slot(MANY) for _ in range(3)]
    entered: list[int] = []

    async def go(at: int) -> None:
        async with slots[at]:
            entered.append(at)

    tasks = [asyncio.create_task(go(at)) for at in range(3)]
    await settle()
    slots[1].urge(FEW)  # no more urgent
    slots[2].urge(INTERACTIVE)
    await holder.ends()
    await asyncio.gather(*tasks)
    assert entered == [2, 0, 1]
    slots[0].urge(INTERACTIVE)  # long gone
    assert (gate.inflight, gate.waiting, gate._line._held) == (0, 0, Counter())


@virtual
async def test_urging_whose_turn_has_come_changes_nothing() -> None:
    gate = a_gate(1)
    holder = Visit(gate)
    await settle()
    slot = gate.slot(MANY)

    async def go() -> None:
        async with slot:
            await asyncio.sleep(1)

    task = asyncio.create_task(go())
    await settle()
    holder.end.set_result(None)
    await asyncio.sleep(0)  # the turn has come, the task has not woken
    slot.urge(INTERACTIVE)
    await asyncio.sleep(0.5)
    slot.urge(INTERACTIVE)
    await task
    assert (gate.inflight, gate.waiting, gate._line._held) == (0, 0, Counter())
