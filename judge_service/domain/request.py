"""What a caller asks for: a case under a rubric, by a named judge."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

from judge_service.domain.case import Case

DEADLINE_DEFAULT_MS = 120_000
DEADLINE_CAP_MS = 600_000
SAMPLES_CAP = 32

# Strict, for a text that is too long must not come back as the number its digits make.
Tag = Annotated[str, Field(max_length=512)] | StrictInt | StrictFloat | StrictBool | None


def _a_number(value: object) -> object:
    """Refuse what would be taken for a number and is none: `true`, and digits in a text."""
    if isinstance(value, bool | str):
        raise ValueError("must be an integer")
    return value


def _an_integer(value: object) -> object:
    """Refuse what is only equal to an integer: `1.0`, `true`, and digits in a text."""
    if type(value) is not int:
        raise ValueError("must be an integer")
    return value


def a_plain_number(value: object) -> object:
    """Refuse what would be taken for a number and is none."""
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


Milliseconds = Annotated[int | None, BeforeValidator(_a_number)]
CapUsd = Annotated[float | None, BeforeValidator(a_plain_number)]


class ScoreRequest(BaseModel):
    """The body of `POST /v1/scores`, and one row of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rubric: str = Field(
        min_length=1, max_length=128, description="`id` (its latest version) or `id@version`."
    )
    judge: str = Field(
        default="default", min_length=1, max_length=64, description="Name of a configured judge."
    )
    case: Case
    mode: Literal["auto", "text", "image"] = Field(
        default="auto",
        description="`auto` reads the visual description when there is one, and else looks at the images.",
    )
    samples: Annotated[int, BeforeValidator(_an_integer)] = Field(
        default=1,
        ge=1,
        le=SAMPLES_CAP,
        description="How often the judge is asked; more than once needs a temperature above 0, and gives each "
        "verdict the level that came most often and a distribution.",
    )
    partial: Literal["forbid", "renormalise"] = Field(
        default="forbid", description="What one unscored criterion means for the total."
    )
    calibration: Annotated[str, Field(pattern=r"^(auto|none|sha256:[0-9a-f]{64})$")] = Field(
        default="auto",
        description="`auto` applies the active map of this rubric, judge and mode; a map's id demands that "
        "one and is refused with 409 when it is of another instrument; `none` applies none.",
    )
    cache: Literal["use", "refresh", "only", "off"] = Field(
        default="use", description="`refresh` asks anew and keeps the answer; `only` never asks a judge."
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
        description="Most that answering may cost, in US dollars. A call whose worst case is more than what is "
        "left is not made: 422 `cost-cap`. What is in the cache costs nothing.",
    )
    metadata: dict[str, Tag] = Field(
        default_factory=dict, max_length=32, description="Yours; comes back as it is."
    )
