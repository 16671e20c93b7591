"""What the calibration routes answer, for the OpenAPI document; what grows with the statistics is open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

OPEN = ConfigDict(extra="allow")
Data = dict[str, object]


class ConfidenceInterval(BaseModel):
    """How it was made, and for whom it speaks."""

    low: float
    high: float
    level: float
    method: str
    generalises_to: Literal["these_raters", "other_raters", "sampled_items"]
    mc_error: float | None = Field(description="Monte-Carlo standard error of a limit, where it was drawn.")


class Statistic(BaseModel):
    """One figure: a number with its interval, or null with the reason. `definition` is in the catalogue."""

    model_config = OPEN

    name: str
    label: str
    aliases: list[str]
    estimate: float | None
    ci: ConfidenceInterval | None
    n_items: int | None
    n_ratings: int | None
    n_raters: int | None
    status: Literal["ok", "undefined", "insufficient", "suppressed"]
    reason: str | None
    notes: list[str]
    definition: str


class RaterSection(BaseModel):
    """Physicians among themselves."""

    model_config = OPEN

    statistics: dict[str, Statistic]
    pairs: list[Data]
    per_rater: list[Data]


class JudgeVerdict(BaseModel):
    """In words: the figure, its interval, the ceiling beside it."""

    model_config = OPEN

    sentence: str
    line: str


class JudgeSection(BaseModel):
    """One judge against physicians and against the human ceiling."""

    model_config = OPEN

    verdict: JudgeVerdict
    outcomes: Data
    statistics: dict[str, Statistic]
    per_rater: list[Data]


class CriterionSection(BaseModel):
    """One criterion."""

    model_config = OPEN

    scale: Data
    raters: RaterSection
    judges: dict[str, JudgeSection]


class Report(BaseModel):
    """Physicians among themselves, and every judge against them, by criterion."""

    model_config = OPEN

    format: int
    library: str
    study: Data = Field(description="The study's profile.")
    options: Data = Field(description="As they were taken, defaults included.")
    criteria: dict[str, CriterionSection]
    warnings: list[str]
    comparisons: Data | None = Field(default=None, description="Where `include` names them; so the next two.")
    audits: Data | None = None
    means: Data | None = None


class PendingReport(BaseModel):
    """A report that was asked for and is fetched from its location; `completed`: it is there already."""

    id: str
    state: Literal["in_progress", "completed"]
    location: str


class KeptStudy(BaseModel):
    """A study's id, and what it looks like."""

    study_id: str
    profile: Data
    warnings: list[str]


class StudyList(BaseModel):
    """Ids of kept studies."""

    studies: list[str]
    has_more: bool = Field(description="Whether others sort behind the last: ask again with `after`.")


class AltTestAnswer(BaseModel):
    """By criterion and judge."""

    model_config = OPEN

    study: str
    options: Data
    criteria: dict[str, dict[str, Data]]


class CompareAnswer(BaseModel):
    """By criterion: statistics of both and their difference, and tests."""

    model_config = OPEN

    study: str
    judges: list[str]
    options: Data
    criteria: dict[str, Data]


class SwapAnswer(BaseModel):
    """What the swap changes."""

    model_config = OPEN

    study: str
    judges: dict[str, str] = Field(description="`old` and `new`.")
    options: Data
    criteria: dict[str, Data]
    outcomes: dict[str, dict[str, dict[str, int]]] = Field(description="Judge → criterion → outcome → rows.")
    verdict: Literal["equivalent", "different", "inconclusive"]
    sentence: str
    scored_cases: int | None = Field(default=None, description="Where the service scored them itself.")


class EquateAnswer(BaseModel):
    """Knots from scores of `from` to the scale of `to`, and Deming regression."""

    model_config = OPEN

    study: str
    criterion: str
    to: str
    equating: Data
    deming: Data


class EstimateAnswer(BaseModel):
    """Means of models and their differences."""

    model_config = OPEN

    study: str
    criterion: str
    judge: str
    models: list[Data]
    differences: list[Data]


class LabelsAnswer(BaseModel):
    """Picks, each with its probability; for reliability also how many ratings an item needs."""

    model_config = OPEN

    objective: str
    picks: list[Data] | None = None
    ratings_per_item: int | None = None


class DriftAnswer(BaseModel):
    """By criterion: the shift, its tests, a verdict."""

    model_config = OPEN

    study: str
    judges: dict[str, str]
    criteria: dict[str, Data]


class AuditAnswer(BaseModel):
    """By criterion: length, family, repeats, changed prompts, subgroups."""

    model_config = OPEN

    study: str
    judge: str
    options: Data
    criteria: dict[str, Data]


class PowerAnswer(BaseModel):
    """How many items or labels."""

    model_config = OPEN

    kind: str
    asked: Data
    method: str


class Definition(BaseModel):
    """One statistic."""

    model_config = OPEN

    name: str
    label: str
    means: str
    formula: str
    source: str
    min_n: int


class Definitions(BaseModel):
    """The catalogue."""

    definitions: list[Definition]


ANSWERS: tuple[type[BaseModel], ...] = (
    Report,
    PendingReport,
    KeptStudy,
    StudyList,
    AltTestAnswer,
    CompareAnswer,
    SwapAnswer,
    EquateAnswer,
    EstimateAnswer,
    LabelsAnswer,
    DriftAnswer,
    AuditAnswer,
    PowerAnswer,
    Definitions,
)
