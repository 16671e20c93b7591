"""How repeatable a judge is: figures against their formulas, and the command from end to end."""

from __future__ import annotations

import asyncio
import json
import math
import statistics
from typing import TYPE_CHECKING, Any

import pytest
from filescoring import case, jsonl
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import command, environment, openai_judge
from stubjudge import StubJudge
from stubshapes import SHAPES, answering

from judge_service.judge_commands.repeats import Table, Told, repeatability

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from stubjudge import Call
    from stubshapes import Shape

POINTS = st.sampled_from([0.0, 20.0, 40.0, 60.0, 80.0, 100.0])


def scored(value: float) -> Told:
    return Told("scored", value, value)


def table(*cases: list[float | None]) -> Table:
    return [[Told("timeout") if x is None else scored(x) for x in each] for each in cases]


@settings(deadline=None)  # the first call loads the statistics
@given(st.integers(2, 6).flatmap(lambda k: st.lists(st.lists(POINTS, min_size=k, max_size=k), min_size=2)))
def test_figures_are_those_of_the_one_way_analysis_of_variance(cases: list[list[float]]) -> None:
    k, n = len(cases[0]), len(cases)
    within = statistics.fmean(statistics.variance(each) for each in cases)
    between = k * statistics.variance([statistics.fmean(each) for each in cases])
    found = repeatability(table(*cases))  # type: ignore[arg-type]
    assert found["sd"]["estimate"] == pytest.approx(math.sqrt(within), abs=1e-5)
    assert found["sd"]["degrees_of_freedom"] == n * (k - 1)
    if len({x for each in cases for x in each}) > 1:
        expected = (between - within) / (between + (k - 1) * within)
        assert found["icc"]["estimate"] == pytest.approx(expected, abs=1e-5)
    else:
        assert (found["icc"]["estimate"], found["icc"]["reason"][:20]) == (None, "all scores are equal")
    equal = sum(len(set(each)) == 1 for each in cases)
    assert found["all_equal"]["share"] == equal / n
    assert (found["scored"], found["unscored"]) == (n * k, {})


def test_an_interval_goes_around_the_icc() -> None:
    cases: list[list[float | None]] = [[20, 40, 20], [80, 80, 100], [60, 40, 60], [0, 0, 20], [100, 80, 80]]
    icc = repeatability(table(*cases))["icc"]
    assert icc["ci"]["low"] < icc["estimate"] < icc["ci"]["high"]
    assert (icc["ci"]["method"], icc["ci"]["level"], icc["ci_reason"]) == ("F", 0.95, None)


def test_a_judge_that_always_says_the_same_of_a_case_has_an_icc_of_one_without_interval() -> None:
    found = repeatability(table([20, 20], [80, 80], [60, 60]))
    assert (found["sd"]["estimate"], found["icc"]["estimate"], found["icc"]["ci"]) == (0.0, 1.0, None)
    assert found["icc"]["ci_reason"]
    assert found["all_equal"]["share"] == 1.0


def test_unscored_askings_are_counted_and_enter_no_figure() -> None:
    found = repeatability(table([20, 40, None], [80, None, None], [60, 60, 60], [None, None, None]))
    assert found["sd"] == {
        "estimate": pytest.approx(math.sqrt(200 / 3), abs=1e-5),
        "reason": None,
        "cases": 2,
        "degrees_of_freedom": 3,
    }
    assert (found["scored"], found["unscored"]) == (6, {"timeout": 6})
    whole = found["all_equal"]
    assert (whole["share"], whole["equal"], whole["cases_scored_every_time"], whole["cases"]) == (
        1.0,
        1,
        1,
        4,
    )


@pytest.mark.parametrize(
    ("cases", "sd", "icc"),
    [
        ([[20.0, None], [None, None]], "no case was scored twice", "fewer than two cases"),
        ([[20.0, 40.0]], None, "fewer than two cases"),
        ([[40.0, 40.0], [40.0, 40.0]], None, "all scores are equal"),
        ([], "no case was scored twice", "fewer than two cases"),
    ],
)
def test_what_cannot_be_had_is_null_with_its_reason(
    cases: list[list[float | None]], sd: str | None, icc: str
) -> None:
    found = repeatability(table(*cases))
    assert (found["sd"]["estimate"] is None, found["sd"]["reason"]) == (sd is not None, sd)
    assert (found["icc"]["estimate"], found["icc"]["ci"]) == (None, None)
    assert found["icc"]["reason"].startswith(icc)


def test_a_scale_without_values_has_levels_and_no_points() -> None:
    found = repeatability(
        [[Told("scored", "a"), Told("scored", "a")], [Told("scored", "a"), Told("scored", "b")]]
    )
    assert found["sd"]["reason"] == found["icc"]["reason"] == "the scale has no values"
    assert found["all_equal"]["share"] == 0.5


def test_a_level_of_no_points_is_a_value() -> None:
    found = repeatability(table([0, 0], [0, 0]))
    assert (found["sd"]["estimate"], found["icc"]["reason"][:20]) == (0.0, "all scores are equal")


async def repeated(
    tmp_path: Path, judge: dict[str, Any], *words: str, rows: list[object] | None = None
) -> tuple[CompletedProcess[str], dict[str, Any]]:
    path = jsonl(tmp_path / "cases.jsonl", rows or [case(1), case(2), case(3, response="")])
    out = tmp_path / "out.json"
    given = ["judges", "repeatability", "default", str(path), "--out", str(out)]
    words = words or ("--rubric", "medical-qa", "--times", "4")
    env = environment(tmp_path, {"default": judge}, store_url="memory://")
    done = await asyncio.to_thread(command, tmp_path, *given, *words, env=env)
    return done, json.loads(out.read_text("utf-8")) if out.exists() else {}


class Wavering:
    """Gives row 1 a level that moves, row 2 always the same, and is cut once."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, call: Call) -> Shape:
        if b"row 2" in call.raw:
            return answering({"ground_truth": 5})
        self.asked += 1
        return SHAPES["refusal"] if self.asked == 1 else answering({"ground_truth": self.asked % 2})


async def test_the_command_asks_past_the_cache_and_tells_all(tmp_path: Path) -> None:
    async with StubJudge() as stub:
        stub.choose = Wavering()
        price = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 100}
        done, told = await repeated(tmp_path, openai_judge(stub.url, price=price))
        assert done.returncode == 0, done.stderr
        assert stub.count == 8
    assert (told["judge"], told["rubric"], told["times"]) == ("default", "medical-qa@1", 4)
    assert (told["cases"], told["guarded"], told["model"]) == (2, 1, "stub-001")
    truth = told["criteria"]["ground_truth"]
    assert (truth["scored"], truth["unscored"]) == (7, {"refused": 1})
    # Row 1: levels 0, 1, 0 of five, in some order; row 2: four times the best.
    assert truth["sd"]["estimate"] == pytest.approx(math.sqrt((3200 / 12) / 5), abs=1e-4)
    assert truth["all_equal"]["share"] == 1.0
    assert told["criteria"]["coherence"]["sd"]["estimate"] == 0.0
    assert told["total"]["unscored"] == {"refused": 1}
    assert told["bill"]["cost_microusd"] == 8 * (321 * 10 + 77 * 100)
    assert told["statement"] in " ".join(done.stdout.split("\n"))
    assert "1 of 8 askings gave no score: refused 1." in told["statement"]
    assert "Cases without content, about which no judge is asked, are left out: 1." in told["statement"]


async def test_a_nominal_rubric_has_levels_only(tmp_path: Path) -> None:
    rows: list[object] = [{"claim": "c", "prompt": "p", "response": f"row {at}"} for at in range(3)]
    done, told = await repeated(
        tmp_path, {"kind": "scripted"}, "--rubric", "claim-support", "--times", "2", rows=rows
    )
    assert done.returncode == 0, done.stderr
    assert told["total"]["sd"]["reason"] == "the scale has no values"
    assert told["total"]["all_equal"]["share"] == 1.0
    assert "unknown: the scale has no values" in told["statement"]


async def test_a_judge_that_never_answers_is_exit_code_1_and_no_figure(tmp_path: Path) -> None:
    down = {"kind": "scripted", "script": [{"fault": "unavailable"}], "max_attempts": 1}
    done, told = await repeated(tmp_path, down)
    assert done.returncode == 1
    assert (told["total"]["sd"]["estimate"], told["total"]["icc"]["estimate"]) == (None, None)
    assert told["total"]["unscored"] == {"provider_error": 8}


@pytest.mark.parametrize(
    ("rows", "words", "told"),
    [
        ([case(1), "no JSON"], (), "row 2"),
        ([case(1)], ("--rubric", "none-such"), "none-such"),
        ([case(1)], ("--rubric", "medical-qa", "--mode", "image"), "row 1"),
        ([case(1)], ("--rubric", "medical-qa", "--mode", "smell"), "mode"),
    ],
)
async def test_a_mistake_is_one_line(
    tmp_path: Path, rows: list[object], words: tuple[str, ...], told: str
) -> None:
    done, _ = await repeated(tmp_path, {"kind": "scripted"}, *words, rows=rows)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert told in done.stderr
