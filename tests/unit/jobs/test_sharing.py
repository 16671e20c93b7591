"""Places go to the urgent first, then to who has the least; what is queued counts only where it stands in the way."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from judge_service.domain.job import PRIORITIES
from judge_service.jobs.sharing import Standing, deal, shares, starved


def standing(job: str, tenant: str = "t", **told: Any) -> Standing:
    return Standing(**{
        "job": job, "tenant": tenant, "priority": "normal", "waiting": 100, "running": 0, "room": 100,
        **told,
    })  # fmt: skip


def test_tenants_take_turns_from_where_they_stand() -> None:
    ahead, behind = standing("a", "ann", running=2), standing("b", "bob")
    assert deal([ahead, behind], 6) == ["b", "b", "a", "b", "a", "b"]
    assert shares([ahead, behind], 6) == {"a": 2, "b": 4}


def test_a_tenants_jobs_take_turns_as_well() -> None:
    assert deal([standing("a1", running=1), standing("a2"), standing("b", "bob")], 6) == [
        "b",
        "a2",
        "b",
        "a1",
        "b",
        "a2",
    ]


def test_what_is_queued_takes_of_the_places_and_of_the_tenants_turn() -> None:
    jobs = [standing("a", "ann", queued=4), standing("b", "bob")]
    assert deal(jobs, 8) == ["b", "b", "b", "b"]
    assert deal(jobs, 4) == []


def test_what_is_queued_less_urgently_stands_in_nobodys_way() -> None:
    jobs = [
        standing("low", "ann", priority="low", queued=64),
        standing("a", "ann"),
        standing("b", "bob"),
    ]
    assert deal(jobs, 4) == ["a", "b", "a", "b"]


def test_who_asks_starves_where_something_more_urgent_waits_than_is_queued() -> None:
    low = standing("low", priority="low", queued=64)
    assert not starved([low], 10)
    assert starved([low], 65)
    assert not starved([standing("low", priority="low", queued=1, waiting=0)], 10)
    assert starved([low, standing("high", priority="high", waiting=1)], 10)
    assert not starved([low, standing("high", priority="high", waiting=1, room=0)], 10)
    assert not starved([low, standing("high", priority="high", queued=10)], 10)


@given(
    st.lists(
        st.builds(
            Standing,
            st.uuids().map(str),
            st.sampled_from("abc"),
            st.sampled_from(PRIORITIES),
            *[st.integers(0, 9)] * 4,
        ),
        max_size=6,
    ),
    st.integers(0, 30),
)
def test_no_job_gets_more_than_it_can_take_and_none_waits_for_want_of_dealing(
    jobs: list[Standing], most: int
) -> None:
    dealt = shares(jobs, most)
    assert all(dealt.get(one.job, 0) <= max(0, min(one.waiting, one.room)) for one in jobs)
    able = sum(min(one.waiting, one.room) for one in jobs)
    assert sum(dealt.values()) <= max(0, most)
    assert sum(dealt.values()) >= min(able, most - sum(one.queued for one in jobs))
