"""The score, called as the reward managers of verl 0.9.1 call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hookguide import at, examples, run_here
from serving import REFERENCE

from judge_client.hooks.asking import NotJudged
from judge_client.hooks.verl import judged

if TYPE_CHECKING:
    from pathlib import Path

    from judge_client import JudgeClient
    from judge_client.hooks.verl import ComputeScore

INFO = {"question": "What does it show?", "num_turns": 2, "rollout_reward_scores": {}}


def run_single(compute_score: ComputeScore, truth: str = REFERENCE, **router: Any) -> dict[str, Any]:
    """What a manager makes of a score."""
    result = compute_score(
        data_source="radiology", solution_str=REFERENCE, ground_truth=truth, extra_info=INFO, **router
    )
    if isinstance(result, dict):
        return {"reward_score": result["score"], "reward_extra_info": result}
    return {"reward_score": result, "reward_extra_info": {"acc": result}}


def test_a_score_is_a_number(service: JudgeClient) -> None:
    compute_score = judged(service, "medical-qa", fields={"prompt": "question"})
    assert run_single(compute_score) == {"reward_score": 1, "reward_extra_info": {"acc": 1}}
    router: dict[str, Any] = {"reward_router_address": "127.0.0.1:1", "reward_model_tokenizer": None}
    assert run_single(compute_score, **router)["reward_score"] == 1
    assert judged(service, "medical-qa")("radiology", REFERENCE, REFERENCE) == 1


@pytest.mark.parametrize(("truth", "judge"), [("x", "default"), (REFERENCE, "away")])
def test_a_failure_is_raised(service: JudgeClient, truth: str, judge: str) -> None:
    with pytest.raises(NotJudged) as caught:
        run_single(judged(service, "medical-qa", judge=judge), truth)
    assert caught.value.outcome == ("abstained" if truth == "x" else "provider_error")


def test_only_who_names_a_number_gets_one_and_it_is_marked(service: JudgeClient) -> None:
    compute_score = judged(service, "medical-qa", fallback=-1.0)
    failed = run_single(compute_score, "x")
    assert failed == {"reward_score": -1, "reward_extra_info": {"score": -1, "judge_failed": 1}}
    done = run_single(compute_score)["reward_extra_info"]
    assert done == {"score": 1, "judge_failed": 0}, "the same keys, which verl puts in columns"


def test_the_guides_example_scores(service_url: str, tmp_path: Path) -> None:
    (example,) = examples("verl")
    asked = {
        "data_source": "radiology",
        "solution_str": REFERENCE,
        "ground_truth": REFERENCE,
        "extra_info": INFO,
    }
    assert run_here(at(service_url, example) + f"\nprint(compute_score(**{asked!r}))", tmp_path) == "1.0\n"
