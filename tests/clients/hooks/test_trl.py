"""The reward, called as TRL 1.16.0 calls it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from hookguide import at, examples, run_here
from serving import REFERENCE

from judge_client.hooks.trl import judged

if TYPE_CHECKING:
    from pathlib import Path

    from judge_client import JudgeClient

FIELDS = {"reference": "answer"}
SHOWN = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What does it show?"}]}]


def handed_over(*completions: Any, prompts: list[Any] | None = None) -> dict[str, Any]:
    """The keywords of the trainer."""
    return {
        "prompts": prompts or ["What does it show?"] * len(completions),
        "completions": list(completions),
        "completion_ids": [[1]] * len(completions),
        "answer": [REFERENCE] * len(completions),
        "trainer_state": object(),
    }


def test_each_completion_has_a_reward(service: JudgeClient) -> None:
    reward = judged(service, "medical-qa", fields=FIELDS)
    told = reward(**handed_over(REFERENCE, "A fracture of the left wrist."))
    assert told[0] == 1
    assert told[1] is not None
    assert told[1] < 0.5
    assert (reward.__name__, inspect.iscoroutinefunction(reward)) == ("judge", False)


def test_conversations_are_judged_by_what_their_last_turn_says(service: JudgeClient) -> None:
    reward = judged(service, "medical-qa", fields=FIELDS)
    turns = [{"role": "assistant", "content": REFERENCE}]
    assert reward(**handed_over(turns, prompts=[SHOWN])) == [1]


def test_without_a_score_the_reward_is_none_and_their_share_is_logged(service: JudgeClient) -> None:
    logged: dict[str, Any] = {}
    hooks: dict[str, Any] = {"log_metric": logged.__setitem__, "log_extra": logged.__setitem__}
    given = handed_over(REFERENCE, REFERENCE) | {"answer": [REFERENCE, "x"]}
    assert judged(service, "medical-qa", fields=FIELDS)(**given, **hooks) == [1, None]
    assert logged["judge_unscored"] == 0.5
    assert logged["judge_said"][1].startswith("abstained: ")
    away = judged(service, "medical-qa", fields=FIELDS, name="away", judge="away")
    assert away(**given, **hooks) == [None, None]
    assert logged["away_unscored"] == 1


def test_the_guides_example_trains(service_url: str, tmp_path: Path) -> None:
    (example,) = examples("TRL")
    told = run_here(at(service_url, example) + "\nprint(trainer.rewards, trainer.metrics)", tmp_path)
    assert told.startswith("{'judge': [1.0, 0.33")
    assert told.endswith("{'judge_unscored': 0.0}\n")
