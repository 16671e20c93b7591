"""When a score is calibrated, by which map, and when it is not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import (
    a_case,
    a_completion,
    a_criterion,
    a_nominal_scale,
    a_reply,
    a_request,
    a_rubric,
    an_entry,
)
from calibrationmaps import Shelf, a_fingerprint, a_map
from calibrationscorer import a_scorer, score
from lines import BrokenLine, FakeLine, R, SilentLine
from virtualtime import now, virtual

from judge_service.backends.base import JudgeCallFailed
from judge_service.errors import BackendUnavailable, MapNotFound, StaleMap, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_service.backends.base import Called, Completion, Landing, Prompt
    from judge_service.domain.score import Score

CT = {"subgroups": {"modality": "CT"}}


def levels(**given: object) -> FakeLine:
    return FakeLine(a_completion(json.dumps({name: an_entry(level) for name, level in given.items()})))


def test_an_active_map_calibrates_the_total_and_leaves_the_raw_score() -> None:
    one = a_map()
    shelf = Shelf(one)
    found = score(a_scorer(shelf), case=a_case(**CT))
    assert found.score == 80.0
    assert (found.calibrated.score, found.calibrated.map, found.calibrated.status) == (
        72.0,
        one.id,
        "calibrated",
    )
    assert found.interval is not None
    assert found.interval.model_dump() == {"low": 67.0, "high": 77.0, "level": 0.9, "source": "conformal"}
    assert shelf.looks == [("default", "plain", "text")]
    assert found.flags == ()


def test_without_a_map_there_is_nothing_to_tell_and_one_look() -> None:
    shelf = Shelf()
    for maps in (shelf, None):
        found = score(a_scorer(maps))
        assert found.calibrated.model_dump() == {
            "score": None,
            "map": None,
            "status": "none",
            "flags": (),
            "criteria": {},
        }
        assert found.interval is None
    assert len(shelf.looks) == 1


def test_who_wants_no_calibration_costs_no_look() -> None:
    shelf = Shelf(a_map())
    found = score(a_scorer(shelf), calibration="none")
    assert (found.calibrated.status, found.interval, shelf.looks) == ("none", None, [])


@pytest.mark.parametrize(
    ("level", "case", "flag"),
    [
        (1, {}, "extrapolated"),
        (4, {"subgroups": {"modality": "PET"}}, "unseen_subgroup"),
    ],
)
def test_what_was_not_in_the_study_gets_no_number(level: int, case: dict[str, Any], flag: str) -> None:
    found = score(a_scorer(Shelf(a_map()), levels(accuracy=level, clarity=level)), case=a_case(**case))
    assert (found.calibrated.status, found.calibrated.score) == ("out_of_domain", None)
    assert flag in found.calibrated.flags
    assert (found.interval, found.score) == (None, 20.0 * level)


def test_a_map_without_interval_gives_none() -> None:
    found = score(a_scorer(Shelf(a_map(conformal=None))))
    assert (found.calibrated.score, found.interval) == (72.0, None)


def test_a_map_of_one_criterion_calibrates_its_level() -> None:
    one = a_map("accuracy")
    found = score(a_scorer(Shelf(one)), case=a_case(**CT))
    assert (found.calibrated.status, found.calibrated.map, found.interval) == ("none", None, None)
    assert found.calibrated.criteria["accuracy"].model_dump() == {
        "value": 3.6,
        "low": 3.35,
        "high": 3.85,
        "level": 0.9,
        "map": one.id,
        "status": "calibrated",
        "flags": (),
    }


def test_a_criterions_map_may_be_stale_or_out_of_its_domain_by_itself() -> None:
    stale = a_map("clarity", judge={"fingerprint": a_fingerprint(model="old")})
    found = score(a_scorer(Shelf(a_map(), a_map("accuracy"), stale), levels(accuracy=1, clarity=4)))
    criteria = found.calibrated.criteria
    assert (criteria["clarity"].status, criteria["clarity"].value) == ("stale", None)
    assert (criteria["accuracy"].status, criteria["accuracy"].value) == ("out_of_domain", None)
    assert criteria["accuracy"].flags == ("extrapolated",)


def test_a_criterion_that_was_not_scored_is_not_calibrated() -> None:
    found = score(
        a_scorer(Shelf(a_map(), a_map("accuracy"), a_map("clarity")), levels(accuracy=None, clarity=4))
    )
    assert (found.outcome, found.calibrated.status) == ("abstained", "out_of_domain")
    assert found.calibrated.flags == ("no_number",)
    told = {name: (each.status, each.value, each.flags) for name, each in found.calibrated.criteria.items()}
    assert told == {"accuracy": ("out_of_domain", None, ("no_number",)), "clarity": ("calibrated", 3.6, ())}


def test_a_total_over_fewer_criteria_is_another_quantity() -> None:
    one = a_map()
    for wanted, shelf in (("auto", Shelf(one)), (one.id, Shelf(kept={one.id: one}))):
        line = levels(accuracy=None, clarity=4)
        found = score(a_scorer(shelf, line), partial="renormalise", calibration=wanted)
        told = found.calibrated
        assert (found.score, found.interval) == (80.0, None)
        assert (told.score, told.map, told.status) == (None, one.id, "out_of_domain")
        assert told.flags == ("partial_total",)


def test_what_the_guard_says_is_no_judges_score() -> None:
    one = a_map(domain={"low": 0, "high": 100, "subgroups": {}})
    rubric = a_rubric(
        a_criterion("accuracy", weight=4, when_degenerate=0), a_criterion("clarity", when_degenerate=0)
    )
    shelf = Shelf(one)
    found = score(a_scorer(shelf, rubric=rubric), case=a_case(response=""))
    assert (found.score, found.calibrated.status, shelf.looks) == (0.0, "none", [])


def test_an_answer_without_numbers_costs_no_look() -> None:
    shelf = Shelf(a_map())
    failure = BrokenLine(JudgeCallFailed(BackendUnavailable("away"), ()))
    assert score(a_scorer(shelf, failure)).calibrated.status == "none"
    rubric = a_rubric(a_criterion(scale=a_nominal_scale()))
    words = FakeLine(a_completion(a_reply(rubric.criteria, "supported")))
    assert score(a_scorer(shelf, words, rubric)).calibrated.status == "none"
    assert shelf.looks == []


def test_without_its_store_a_score_is_served_and_says_that_it_is_not_calibrated() -> None:
    shelf = Shelf(a_map())
    shelf.broken = True
    found = score(a_scorer(shelf))
    assert (found.score, found.calibrated.status, found.flags) == (80.0, "none", ("calibration_unavailable",))
    assert found.calibrated.flags == ("store_failed",)


class LossyShelf(Shelf):
    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        return (await self.find("sha256:" + "0" * 64),)


def test_a_map_in_force_that_is_lost_is_not_the_same_as_none() -> None:
    found = score(a_scorer(LossyShelf()))
    assert (found.score, found.calibrated.status, found.flags) == (80.0, "none", ("calibration_unavailable",))
    assert found.calibrated.flags == ("map_lost",)


class SlowShelf(Shelf):
    seconds = 3600.0

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        await asyncio.sleep(self.seconds)
        return await super().active(judge, rubric, mode)


def test_a_store_that_does_not_answer_costs_no_more_than_the_deadline() -> None:
    @virtual
    async def ask() -> tuple[Score, float]:
        began = now()
        found = await a_scorer(SlowShelf(a_map())).score(a_request(), deadline=began + 2)
        return found, now() - began

    found, took = ask()
    assert (found.flags, found.calibrated.flags) == (("calibration_unavailable",), ("no_time_left",))
    assert took == pytest.approx(2)


class LateLine(FakeLine):
    """Answers in the last hundredth of the time."""

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        await asyncio.sleep(landing.deadline - now() - 0.01)
        return await super().call(prompt, read, landing)


@pytest.mark.parametrize(
    ("seconds", "status", "reasons"), [(0.04, "calibrated", ()), (0.06, "none", ("no_time_left",))]
)
def test_a_judge_that_used_up_the_time_leaves_a_moment_for_maps(
    seconds: float, status: str, reasons: tuple[str, ...]
) -> None:
    shelf = SlowShelf(a_map())
    shelf.seconds = seconds

    @virtual
    async def ask() -> tuple[Score, float]:
        deadline = now() + 1
        found = await a_scorer(shelf, LateLine()).score(a_request(case=a_case(**CT)), deadline=deadline)
        return found, now() - deadline

    found, late = ask()
    assert (found.outcome, found.calibrated.status, found.calibrated.flags) == ("scored", status, reasons)
    assert late == pytest.approx(min(seconds, 0.05) - 0.01)


def test_a_judge_that_never_answers_costs_no_look_at_maps() -> None:
    shelf = Shelf(a_map())
    found = score(a_scorer(shelf, SilentLine()), seconds=1)
    assert (found.outcome, found.calibrated.status, shelf.looks) == ("timeout", "none", [])


def test_a_demanded_map_is_applied_whatever_is_in_force() -> None:
    one, other = a_map(), a_map(knots=[[0.0, 0.0], [100.0, 50.0]])
    shelf = Shelf(one, kept={other.id: other})
    found = score(a_scorer(shelf), calibration=other.id)
    assert (found.calibrated.map, found.calibrated.score) == (other.id, 40.0)
    assert shelf.looks == []


def test_a_demanded_map_that_nobody_knows_is_not_found() -> None:
    with pytest.raises(MapNotFound):
        score(a_scorer(Shelf()), calibration="sha256:" + "0" * 64)
    with pytest.raises(StoreError):
        score(a_scorer(None), calibration="sha256:" + "0" * 64)


def test_a_demanded_map_of_what_the_rubric_does_not_score_is_refused() -> None:
    one = a_map("beauty")
    with pytest.raises(StaleMap, match="beauty"):
        score(a_scorer(Shelf(one)), calibration=one.id)


def test_a_demanded_map_that_equates_two_judges_is_refused() -> None:
    one = a_map(purpose="equate")
    with pytest.raises(StaleMap, match="physicians"):
        score(a_scorer(Shelf(one)), calibration=one.id)


def test_a_demanded_map_is_told_of_when_the_answer_has_no_number_for_it() -> None:
    of_total, of_level = a_map(), a_map("accuracy")
    for line in (
        levels(accuracy=None, clarity=None),
        BrokenLine(JudgeCallFailed(BackendUnavailable("away"), ())),
    ):
        found = score(a_scorer(Shelf(of_total), line), calibration=of_total.id).calibrated
        assert (found.score, found.map, found.status) == (None, of_total.id, "out_of_domain")
        assert (found.flags, found.criteria) == (("no_number",), {})
        told = score(a_scorer(Shelf(of_level), line), calibration=of_level.id).calibrated
        assert (told.status, told.map, list(told.criteria)) == ("none", None, ["accuracy"])
        level = told.criteria["accuracy"]
        assert (level.map, level.status, level.value) == (of_level.id, "out_of_domain", None)
        assert level.flags == ("no_number",)


@pytest.mark.parametrize(
    "wanted", ["", "AUTO", "latest", "sha256:", "sha256:" + "0" * 63, "sha256:" + "G" * 64]
)
def test_calibration_is_auto_none_or_an_id(wanted: str) -> None:
    with pytest.raises(ValueError, match="calibration"):
        a_request(calibration=wanted)
