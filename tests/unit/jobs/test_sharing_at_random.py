"""Who is next: fair among tenants and jobs, urgent first, caps kept."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from judge_service.domain.job import PRIORITIES
from judge_service.jobs.sharing import Standing, rate_due, rate_room, shares


@st.composite
def standings(draw: st.DrawFn) -> list[Standing]:
    count = draw(st.integers(1, 6))
    return [
        Standing(
            job=f"job_{n}",
            tenant=draw(st.sampled_from("abc")),
            priority=draw(st.sampled_from(PRIORITIES)),
            waiting=draw(st.integers(0, 20)),
            running=draw(st.integers(0, 10)),
            room=draw(st.integers(-3, 20)),
        )
        for n in range(count)
    ]


def able(one: Standing) -> int:
    return max(0, min(one.waiting, one.room))


@given(found=standings(), most=st.integers(0, 40))
def test_no_place_is_wasted_and_no_cap_is_passed(found: list[Standing], most: int) -> None:
    dealt = shares(found, most)
    assert all(0 < dealt[one.job] <= able(one) for one in found if one.job in dealt)
    assert sum(dealt.values()) == min(most, sum(map(able, found)))


@given(found=standings(), most=st.integers(0, 40))
def test_nobody_waits_for_who_is_less_urgent(found: list[Standing], most: int) -> None:
    dealt = shares(found, most)
    for one in found:
        for other in found:
            if PRIORITIES.index(one.priority) < PRIORITIES.index(other.priority) and other.job in dealt:
                assert dealt.get(one.job, 0) == able(one)


@given(found=standings(), most=st.integers(0, 40))
def test_of_tenants_that_wait_none_gets_ahead(found: list[Standing], most: int) -> None:
    level = [Standing(o.job, o.tenant, "normal", o.waiting, o.running, o.room) for o in found]
    dealt = shares(level, most)
    had, got, waits = Counter[str](), Counter[str](), set[str]()
    for one in level:
        had[one.tenant] += one.running
        got[one.tenant] += dealt.get(one.job, 0)
        if dealt.get(one.job, 0) < able(one):
            waits.add(one.tenant)
    for poor in waits:
        for rich in got:
            if got[rich]:
                assert had[rich] + got[rich] <= had[poor] + got[poor] + 1


def test_a_tenant_alone_gets_all() -> None:
    assert shares([Standing("job_1", "a", "normal", 100, 0, 100)], 64) == {"job_1": 64}


@given(
    per_minute=st.floats(0.5, 60_000),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=40),
    asks=st.integers(1, 500),
)
def test_a_rate_is_kept_over_any_time(per_minute: float, gaps: list[float], asks: int) -> None:
    began = now = 1_000_000.0
    due, begun = 0.0, 0
    for gap in gaps:
        now += gap
        room: Any = rate_room(per_minute, due, now)
        assert room >= 0
        places = min(room, asks)
        if places:
            due = rate_due(per_minute, due, now, places)
            begun += places
    saved = max(1.0, per_minute / 60)
    assert begun <= saved + per_minute * (now - began) / 60 + 1


def test_without_a_rate_there_is_no_bound() -> None:
    assert rate_room(None, 0.0, 1.0) is None
