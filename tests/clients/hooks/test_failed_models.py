"""Where the model under test failed there is nothing to judge; where it said nothing, that is judged."""

from __future__ import annotations

import asyncio
import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from serving import REFERENCE

from judge_client.hooks import lm_eval, trl, verl
from judge_client.hooks.asking import Asker, NotJudged, Unjudged

if TYPE_CHECKING:
    from judge_client import JudgeClient

NAN = float("nan")


def test_without_a_response_nobody_is_asked_and_the_others_keep_their_places(service: JudgeClient) -> None:
    right = {"response": REFERENCE, "reference": REFERENCE}
    asker = Asker(service, "medical-qa", {})
    cases: list[dict[str, Any]] = [
        {"response": None},
        right,
        {**right, "reference": NAN},
        {},
        right,
        {"response": float("-inf")},
    ]
    told = asker.many(cases)
    outcomes = ["no_response", None, "no_number", "no_response", None, "no_number"]
    assert [each.outcome if isinstance(each, Unjudged) else None for each in told] == outcomes
    assert [asker.one(case) for case in cases if case is not right] == [
        each for each in told if isinstance(each, Unjudged)
    ]


def test_mlflow_runs_scorers_after_the_app_raised(packages: None, service: JudgeClient) -> None:
    judge = importlib.import_module("judge_client.hooks.mlflow").judged(service, "medical-qa")
    expected = {"expected_response": REFERENCE}
    for outputs, code in ((None, "no_response"), (NAN, "no_number")):
        told = judge({"question": "?"}, outputs, expected)
        assert (told.value, told.error.error_code) == (None, code)
    assert judge({"question": "?"}, REFERENCE, expected).value == 1
    assert judge({"question": "?"}, "", expected).value == 0
    assert judge({"question": "?"}, {"said": "A fracture."}, expected).value < 0.5


def test_deepeval_has_cases_without_an_output(packages: None, service: JudgeClient) -> None:
    metric = importlib.import_module("judge_client.hooks.deepeval").JudgeMetric(service, "medical-qa")
    case = SimpleNamespace(input="?", expected_output=REFERENCE, actual_output=None)
    with pytest.raises(NotJudged, match="no_response"):
        metric.measure(case)
    assert (metric.score, metric.success) == (None, False)


@pytest.mark.usefixtures("packages")
def test_deepevals_score_of_the_case_before_does_not_stay(service: JudgeClient) -> None:
    metric = importlib.import_module("judge_client.hooks.deepeval").JudgeMetric(service, "medical-qa")
    case = SimpleNamespace(input="?", expected_output=REFERENCE, actual_output=REFERENCE)
    assert metric.measure(case) == 1
    with pytest.raises(TypeError, match="response"):
        metric.measure(SimpleNamespace(**vars(case) | {"actual_output": [REFERENCE]}))
    assert (metric.score, metric.success, metric.is_successful()) == (None, False, False)


@pytest.mark.parametrize(
    "completion",
    [
        None,
        [],
        [{"role": "assistant", "content": None, "tool_calls": []}],
        [{"role": "assistant", "tool_calls": []}],
        [{"role": "assistant", "content": []}],
        [{"role": "assistant", "content": [{"type": "text", "text": None}]}],
    ],
)
def test_a_completion_that_says_nothing_at_all_has_no_reward(service: JudgeClient, completion: Any) -> None:
    reward = trl.judged(service, "medical-qa", fields={"reference": "answer"})
    answers = [REFERENCE] * 3
    told = reward(prompts=["?"] * 3, completions=[REFERENCE, completion, ""], answer=answers)
    assert told == [1, None, 0]


def test_verls_ground_truth_and_fallback_are_numbers_or_nothing(service: JudgeClient) -> None:
    truth: Any = NAN
    with pytest.raises(NotJudged, match="no_number"):
        verl.judged(service, "medical-qa")("d", REFERENCE, truth)
    told = verl.judged(service, "medical-qa", fallback=-1)("d", REFERENCE, truth)
    assert told == {"score": -1, "judge_failed": 1}
    for fallback in (NAN, float("inf")):
        with pytest.raises(ValueError, match="finite"):
            verl.judged(service, "medical-qa", fallback=fallback)


def test_lm_evals_model_without_a_response_is_unscored(service: JudgeClient) -> None:
    told = lm_eval.judged(service, "medical-qa", fields={"reference": "answer"})(
        {"answer": REFERENCE}, [None]
    )
    assert told["judge"] is None
    assert str(told["judge_unscored"]).startswith("no_response: ")


@pytest.mark.parametrize(
    ("completion", "stopped", "error", "reason"),
    [
        (REFERENCE, "stop", None, None),
        (REFERENCE, "max_tokens", None, None),
        ("", "stop", None, None),
        ("I cannot help.", "content_filter", None, "content_filter"),
        ("Right lower", "model_length", None, "model_length"),
        (" ", "max_tokens", None, "max_tokens"),
        ("I cannot help.", "stop", "declined by the provider", "model_error"),
        ("", None, None, "no_response"),
        (REFERENCE, None, None, None),
    ],
)
def test_inspect_says_that_a_completion_failed(
    packages: None,
    service: JudgeClient,
    completion: str,
    stopped: str | None,
    error: str | None,
    reason: str | None,
) -> None:
    model = importlib.import_module("inspect_ai.model")
    target = importlib.import_module("inspect_ai.scorer").Target(REFERENCE)
    score = importlib.import_module("judge_client.hooks.inspect_ai").judged(service, "medical-qa")
    choices = [model.ChatCompletionChoice(stopped)] if stopped else []
    output = model.ModelOutput(completion, choices, error)
    told = asyncio.run(score(SimpleNamespace(input_text="?", output=output, messages=[]), target))
    if reason is None:
        assert told.value == (1 if completion else 0)
    else:
        assert (told.value, told.metadata) == (None, {"unscored_reason": reason})
        assert told.explanation.startswith(f"{reason}: ")
