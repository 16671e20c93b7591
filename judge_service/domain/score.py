"""What we tell the caller: verdicts, a total or the reason why there is none, and where it all came from."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from judge_service.domain.judge import SchemaMode
from judge_service.domain.rubric import Mode, ScoreFrom
from judge_service.domain.verdict import Outcome, Verdict

FROZEN = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Attempt(BaseModel):
    """One call to the judge."""

    model_config = FROZEN

    outcome: str = Field(description="`ok`, or what went wrong with this call.")
    latency_ms: float
    waited_ms: float = Field(
        default=0, description="Spent before it: in the judge's queue and between attempts."
    )
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_microusd: int | None = Field(default=None, description="Millionths of a US dollar; null: unknown.")


class TokenUsage(BaseModel):
    """Tokens over all attempts; null where no provider counted them."""

    model_config = FROZEN

    input_tokens: int | None = None
    output_tokens: int | None = None


class Step(BaseModel):
    """One judge that a cascade asked."""

    model_config = FROZEN

    judge: str
    model: str | None = None
    outcome: Outcome
    score: float | None = Field(
        default=None, description="This step's, which is the answer's only if it is the last."
    )
    width: float | None = Field(default=None, description="Of its interval, in points; null: it has none.")
    why: str = Field(description="Why the cascade went on from here, or ended.")


class Provenance(BaseModel):
    """Everything needed to say how the score came about, and to get it again."""

    model_config = FROZEN

    rubric: str
    rubric_digest: str
    prompt_digest: str = Field(description="Of the template's text, not of the rendered prompt.")
    judge: str
    judge_kind: str
    is_llm: bool
    instrument: str = Field(
        description="What judged: `llm`, `lexical-baseline`, `scripted`, `panel`, `cascade`, or `guard` when "
        "no judge was asked."
    )
    model: str | None = None
    model_fingerprint: str | None = None
    mode: Mode
    sampling: dict[str, object] = Field(default_factory=dict)
    score_from: ScoreFrom = Field(
        default="level", description="What of the verdicts the total is the mean of."
    )
    schema_mode: SchemaMode
    images: tuple[str, ...] = Field(
        default=(), description="SHA-256 of each picture as the judge was shown it."
    )
    cache: Literal["hit", "miss", "joined", "off", "none"] = Field(
        description="`joined`: an equal question was already under way; `none`: there was nothing to judge."
    )
    attempts: tuple[Attempt, ...] = Field(
        default=(), description="Of the call that made the verdicts, also on a hit."
    )
    usage: TokenUsage = TokenUsage()
    path: tuple[Step, ...] = Field(
        default=(), description="Of a cascade: what was asked, in its order. The last one gave the verdicts."
    )
    cost_microusd: int | None = Field(
        default=None,
        description="Of the call that made the verdicts, also on a hit: over all attempts, in millionths of a US "
        "dollar; null where that of any attempt is unknown.",
    )
    spent_microusd: int | None = Field(
        default=None,
        description="What this request itself spent: 0 where the verdicts were in the cache or another request's "
        "call made them; null: unknown.",
    )
    spent_usage: TokenUsage = Field(
        default=TokenUsage(),
        description="Tokens of the calls that this request itself made: 0 where there were none; null as soon as one "
        "attempt was not counted.",
    )
    prices_as_of: str | None = Field(
        default=None,
        description="Date of the list of prices behind the cost; `settings`: the judge's own price; `free`: no "
        "provider is asked; null: no price is known, or nothing was asked.",
    )
    service_version: str


CalibrationStatus = Literal["calibrated", "stale", "out_of_domain", "none"]


class CalibratedCriterion(BaseModel):
    """One criterion's level after a map of that criterion, in the points in which physicians rated it."""

    model_config = FROZEN

    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    map: str
    status: CalibrationStatus
    flags: tuple[str, ...] = ()


class Calibrated(BaseModel):
    """The score after a calibration map. The raw score stays what it is.

    `none`: no map is active for this rubric, judge and mode; or nothing was looked for, because the judge gave
    no number or none of it was to be calibrated; or the map could not be had, and then the score's flags say
    `calibration_unavailable` and these why: `map_lost`, `store_failed`, `no_time_left`. `stale`: a map is
    active, but of another instrument than the one that answered. `out_of_domain`: a map is there, and what it
    was to be applied to was not in its study: the score, a subgroup, a total over fewer criteria
    (`partial_total`), a panel of which a member gave no level (`panel_incomplete`), no number at all
    (`no_number`). `map` names the map for both; neither has a number.
    """

    model_config = FROZEN

    score: float | None = None
    map: str | None = None
    status: CalibrationStatus = "none"
    flags: tuple[str, ...] = ()
    criteria: dict[str, CalibratedCriterion] = Field(
        default_factory=dict, description="Criteria that have a map of their own."
    )


class Interval(BaseModel):
    """Where the score may lie; its source says what the level means."""

    model_config = FROZEN

    low: float
    high: float
    level: float
    source: str


class Failure(BaseModel):
    """Why no answer could be had from the judge, for callers that may ask again."""

    model_config = FROZEN

    code: str
    detail: str
    retryable: bool
    retry_after_s: float | None = None


class Member(BaseModel):
    """What one member of a panel said."""

    model_config = FROZEN

    outcome: Outcome
    score: float | None = Field(ge=0, le=100, description="What the total would be by this member alone.")
    reason: str | None = None
    criteria: dict[str, Verdict]
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    provenance: Provenance


class Score(BaseModel):
    """The answer to one scoring request."""

    model_config = FROZEN

    id: str
    case_id: str | None = None
    outcome: Outcome
    score: float | None = Field(ge=0, le=100, description="A number only when the outcome is `scored`.")
    range: tuple[float, float] = (0.0, 100.0)
    reason: str | None = Field(default=None, description="Why there is no number.")
    criteria: dict[str, Verdict]
    interval: Interval | None = None
    calibrated: Calibrated = Calibrated()
    comparable: bool = Field(default=True, description="False when criteria were left out of the total.")
    left_out: tuple[str, ...] = Field(default=(), description="Criteria the total does without.")
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    members: dict[str, Member] = Field(
        default_factory=dict, description="Of a panel: what each member said, by its name."
    )
    subgroups: dict[str, str] = Field(default_factory=dict, description="Of the case, as they came.")
    metadata: dict[str, object] = Field(default_factory=dict)
    provenance: Provenance

    @model_validator(mode="after")
    def _is_honest(self) -> Self:
        if self.score is not None and self.outcome != "scored":
            raise ValueError("a score that is not scored has no number")
        if self.score is None and self.outcome == "scored" and "no_numeric_scale" not in self.flags:
            raise ValueError("a scored total has a number unless the scale has none")
        return self
