"""A study as the API takes it, for the OpenAPI document; the library checks every value itself."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FORBID = ConfigDict(extra="forbid")
Label = str | int  # 7 and "7" are the same id
Level = float | str | bool


class StudyScale(BaseModel):
    """A declared scale. `values` in their order; `low` and `high` on an interval scale."""

    model_config = FORBID

    kind: Literal["ordinal", "binary", "nominal", "interval"]
    values: list[float] | list[str] | None = Field(default=None, max_length=101)
    low: float | None = None
    high: float | None = None


class Rating(BaseModel):
    """What one physician said; a missing rating is left out."""

    model_config = FORBID

    item: Label
    criterion: str
    rater: Label
    score: Level = Field(description="A value of the criterion's scale; 3.0 is 3.")


class JudgeScore(BaseModel):
    """What one judge said, or with `score: null` the outcome that says why it did not."""

    model_config = FORBID

    item: Label
    criterion: str
    judge: Label
    score: Level | None = None
    repeat: int | None = Field(default=None, ge=0, le=10_000)
    outcome: str | None = Field(default=None, examples=["refused"])


class ItemFact(BaseModel):
    """What belongs to an item."""

    model_config = FORBID

    item: Label
    cluster: Label | None = None
    subgroups: dict[str, Label | None] | None = None
    covariates: dict[str, float | None] | None = None


class Composite(BaseModel):
    """A total of raters and judges: the weighted mean of criteria, on 0 to 100."""

    model_config = FORBID

    weights: dict[str, float]


class StudyDocument(BaseModel):
    """Long rows of physicians and judges. No scale is inferred from scores."""

    model_config = FORBID

    scales: dict[str, list[float] | StudyScale] = Field(min_length=1, max_length=200)
    ratings: list[Rating] | None = Field(default_factory=list)
    judge_scores: list[JudgeScore] | None = Field(default_factory=list)
    items: list[ItemFact] | None = None
    scores: list[dict[str, object]] | None = Field(
        default_factory=list, description="Answers of `POST /v1/scores`, as they came."
    )
    composites: dict[str, Composite] | None = Field(default_factory=dict)
    fingerprints: dict[str, dict[str, object]] | None = Field(
        default_factory=dict, description="Judge → the instrument it was, where its rows do not say it."
    )
