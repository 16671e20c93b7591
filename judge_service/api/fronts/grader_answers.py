"""What a grader gave, as OpenAI shapes it: every field of that shape, and none beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from judge_service.domain.score import Score


class GraderErrors(BaseModel):
    """What went wrong: all false in an answer with a reward of its own."""

    formula_parse_error: bool = False
    invalid_variable_error: bool = Field(default=False, description="The item has no such value.")
    model_grader_parse_error: bool = Field(
        default=False, description="The judge's reply was cut, unreadable, or off the scale."
    )
    model_grader_refusal_error: bool = False
    model_grader_server_error: bool = Field(default=False, description="The judge gave no answer.")
    model_grader_server_error_details: str | None = None
    other_error: bool = Field(default=False, description="Any other reason why there is no reward.")
    python_grader_runtime_error: bool = False
    python_grader_runtime_error_details: str | None = None
    python_grader_server_error: bool = False
    python_grader_server_error_type: str | None = None
    sample_parse_error: bool = Field(
        default=False, description="The sample is no JSON, or has no such value."
    )
    truncated_observation_error: bool = False
    unresponsive_reward_error: bool = Field(default=False, description="The judge did not answer in time.")


class GraderMetadata(BaseModel):
    """How the reward came about."""

    name: str
    type: str
    errors: GraderErrors
    execution_time: float = Field(description="Seconds.")
    scores: dict[str, Any] = Field(description="Of a `multi`: each grader's reward.")
    sampled_model_name: str | None = Field(description="The judge's model; null: none was asked, or several.")
    token_usage: int | None = Field(
        description="Of all judges' calls; null: none was asked, or nobody counted."
    )


class GraderAnswer(BaseModel):
    """A reward."""

    reward: float
    sub_rewards: dict[str, Any] = Field(description="Of a `multi`: each grader's reward.")
    metadata: GraderMetadata
    model_grader_token_usage_per_model: dict[str, Any]


class GraderSeen(BaseModel):
    """A grader that could be run."""

    grader: dict[str, Any] = Field(description="As it was sent.")


def spent(scores: Iterable[Score]) -> dict[str, dict[str, int | None]]:
    """Tokens by model; null where a part is not known."""
    found: dict[str, dict[str, int | None]] = {}
    for score in scores:
        usage = score.provenance.usage
        read, written = usage.input_tokens, usage.output_tokens
        both = None if read is None or written is None else read + written
        counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": both}
        name = score.provenance.model or score.provenance.judge
        before = found.get(name)
        found[name] = counts if before is None else {key: _sum(before[key], counts[key]) for key in counts}
    return {name: {**counts, "cached_tokens": None} for name, counts in found.items()}


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def tokens(per_model: dict[str, dict[str, int | None]]) -> int | None:
    """Tokens in all; null where a part is not known, or nobody was asked."""
    totals = [counts["total_tokens"] for counts in per_model.values()]
    known = [total for total in totals if total is not None]
    return sum(known) if known and len(known) == len(totals) else None
