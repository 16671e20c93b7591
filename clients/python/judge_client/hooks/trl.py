"""A reward function for TRL's GRPO. Without a score a completion's reward is `None`, which the trainer leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from judge_client.hooks.asking import Asker, Judged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_client import JudgeClient

Spoken = str | list[dict[str, Any]]


class Reward(Protocol):
    """What the trainer calls; `columns` are those of the data set and what else the trainer hands over."""

    __name__: str

    def __call__(
        self, prompts: Sequence[Spoken | None], completions: Sequence[Spoken | None], **columns: Any
    ) -> list[float | None]: ...


def judged(
    service: str | JudgeClient, rubric: str, *, fields: Mapping[str, str], name: str = "judge", **options: Any
) -> Reward:
    """Make a reward from 0 to 1; `fields` says which column of the data set holds each field of the case.

    The completions of a step are asked for together. Their share without a score is logged as `judge_unscored`.
    """
    asker = Asker(service, rubric, options)

    def reward(
        prompts: Sequence[Spoken | None], completions: Sequence[Spoken | None], **columns: Any
    ) -> list[float | None]:
        cases = [
            {"prompt": said(prompt), "response": said(completion)}
            | {field: columns[column][at] for field, column in fields.items()}
            for at, (prompt, completion) in enumerate(zip(prompts, completions, strict=True))
        ]
        told = asker.many(cases)
        rewards = [each.value if isinstance(each, Judged) else None for each in told]
        if "log_metric" in columns and rewards:
            columns["log_metric"](f"{name}_unscored", rewards.count(None) / len(rewards))
        if "log_extra" in columns:
            columns["log_extra"](f"{name}_said", [each.explanation for each in told])
        return rewards

    reward.__name__ = name
    return reward


def said(turns: Spoken | None) -> str | None:
    """The text of a prompt or a completion; of a conversation, what its last turn says in words, if it says any."""
    if turns is None or isinstance(turns, str):
        return turns
    content = turns[-1].get("content") if turns else None
    if content is None or isinstance(content, str):
        return content
    texts = [part["text"] for part in content if part.get("type") == "text" and part["text"] is not None]
    return "\n".join(texts) if texts else None
