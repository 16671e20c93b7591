"""Did the judge look? What is asked to find out, and what is told of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from judge_service.domain.case import IMAGE_CAP, Case, Image
from judge_service.domain.request import DEADLINE_CAP_MS, CapUsd
from judge_service.domain.score import TokenUsage
from judge_service.domain.verdict import Outcome

MOST_CASES = 20
MOST_REPEATS = 5

Arm = Literal["as_is", "blanked", "swapped", "again"]

FROZEN = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ProbeRequest(BaseModel):
    """The body of `POST /v1/judges/{name}/probe`."""

    model_config = FROZEN

    rubric: str = Field(
        min_length=1, max_length=128, description="`id` or `id@version`; it must have image mode."
    )
    cases: tuple[Case, ...] = Field(
        min_length=1, max_length=MOST_CASES, description="Each with an image. Five or more can tell."
    )
    swap_with: tuple[Image, ...] = Field(
        default=(),
        max_length=IMAGE_CAP,
        description="Images to show in place of each case's own. Default: those of the next case in the list, and "
        "of the first after the last.",
    )
    repeats: StrictInt = Field(
        default=1,
        ge=1,
        le=MOST_REPEATS,
        description="How often each case is asked again as it is, to see how much the judge varies by itself.",
    )
    deadline_ms: StrictInt = Field(
        default=DEADLINE_CAP_MS,
        ge=1,
        le=DEADLINE_CAP_MS,
        description="When the report must be there; what has no answer by then is a timeout in its arm. The header "
        "X-Request-Deadline-Ms may be smaller and then wins.",
    )
    max_cost_usd: CapUsd = Field(
        default=None,
        ge=0,
        le=1e6,
        description="Most that all arms together may cost, in US dollars; as of a score. Where it does not last, "
        "there is no report, and what was answered is in the cache.",
    )


class ArmAnswers(BaseModel):
    """What the judge said on one criterion in one arm."""

    model_config = FROZEN

    answers: int = Field(description="Verdicts, of whatever outcome.")
    scored: int = Field(description="Those that have a level.")
    mean: float | None = Field(description="Of the levels' values in points; null: there are none.")
    outcomes: dict[Outcome, int]


class Shift(BaseModel):
    """How an arm's verdicts on one criterion differ from those on the same cases as they are.

    A pair is a case's verdict as it is and its verdict in the arm, both scored or one of them abstained; with
    images that really differ, but for `again`, which shows the same ones.
    """

    model_config = FROZEN

    pairs: int
    scored: int = Field(description="Pairs in which both are scored.")
    mean: float | None = Field(
        description="Arm minus as it is, in points, over the scored pairs; null: there are none."
    )
    level_changed: int = Field(description="Scored pairs with two levels.")
    began_to_abstain: int = Field(description="Pairs scored as they are and abstained in the arm.")
    stopped_abstaining: int = Field(description="Pairs abstained as they are and scored in the arm.")
    changed_share: float | None = Field(description="Share of pairs that changed in any of these three ways.")
    same_images: int = Field(
        description="Cases left out, for the arm's images are, pixel by pixel, the case's own."
    )
    p: float | None = Field(
        description="That so many changes or more came by chance, given how many asking again brought: Fisher's exact "
        "test, one-sided. Null for `again`, and where there is nothing to compare."
    )


class CriterionLook(BaseModel):
    """Whether the images move what the judge says on one criterion."""

    model_config = FROZEN

    needs_images: bool = Field(description="By the rubric; these criteria decide for the judge as a whole.")
    arms: dict[Arm, ArmAnswers]
    shifts: dict[Arm, Shift] = Field(description="Of the arms `blanked`, `swapped` and `again`.")
    looked: bool | None
    reason: str


class ArmCalls(BaseModel):
    """What one arm took."""

    model_config = FROZEN

    asked: int
    from_cache: int
    usage: TokenUsage = Field(description="Of all attempts; of an answer from the cache, when it was made.")
    spent_microusd: int | None = Field(
        description="What this probe spent on it, in millionths of a US dollar; null as soon as one cost is unknown."
    )
    failures: dict[str, int] = Field(description="Code → how many had no answer, or none to use, for it.")


class ProbeReport(BaseModel):
    """Whether a judge looks at the images it is shown.

    `looked` is true when blanking or swapping the images changed more verdicts than asking again did, by more than
    chance (`p` at most `threshold`); false when each arm that has pairs has at least five, no arm changed a larger
    share than asking again, and asking again changed at most a fifth, or when every answer with images came from a
    provider that dropped them; else null: too few, or too noisy, to tell.
    """

    model_config = FROZEN

    judge: str
    rubric: str
    models: tuple[str, ...] = Field(description="That answered.")
    sampling: dict[str, object]
    cases: int
    looked: bool | None
    reason: str
    threshold: float = Field(description="0.05, shared out among the tests that decide.")
    criteria: dict[str, CriterionLook]
    arms: dict[Arm, ArmCalls]
    tokens_with_images: int | None = Field(
        description="Of one prompt, as the provider counted when the judge's images were last checked; null: never."
    )
    tokens_without_images: int | None = Field(description="Of the same prompt without its images.")
    flags: tuple[str, ...] = Field(
        default=(), description="Of any answer; and `answers_vary`: the temperature is above 0."
    )
