"""A scorer for Inspect AI. Without a score a sample is unscored: in the log with its reason, and in no metric."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from inspect_ai.model import ContentImage
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr

from judge_client.hooks.asking import NO_RESPONSE, Asker, Judged, Told, Unjudged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_ai.model import ModelOutput
    from inspect_ai.solver import TaskState

# Inspect keeps a text in these as well, which a filter wrote or the end of the context window cut.
_FAILED = frozenset({"content_filter", "model_length"})


@scorer(metrics=[mean(), stderr()])  # type: ignore[untyped-decorator]  # not installed where types are checked
def judged(service: str, rubric: str, *, images: bool = True, **options: Any) -> Scorer:
    """Score completions from 0 to 1, the target as the reference; `images` are those of the user's messages.

    `service` is its address, `options` are a request's other fields (`judge`, `mode`, …); the log keeps them.
    """
    asker = Asker(service, rubric, options)

    async def score(state: TaskState, target: Target) -> Score:
        case = {
            "prompt": state.input_text,
            "response": state.output.completion,
            "reference": target.text or None,
            "images": list(_pictures(state)) if images else None,
        }
        told: Told | None = _failed(state.output)
        if told is None:
            # In a thread: one set of connections then serves every event loop that Inspect runs.
            told = await to_thread.run_sync(asker.one, case, abandon_on_cancel=True)
        answer = state.output.completion
        if isinstance(told, Judged):
            return Score(value=told.value, answer=answer, explanation=told.explanation, metadata=told.details)
        reason = {"unscored_reason": told.outcome}  # where versions without the field `reason` keep it
        return Score.unscored(answer=answer, explanation=told.explanation, metadata=reason)

    return score


def _failed(output: ModelOutput) -> Unjudged | None:
    """Why a completion is none to judge; one that is empty, and where the model stopped by itself, is judged."""
    if output.error:
        return Unjudged("model_error", output.error)
    stopped = output.stop_reason if output.choices else "unknown"
    if stopped in _FAILED or (stopped == "max_tokens" and not output.completion.strip()):
        return Unjudged(stopped, f"the model under test stopped for this: {stopped}")
    if not output.choices and not output.completion:
        return Unjudged(NO_RESPONSE, "the model under test gave no response")
    return None


def _pictures(state: TaskState) -> Iterator[str | Path]:
    for message in state.messages:
        if message.role == "user" and not isinstance(message.content, str):
            for part in message.content:
                if isinstance(part, ContentImage):
                    yield part.image if ":" in part.image[:6] else Path(part.image)
