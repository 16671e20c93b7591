"""What the calibration routes take, for the OpenAPI document; the library checks every value itself."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, Field, RootModel

from judge_service.api.calibration.study_document import (
    FORBID,
    Composite,
    ItemFact,
    JudgeScore,
    Rating,
    StudyDocument,
    StudyScale,
)
from judge_service.calibrations.anchors import SwapOrder as SwapCasesOrder


class Options(BaseModel):
    """Every option has a default."""

    model_config = FORBID

    resamples: int = Field(
        default=2000, ge=0, le=20_000, description="0: jackknife and analytic intervals only."
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="Of every draw.")
    level: float = Field(default=0.95, ge=0.5, le=0.999)
    epsilon: float = Field(default=0.2, ge=0, le=1, description="Of the alternative annotator test.")
    q: float = Field(default=0.05, ge=0.0001, le=0.5, description="Its false discovery rate.")
    alt_test: Literal["t", "wilcoxon", "sign_flip"] = "t"
    cluster_by: str | None = Field(
        default=None, description="null: the clusters that items declare; `item`; or a subgroup variable."
    )
    subgroups: list[str] | None = Field(
        default=None, description="Variables to split by; null: those of at most 12 groups."
    )
    consensus: Literal["mean", "median", "mode"] = "mean"
    alpha: float = Field(default=0.1, ge=0.01, le=0.5, description="Conformal intervals miss this share.")
    ceiling_margin: float = Field(default=0.05, ge=0, le=1)
    criteria: list[str] | None = Field(default=None, min_length=1, description="null: all of the study's.")
    judges: list[str] | None = Field(default=None, min_length=1, description="null: all of the study's.")


class StudyOrder(BaseModel):
    """A study: kept (its id), under `study`, or its fields beside the other arguments."""

    model_config = FORBID

    study: str | StudyDocument | None = Field(
        default=None, description="Left out where the fields of a study stand beside it."
    )
    scales: dict[str, list[float] | StudyScale] | None = None
    ratings: list[Rating] | None = None
    judge_scores: list[JudgeScore] | None = None
    items: list[ItemFact] | None = None
    scores: list[dict[str, object]] | None = None
    composites: dict[str, Composite] | None = None
    fingerprints: dict[str, dict[str, object]] | None = None


Part = Literal["comparisons", "audits", "means"]
PARTS: tuple[Part, ...] = get_args(Part)


class ReportOrder(StudyOrder):
    """A report on a study."""

    options: Options | None = None
    include: list[Part] | None = Field(
        default=None,
        description="What it holds besides: pairs of judges, biases of each, means of the models they scored. "
        "Default: nothing; of a page, everything.",
    )


class AltTestOrder(StudyOrder):
    """The alternative annotator test (Calderon et al. 2025). What is not here is under `options`."""

    epsilon: float = Field(default=0.2, ge=0, le=1)
    q: float = Field(default=0.05, ge=0.0001, le=0.5)
    test: Literal["t", "wilcoxon", "sign_flip"] = "t"
    criteria: list[str] | None = Field(default=None, min_length=1)
    judges: list[str] | None = Field(default=None, min_length=1)
    resamples: int = Field(default=2000, ge=0, le=20_000)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    options: Options | None = Field(default=None, description="As of a report; each in one place only.")


class CompareOrder(StudyOrder):
    """Two judges of a study."""

    judge_a: str
    judge_b: str
    options: Options | None = None


class SwapStudyOrder(CompareOrder):
    """Two judges of a study, one in place of the other."""

    threshold: float | dict[str, float] | None = Field(
        default=None, description="Decisions turn at this score; one, or by criterion."
    )
    margin: float | dict[str, float] | None = Field(
        default=None, description="A shift within ± this many points is none; a twentieth of the scale."
    )
    criteria: list[str] | None = Field(default=None, min_length=1)


class EquateOrder(StudyOrder):
    """One judge's scores on another one's scale."""

    criterion: str
    judge_a: str = Field(description="On whose scale the scores come to be.")
    judge_b: str = Field(description="Whose scores are moved.")
    method: Literal["linear", "equipercentile"] | None = "linear"
    error_ratio: float | None = Field(
        default=1.0,
        ge=1e-6,
        description="Error variance of a's scores over that of b's, for Deming regression.",
    )


class EstimateOrder(StudyOrder):
    """Means of models."""

    criterion: str
    judge: str
    by: str | None = Field(
        default="model_family",
        description="The variable that names the model; null: there is one. Left out: `model_family`, or one model "
        "where the study has no such variable.",
    )
    strata: str | None = None
    probabilities: str | None = Field(
        default=None, description="The covariate with each item's probability of being labelled."
    )
    cluster_by: str | None = None
    level: float | None = Field(default=0.95, ge=0.5, le=0.999)
    simultaneous: Literal["max_t", "bonferroni"] | None = "max_t"
    seed: int | None = Field(default=0, ge=0, le=2**32 - 1)


class LabelsOrder(StudyOrder):
    """What to label next."""

    objective: Literal["mean", "map", "subgroups", "reliability"]
    criterion: str
    judge: str | None = None
    budget: int | None = Field(default=50, ge=1, le=100_000)
    by: str | None = None
    map: dict[str, object] | None = Field(
        default=None, description="An artefact: the width of its intervals is the uncertainty."
    )
    alpha: float | None = Field(default=0.1, ge=0.01, le=0.5)
    target: float | None = Field(default=0.8, ge=0.01, le=0.99, description="Reliability to reach.")
    seed: int | None = Field(default=0, ge=0, le=2**32 - 1)


class DriftOrder(StudyOrder):
    """An anchor set scored by the judge as it was and as it is."""

    judge_before: str
    judge_after: str
    margin: float | None = Field(default=None, ge=0, description="In points; a twentieth of the scale.")
    map: dict[str, object] | None = None
    family: str | None = "model_family"
    monitor: bool | None = False
    arrival: str | None = Field(
        default=None, description="The covariate in whose order items came to be rated: errors at every look."
    )
    options: Options | None = None


class AuditOrder(StudyOrder):
    """One judge of a study."""

    judge: str
    tokens: str | None = Field(default="answer_tokens", description="The covariate with the answers' length.")
    family: str | None = Field(default="model_family", description="The variable that names the model.")
    own_families: dict[str, str | None] | None = Field(default=None, description="Judge → its own family.")
    margin: float | None = Field(default=None, ge=0)
    changed: str | None = Field(
        default=None,
        description="The same judge with another order, format or wording: its name in the study.",
    )
    threshold: float | None = Field(default=None, description="Of `changed`: from it on a score is a yes.")
    options: Options | None = None


class PowerOrder(BaseModel):
    """`kind`, and what that kind needs: the answer names what is missing, and what is not known."""

    kind: Literal["pearson", "icc", "limits", "coefficient", "conformal", "mean", "alt_test"]


class Binding(BaseModel):
    """Where a map is to be in force."""

    model_config = FORBID

    judge: str = Field(description="Name of a configured judge.")
    rubric: str
    mode: Literal["text", "image"] = Field(default="text", description="The rubric's first mode.")


class FitOrder(StudyOrder):
    """One judge of a study on one criterion; `score` is the total."""

    criterion: str
    judge: str
    method: str | None = Field(default="auto", description="`auto` chooses by grouped cross-validation.")
    by: str | None = Field(default=None, description="Subgroup variable of the intervals.")
    alpha: float | None = Field(default=0.1, ge=0.01, le=0.5)
    folds: int | None = Field(default=10, ge=2, le=50)
    repeats: int | None = Field(default=5, ge=1, le=50)
    seed: int | None = Field(default=0, ge=0, le=2**32 - 1)
    cluster_by: str | None = None
    fingerprint: dict[str, object] | None = None
    binding: dict[str, object] | None = None
    bind: Binding | None = None
    activate: bool = False


class MapStatus(BaseModel):
    """Whether scores are to be calibrated by it."""

    model_config = FORBID

    status: Literal["active", "retired"]


class RawScore(BaseModel):
    """A score, and what is known of its item."""

    model_config = FORBID

    score: float | None = Field(default=None, description="null: there is none, and none comes back.")
    outcome: str | None = Field(
        default=None, description="Why there is none; it is told back.", examples=["refused"]
    )
    subgroups: dict[str, object] | None = Field(default=None, description="Variable → label, a text.")
    item: str | None = None


class ApplyOrder(BaseModel):
    """Scores for a map."""

    model_config = FORBID

    scores: list[RawScore] | None = Field(default_factory=list)


class SwapEitherOrder(RootModel[SwapStudyOrder | SwapCasesOrder]):
    """A study that holds both judges' scores, or cases."""


ORDERS: tuple[type[BaseModel], ...] = (
    StudyDocument,
    ReportOrder,
    AltTestOrder,
    CompareOrder,
    SwapEitherOrder,
    EquateOrder,
    EstimateOrder,
    LabelsOrder,
    DriftOrder,
    AuditOrder,
    PowerOrder,
    FitOrder,
    MapStatus,
    ApplyOrder,
)
