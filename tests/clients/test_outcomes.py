"""Where there is no number there is none to read: for the type checker, and when it runs."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from mypy import api as mypy
from pydantic import ValidationError
from scriptedserver import SCORE

from judge_client import Incompatible, NoPreference, Preferred, Scored, ScoredCase, Unscored, UnscoredCase
from judge_client.models import Comparison, Score
from judge_client.outcomes import compared, outcome_of

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
from judge_client import (
    AsyncJudgeClient, JudgeClient, NoPreference, Preferred, Scored, ScoredCase, Unscored, UnscoredCase,
)
client = JudgeClient("http://127.0.0.1:8080")
told = client.score(rubric="medical-qa", response="x")
"""
ABSTAINED = {"outcome": "abstained", "level": None, "value": None, "weight": 1, "reason": "cannot tell"}
UNSCORED: dict[str, Any] = SCORE | {
    "outcome": "abstained",
    "score": None,
    "reason": "c: cannot tell",
    "criteria": {"c": ABSTAINED},
}
COMPARED: dict[str, Any] = {
    "id": "c-1",
    "outcome": "compared",
    "winner": "a",
    "preference": 1.0,
    "criteria": {},
    "asked": {},
    "position": {"criteria": 0, "flips": 0, "to_first": 0, "to_second": 0, "half": 0},
    "provenance": SCORE["provenance"],
}


def checked(tmp_path: Path, code: str) -> str:
    """What mypy says of a program of a caller's."""
    file = tmp_path / "program.py"
    file.write_text(HEAD + textwrap.dedent(code), "utf-8")
    cache = f"--cache-dir={tmp_path.parent / 'mypy'}"
    found, _, _ = mypy.run(
        ["--strict", "--no-error-summary", "--python-executable", sys.executable, cache, str(file)]
    )
    return found


WRONG = {
    "total: float = told.score": 'Item "UnscoredCase"',
    "print(told.score)": 'Item "UnscoredCase"',
    "print([verdict.value for verdict in told.criteria.values()])": 'Item "Unscored"',
    "async def a(it: AsyncJudgeClient) -> float: return (await it.score(rubric='r')).score": "UnscoredCase",
    "print([one.result.score for one in client.stream([])])": "UnscoredCase",
    "print(client.compare({}).winner)": 'Item "NoPreference"',
    "client.score(rubrik='r')": 'Unexpected keyword argument "rubrik"',
    "client.jobs.submit([], priority='urgent')": "priority",
    "print(UnscoredCase.nonsense)": "nonsense",
}


def test_a_number_cannot_be_read_without_asking_whether_there_is_one(tmp_path: Path) -> None:
    found = checked(tmp_path, "\n".join(WRONG))
    first = HEAD.count("\n") + 1
    for number, (line, complaint) in enumerate(WRONG.items(), first):
        said = [row for row in found.splitlines() if f"program.py:{number}: error" in row]
        assert any(complaint in row for row in said), (line, found)


def test_who_asks_first_is_let_through(tmp_path: Path) -> None:
    code = """
    from typing import assert_never

    def points(told: ScoredCase | UnscoredCase) -> str:
        match told:
            case ScoredCase(score, criteria):
                return f"{score + 1} {len(criteria)}"
            case UnscoredCase(outcome, reason):
                return outcome + reason
            case _:
                assert_never(told)

    if isinstance(told, ScoredCase):
        total: float = told.score
    for verdict in told.criteria.values():
        if isinstance(verdict, Scored) and verdict.value is not None:
            total = verdict.value
    reveal_type(client.jobs.get("job_1"))
    reveal_type(client.jobs.results("job_1"))
    async def f(a: AsyncJudgeClient) -> None:
        reveal_type(await a.score(rubric="r", response="x"))
        reveal_type(await a.calibration.report({}))
        async for one in a.stream([]):
            reveal_type(one.index)
    """
    found = [line.partition("note: ")[2] for line in checked(tmp_path, code).splitlines()]
    assert found == [
        'Revealed type is "judge_client.models.Job"',
        'Revealed type is "typing.Iterator[judge_client.operations.jobs.JobResult]"',
        'Revealed type is "judge_client.outcomes.ScoredCase | judge_client.outcomes.UnscoredCase"',
        'Revealed type is "judge_client.models.Report"',
        'Revealed type is "int"',
    ]


def test_when_it_runs_it_is_an_error_that_says_what_to_do() -> None:
    told = outcome_of(Score.model_validate(UNSCORED))
    assert isinstance(told, UnscoredCase)
    (verdict,) = told.criteria.values()
    assert isinstance(verdict, Unscored)
    for thing, name, instead in (
        (told, "score", "ScoredCase"),
        (told, "interval", "ScoredCase"),
        (verdict, "value", "Scored"),
        (verdict, "level", "Scored"),
        (NoPreference("position_flip", "r", Comparison.model_validate(COMPARED)), "winner", "Preferred"),
    ):
        with pytest.raises(AttributeError, match=rf"`reason` say why; ask isinstance\(…, {instead}\)"):
            getattr(thing, name)
        assert not hasattr(thing, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        told.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_no_field_of_what_has_no_number_is_one() -> None:
    told = outcome_of(Score.model_validate(UNSCORED))
    for thing in (told, *told.criteria.values()):
        values = [getattr(thing, field.name) for field in dataclasses.fields(thing)]
        assert not any(isinstance(value, int | float) for value in values)


@pytest.mark.parametrize("document", [SCORE, UNSCORED])
def test_outcomes_are_copied_and_pickled(document: dict[str, Any]) -> None:
    told = outcome_of(Score.model_validate(document))
    assert copy.deepcopy(told) == told
    assert pickle.loads(pickle.dumps(told)) == told  # noqa: S301  our own


def test_a_total_of_a_scale_without_numbers_is_unscored_and_its_criteria_are_not() -> None:
    verdict = {"outcome": "scored", "level": "yes", "value": None, "weight": 1, "rationale": "r"}
    more = {"score": None, "flags": ["no_numeric_scale"], "criteria": {"c": verdict}}
    told = outcome_of(Score.model_validate(SCORE | more))
    match told:
        case UnscoredCase("no_numeric_scale", reason):
            assert reason
        case _:
            pytest.fail("it has no number")
    assert told.criteria["c"] == Scored("yes", None, "r", told.answer.criteria["c"])  # type: ignore[arg-type]


def test_an_outcome_that_a_newer_service_names_is_taken_as_it_is() -> None:
    more = {"outcome": "new_reason", "criteria": {"c": ABSTAINED | {"outcome": "newer"}}}
    told = outcome_of(Score.model_validate(UNSCORED | more))
    assert isinstance(told, UnscoredCase)
    assert (told.outcome, told.criteria["c"].outcome) == ("new_reason", "newer")


@pytest.mark.parametrize(
    "more",
    [
        {"winner": None},
        {"preference": None},
        {"outcome": "position_flip"},
        {"outcome": "position_flip", "winner": None},
    ],
)
def test_a_comparison_that_contradicts_itself_is_none(more: dict[str, Any]) -> None:
    with pytest.raises(Incompatible):
        compared(Comparison.model_validate(COMPARED | more))


def test_a_comparison_is_a_preference_or_has_none() -> None:
    assert isinstance(compared(Comparison.model_validate(COMPARED)), Preferred)
    flip = COMPARED | {"outcome": "position_flip", "winner": None, "preference": None, "reason": "r"}
    told = compared(Comparison.model_validate(flip))
    assert isinstance(told, NoPreference)
    assert told.reason == "r"


def test_a_number_that_is_none_is_no_score() -> None:
    assert isinstance(outcome_of(Score.model_validate(SCORE)), ScoredCase)
    for number in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            outcome_of(Score.model_validate(SCORE | {"score": number}))


@pytest.mark.parametrize("number", [-5, 100.5, 1e300])
def test_a_number_beyond_the_scale_is_no_score(number: float) -> None:
    verdict = {"outcome": "scored", "level": 3, "value": number, "weight": 1, "rationale": "r"}
    for more in ({"score": number}, {"criteria": {"c": verdict}}):
        with pytest.raises(Incompatible, match="from 0 to 100"):
            outcome_of(Score.model_validate(SCORE | more))
    with pytest.raises(Incompatible, match="from -1 to 1"):
        compared(Comparison.model_validate(COMPARED | {"preference": number}))


@pytest.mark.parametrize("told", ["100", "1e2", True])
def test_a_text_with_digits_in_it_is_no_number(told: Any) -> None:
    verdict = {"outcome": "scored", "level": 3, "value": told, "weight": 1, "rationale": "r"}
    for more in ({"score": told}, {"criteria": {"c": verdict}}):
        document = SCORE | more
        with pytest.raises(ValidationError, match="valid number"):
            Score.model_validate(document)
        with pytest.raises(ValidationError, match="valid number"):
            Score.model_validate_json(json.dumps(document))


@pytest.mark.parametrize("number", [0, 100])
def test_the_ends_of_the_scale_are_scores(number: int) -> None:
    told = outcome_of(Score.model_validate(SCORE | {"score": number}))
    assert isinstance(told, ScoredCase)
    assert told.score == number
