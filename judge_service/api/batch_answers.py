"""What is told of a batch: each item's answer, and what came of all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from judge_service.api.problems import TYPE_ROOT, Problem
from judge_service.domain.score import Score


class ItemAnswer(BaseModel):
    """What a single `POST /v1/scores` would have answered: a score, or a problem."""

    index: int = Field(description="Of the item in the request, from 0.")
    custom_id: str | None = Field(default=None, description="The item's, as it came.")
    status: int = Field(description="The status that a single request would have had.")
    score: Score | None = None
    problem: Problem | None = Field(default=None, description="Why there is no score.")
    retry_after_s: int | None = Field(
        default=None, description="Whole seconds; what `Retry-After` would have said."
    )

    @property
    def outcome(self) -> str:
        """What it counts as: the outcome, or what kind of problem it is where it has none."""
        if self.score is not None:
            return self.score.outcome
        if self.problem is None:
            raise ValueError("an item has a score or a problem")
        return self.problem.outcome or self.problem.type.removeprefix(TYPE_ROOT).replace("-", "_")


class Spent(BaseModel):
    """What this batch itself used; what the cache answered, or another request's call, costs nothing here."""

    asked: int = Field(description="Items for which a judge was asked.")
    input_tokens: int | None = Field(description="Null where those of any item are unknown.")
    output_tokens: int | None = Field(description="Null likewise.")
    cost_microusd: int | None = Field(
        description="Millionths of a US dollar; null where any cost is unknown."
    )
    prices_as_of: str | None = Field(description="As in a score's provenance.")


Counts = Annotated[
    dict[str, int],
    Field(
        description="Items by outcome; one whose problem names no outcome, by the last part of the problem's type: "
        "`malformed_body`, `rubric_not_found`, `image_rejected`, `cost_cap`, …"
    ),
]


class BatchAnswer(BaseModel):
    """The answer to `POST /v1/scores:batch`."""

    items: list[ItemAnswer] = Field(description="In the order of the request.")
    counts: Counts
    spent: Spent


class BatchEnd(BaseModel):
    """The last line of a stream; one without it is cut."""

    done: Literal[True] = True
    counts: Counts
    spent: Spent
