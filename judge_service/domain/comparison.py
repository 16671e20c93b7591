"""Two responses to one question: what a caller asks, and what is told of which one is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator

from judge_service.domain.case import DATA, IMAGE_CAP, TEXT_CAP, Case, Image
from judge_service.domain.judge import SchemaMode
from judge_service.domain.request import (
    DEADLINE_CAP_MS,
    DEADLINE_DEFAULT_MS,
    CapUsd,
    Milliseconds,
    ScoreRequest,
    Tag,
)
from judge_service.domain.rubric import Criterion, Level, Scale
from judge_service.domain.score import Attempt, Failure, Provenance, TokenUsage
from judge_service.domain.verdict import Outcome, UnscoredOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

FROZEN = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

Side = Literal["a", "b"]
Winner = Literal["a", "b", "tie"]
# One asking of the judge: both responses in one of the two orders, or one response by itself.
Asking = Literal["a_first", "b_first", "a", "b"]
ComparedOutcome = Literal["compared", "position_flip"] | UnscoredOutcome

FIRST, SECOND, TIE = "first", "second", "tie"
_PREFERENCES = Scale(
    kind="nominal",
    levels=(
        Level(label=FIRST, means="The response that is shown first is better."),
        Level(label=SECOND, means="The response that is shown second is better."),
        Level(label=TIE, means="Neither is better."),
    ),
)


def preferring(criteria: Iterable[Criterion]) -> tuple[Criterion, ...]:
    """The criteria as they are put to a judge that compares: the answer is a preference, not a level."""
    change = {"scale": _PREFERENCES, "when_degenerate": None, "lexical": None}
    return tuple(criterion.model_copy(update=change) for criterion in criteria)


class Responses(BaseModel):
    """The two answers. What they are called decides nothing: each is shown first once."""

    model_config = DATA

    a: str = Field(max_length=TEXT_CAP, description="One answer. May be empty.")
    b: str = Field(max_length=TEXT_CAP, description="The other answer. May be empty.")


class Pair(BaseModel):
    """A question, two responses to it, and what is known to be true: a case with two responses for one."""

    model_config = DATA

    id: str | None = Field(default=None, max_length=256, description="Yours; comes back.")
    prompt: str | None = Field(default=None, max_length=TEXT_CAP, description="The question that was asked.")
    responses: Responses
    reference: str | None = Field(
        default=None, max_length=TEXT_CAP, description="An answer known to be good."
    )
    claim: str | None = Field(
        default=None, max_length=TEXT_CAP, description="For rubrics that judge one claim."
    )
    visual_description: str | None = Field(
        default=None, max_length=TEXT_CAP, description="What the image shows, in words."
    )
    models: dict[Side, Annotated[str, Field(max_length=256)]] = Field(
        default_factory=dict,
        description="Names of the models that gave the responses. No judge sees them; a judge of the family of one "
        "is flagged.",
    )
    images: Annotated[tuple[Image, ...], FailFast()] = Field(
        default=(), max_length=IMAGE_CAP, description="Of the question or the reference; never of a response."
    )
    subgroups: dict[str, str] = Field(
        default_factory=dict,
        max_length=16,
        description="Labels for later analysis; the judge never sees them.",
    )

    @model_validator(mode="after")
    def _images_are_of_no_response(self) -> Self:
        if any(image.role == "response" for image in self.images):
            raise ValueError(
                "an image of a comparison belongs to the question or the reference: of role 'response' it could be "
                "told to neither of the two"
            )
        return self

    def with_response(self, side: Side) -> Case:
        """The case that one of the responses makes by itself."""
        own = {"responses", "models"}
        fields = {name: getattr(self, name) for name in Pair.model_fields if name not in own}
        return Case.model_construct(
            **fields, response=getattr(self.responses, side), model=self.models.get(side)
        )


class ComparisonRequest(BaseModel):
    """The body of `POST /v1/comparisons`."""

    model_config = FROZEN

    rubric: str = Field(
        min_length=1,
        max_length=128,
        description="`id` (its latest version) or `id@version`; with levels in order.",
    )
    judge: str = Field(
        default="default", min_length=1, max_length=64, description="Name of a configured judge."
    )
    case: Pair
    mode: Literal["auto", "text", "image"] = Field(
        default="auto",
        description="`auto` reads the visual description when there is one, and else looks at the images.",
    )
    partial: Literal["forbid", "renormalise"] = Field(
        default="forbid", description="What one criterion without a comparison means for the whole."
    )
    cache: Literal["use", "refresh", "only", "off"] = Field(
        default="use", description="`refresh` asks anew and keeps the answers; `only` never asks a judge."
    )
    deadline_ms: Milliseconds = Field(
        default=None,
        ge=1,
        le=DEADLINE_CAP_MS,
        description="When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then "
        f"wins. Default {DEADLINE_DEFAULT_MS}.",
    )
    max_cost_usd: CapUsd = Field(
        default=None,
        ge=0,
        le=1e6,
        description="Most that both orders together may cost, in US dollars; as of a score.",
    )
    metadata: dict[str, Tag] = Field(
        default_factory=dict, max_length=32, description="Yours; comes back as it is."
    )

    def of(self, side: Side) -> ScoreRequest:
        """The request to score one of the responses by itself."""
        return ScoreRequest.model_construct(
            rubric=self.rubric,
            judge=self.judge,
            case=self.case.with_response(side),
            mode=self.mode,
            partial=self.partial,
            cache=self.cache,
        )


class Said(BaseModel):
    """What the judge said of one criterion in one asking."""

    model_config = FROZEN

    outcome: Outcome
    prefers: Winner | None = Field(default=None, description="Of both responses shown together.")
    level: int | str | None = Field(default=None, description="Of one response judged by itself.")
    reason: str | None = Field(default=None, description="Why there is neither.")
    rationale: str | None = Field(
        default=None, description="The judge's words; its `first` and `second` are those of this asking."
    )
    evidence: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class ComparedCriterion(BaseModel):
    """One criterion over both askings.

    `compared`: the two do not contradict each other. `position_flip`: they do: one prefers a and the other b, which
    is to say that the judge chose the same position twice. That is an answer about the judge and not about
    the responses: there is no winner. Any other outcome: at least one asking has no answer, and `reason` says why.
    """

    model_config = FROZEN

    outcome: ComparedOutcome
    winner: Winner | None = None
    preference: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Mean over the askings of 1 for a, 0 for a tie and -1 for b: 0.5 and -0.5 where one asking names a "
        "winner and the other a tie, 0 for a tie and for a flip.",
    )
    flipped: bool = False
    weight: float
    reason: str | None = None
    said: dict[Asking, Said] = Field(description="Empty where nobody was asked.")

    @model_validator(mode="after")
    def _is_honest(self) -> Self:
        if (self.outcome == "position_flip") != self.flipped:
            raise ValueError("a flip is an outcome")
        if (self.winner is not None) != (self.outcome == "compared"):
            raise ValueError("what is compared, and nothing else, has a winner or a tie")
        if (self.preference is None) == (self.outcome in {"compared", "position_flip"}):
            raise ValueError("what has no comparison has no number")
        return self


class Position(BaseModel):
    """What the order did, over the criteria that were answered in both orders."""

    model_config = FROZEN

    criteria: int = Field(description="Answered in both orders.")
    flips: int = Field(description="Of them: each order preferred another response.")
    to_first: int = Field(description="Flips in which the response shown first was preferred both times.")
    to_second: int = Field(description="Flips in which the one shown second was.")
    half: int = Field(description="One order named a winner and the other a tie.")


class Asked(BaseModel):
    """One asking of the judge: where its answer came from and what it cost."""

    model_config = FROZEN

    cache: Literal["hit", "miss", "joined", "off", "none"]
    model: str | None = None
    model_fingerprint: str | None = None
    schema_mode: SchemaMode
    attempts: tuple[Attempt, ...] = ()
    usage: TokenUsage = TokenUsage()
    cost_microusd: int | None = None
    flags: tuple[str, ...] = ()


class Comparison(BaseModel):
    """The answer to one comparison.

    `provenance` is that of a score, over all askings: attempts one after the other, tokens and cost summed
    (null where one is unknown), `cache` of the dearest asking, `prompt_digest` of what was asked for comparing.
    """

    model_config = FROZEN

    id: str
    case_id: str | None = None
    outcome: ComparedOutcome
    winner: Winner | None = Field(default=None, description="By the sign of the preference.")
    preference: float | None = Field(
        ge=-1,
        le=1,
        description="Σ w·p / Σ w over the criteria: 1 where a is better by all of them, -1 where b is.",
    )
    range: tuple[float, float] = (-1.0, 1.0)
    reason: str | None = Field(default=None, description="Why there is no winner.")
    criteria: dict[str, ComparedCriterion]
    position: Position
    comparable: bool = Field(default=True, description="False when criteria were left out of the whole.")
    left_out: tuple[str, ...] = Field(default=(), description="Criteria the whole does without.")
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    subgroups: dict[str, str] = Field(default_factory=dict, description="Of the case, as they came.")
    metadata: dict[str, object] = Field(default_factory=dict)
    asked: dict[Asking, Asked] = Field(
        description="`a_first` and `b_first`: both responses shown, in that order. `a` and `b`: each judged by itself. "
        "Empty: nobody was asked."
    )
    provenance: Provenance

    @model_validator(mode="after")
    def _is_honest(self) -> Self:
        if (self.winner is not None) != (self.outcome == "compared"):
            raise ValueError("what is compared, and nothing else, has a winner or a tie")
        if (self.preference is None) == (self.outcome in {"compared", "position_flip"}):
            raise ValueError("what has no comparison has no number")
        return self
