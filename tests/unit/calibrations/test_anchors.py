"""A swap on anchor cases: both judges score them through the one scorer, and what fails is counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from builders import an_image
from serving import settings_of

from judge_service.calibrations.anchors import MOST_CASES, swap_on_cases
from judge_service.errors import (
    BodyRejected,
    ImageRejected,
    JudgeNotFound,
    OptionRejected,
    RubricNotFound,
    StudyRejected,
    UnfitCase,
)
from judge_service.main import open_state
from judge_service.observation import Observation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.calibrations.desk import Desk

N = 12


def scripted(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "scripted", "script": list(steps), "max_attempts": 1}


JUDGES: dict[str, Any] = {
    "default": scripted(*({"when": f"answer {at} ", "levels": {"*": at % 6}} for at in range(N))),
    "same": scripted(*({"when": f"answer {at} ", "levels": {"*": at % 6}} for at in range(N))),
    "kind": scripted(*({"when": f"answer {at} ", "levels": {"*": min(5, at % 6 + 1)}} for at in range(N))),
    "shaky": scripted(
        {"when": "answer 0 ", "fault": "unavailable"},
        {"when": "answer 1 ", "fault": "refused"},
        {"when": "answer 2 ", "levels": {"*": None}},
        *({"when": f"answer {at} ", "levels": {"*": at % 6}} for at in range(3, N)),
    ),
    "blind": {"kind": "scripted", "images": False},
}


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    return [{"id": f"c{at}", "response": f"The answer {at} .", "reference": "It."} for at in range(N)]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_state(settings_of(JUDGES), Observation()) as state:
        yield state["desk"]


def an_order(cases: list[dict[str, Any]], judge_b: str = "same", **more: Any) -> dict[str, Any]:
    ratings = [
        {"item": case["id"], "criterion": criterion, "rater": rater, "score": min(5, at % 6 + extra)}
        for at, case in enumerate(cases)
        for criterion in ("consistency", "coherence", "ground_truth")
        for rater, extra in (("dr_a", 0), ("dr_b", 1))
    ]
    plain = {
        "judge_a": "default",
        "judge_b": judge_b,
        "rubric": "medical-qa",
        "cases": cases,
        "ratings": ratings,
    }
    return plain | {"options": {"resamples": 0}} | more


async def test_a_judge_that_says_the_same_is_equivalent(desk: Desk, cases: list[dict[str, Any]]) -> None:
    told = await swap_on_cases(desk, an_order(cases))
    assert (told["verdict"], told["scored_cases"]) == ("equivalent", N)
    assert set(told["criteria"]) == {"consistency", "coherence", "ground_truth", "score"}
    assert {each["n_rated"] for each in told["criteria"].values()} == {
        N
    }  # totals of raters follow from levels


async def test_a_judge_that_is_a_point_kinder_is_different_and_flips_decisions(
    desk: Desk, cases: list[dict[str, Any]]
) -> None:
    told = await swap_on_cases(desk, an_order(cases, "kind", threshold={"score": 60}, margin=0.25))
    assert told["verdict"] == "different"
    total = told["criteria"]["score"]
    assert (total["flips"]["now_pass"], total["flips"]["now_fail"]) == (2, 0)
    assert total["shift"]["estimate"] > 10


async def test_what_a_judge_could_not_score_is_counted_and_never_a_number(
    desk: Desk, cases: list[dict[str, Any]]
) -> None:
    told = await swap_on_cases(desk, an_order(cases, "shaky"))
    counted = told["outcomes"]["shaky"]["ground_truth"]
    assert counted == {"scored": N - 3, "provider_error": 1, "refused": 1, "abstained": 1}
    assert told["criteria"]["ground_truth"]["n_items"] == N - 3


async def test_cases_need_no_ratings(desk: Desk, cases: list[dict[str, Any]]) -> None:
    told = await swap_on_cases(desk, an_order(cases, ratings=[]))
    assert told["verdict"] == "equivalent"
    assert told["criteria"]["score"]["n_rated"] == 0


async def test_the_scorers_cache_spares_the_second_asking(desk: Desk, cases: list[dict[str, Any]]) -> None:
    order = an_order(cases)
    assert await swap_on_cases(desk, order) == await swap_on_cases(desk, order)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"judge_b": "default"}, OptionRejected, "another judge"),
        ({"judge_b": "nobody"}, JudgeNotFound, "nobody"),
        ({"rubric": "nothing"}, RubricNotFound, "nothing"),
        ({"cases": []}, BodyRejected, "cases"),
        ({"cases": [{"response": "no id"}]}, BodyRejected, "id"),
        ({"cases": [{"id": "a", "response": ""}, {"id": "a", "response": ""}]}, OptionRejected, "ids differ"),
        ({"cases": [{"id": f"c{at}", "response": ""} for at in range(MOST_CASES + 1)]}, BodyRejected, "256"),
        ({"mode": "image"}, UnfitCase, r"cases\[0\]"),
        ({"threshold": True}, BodyRejected, "threshold"),
        ({"margin": {"score": "3"}}, BodyRejected, "margin"),
        ({"study": "sha256:0"}, BodyRejected, "not known"),
        ({"options": {"resamples": -1}}, OptionRejected, "resamples"),
    ],
)
async def test_a_mistake_is_named(
    desk: Desk, cases: list[dict[str, Any]], more: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await swap_on_cases(desk, an_order(cases) | more)


async def test_a_fault_of_a_rating_is_told_where_it_came(desk: Desk, cases: list[dict[str, Any]]) -> None:
    order = an_order(cases)
    order["ratings"][4]["score"] = 9
    with pytest.raises(StudyRejected) as caught:
        await swap_on_cases(desk, order)
    assert [pointer for pointer, _ in caught.value.faults] == ["/ratings/4/score"]


async def test_a_picture_that_cannot_be_opened_says_of_which_case(
    desk: Desk, cases: list[dict[str, Any]]
) -> None:
    broken = an_image(b"no picture").model_dump(mode="json")
    shown = [{**cases[0], "images": [broken]}, cases[1]]
    with pytest.raises(ImageRejected, match=r"cases\[0\]: images\[0\]"):
        await swap_on_cases(desk, an_order(shown, ratings=[], rubric="med-cmr", mode="image"))


async def test_who_leaves_ends_the_asking(cases: list[dict[str, Any]]) -> None:
    slow = {"kind": "scripted", "script": [{"delay_ms": 60_000}]}
    async with open_state(settings_of({"default": slow, "same": slow}), Observation()) as state:
        asking = asyncio.create_task(swap_on_cases(state["desk"], an_order(cases)))
        await asyncio.sleep(0.1)
        asking.cancel()
        async with asyncio.timeout(2):
            await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()
