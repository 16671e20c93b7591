"""Graders as OpenAI shapes them, and what is asked of them."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from judge_service.domain.case import IMAGE_URL_CAP, TEXT_CAP
from judge_service.domain.request import a_plain_number

_SHAPE = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
_Name = Annotated[str, Field(min_length=1, max_length=128)]
_Text = Annotated[str, Field(max_length=TEXT_CAP)]
_Number = Annotated[float, BeforeValidator(a_plain_number)]
_PARTS_CAP = 64
_LABELS_CAP = 32


class TextPart(BaseModel):
    """A text; it may name places."""

    model_config = _SHAPE

    type: Literal["input_text", "output_text", "text"]
    text: _Text


class ImagePart(BaseModel):
    """A picture, or the place of one."""

    model_config = _SHAPE

    type: Literal["input_image"]
    image_url: str = Field(max_length=IMAGE_URL_CAP, description="`data:image/…`, or one template.")
    detail: Literal["high", "low", "auto"] | None = Field(default=None, description="Not looked at.")


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(BaseModel):
    """One message of what a grader's model is told."""

    model_config = _SHAPE

    role: Literal["user", "assistant", "system", "developer"]
    content: _Text | Part | Annotated[list[_Text | Part], Field(max_length=_PARTS_CAP)]
    type: Literal["message"] | None = None

    @property
    def parts(self) -> list[str | TextPart | ImagePart]:
        """Its content as a list."""
        return list(self.content) if isinstance(self.content, list) else [self.content]


class SamplingParams(BaseModel):
    """How a model is sampled. A judge's settings are not a request's to change: what differs is refused."""

    model_config = _SHAPE

    max_completions_tokens: int | None = None
    reasoning_effort: str | None = Field(default=None, max_length=16)
    seed: int | None = None
    temperature: _Number | None = None
    top_p: _Number | None = None


class _ModelGrader(BaseModel):
    model_config = _SHAPE

    name: _Name
    model: _Name = Field(description="A configured judge; or `judge/rubric`, to ask in that rubric's words.")
    input: list[Message] = Field(min_length=1, max_length=_PARTS_CAP)


class ScoreModelGrader(_ModelGrader):
    """A judge gives a score."""

    type: Literal["score_model"]
    range: Annotated[list[_Number], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="`[0, 1]` unless said otherwise."
    )
    sampling_params: SamplingParams | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError("a range goes from a number to a larger one")
        if self.range is not None and not isfinite(self.range[1] - self.range[0]):
            raise ValueError("a range is no wider than a number can say")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest score."""
        return (self.range[0], self.range[1]) if self.range else (0.0, 1.0)


class LabelModelGrader(_ModelGrader):
    """A judge chooses a label; the reward is 1 for one that passes, and 0 for another."""

    type: Literal["label_model"]
    labels: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        min_length=2, max_length=_LABELS_CAP
    )
    passing_labels: list[str] = Field(min_length=1, max_length=_LABELS_CAP)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ")
        if not set(self.passing_labels) <= set(self.labels):
            raise ValueError("passing_labels must be among the labels")
        return self


class StringCheckGrader(BaseModel):
    """1 or 0: `like` and `ilike` ask whether the input contains the reference."""

    model_config = _SHAPE

    type: Literal["string_check"]
    name: _Name
    input: _Text
    reference: _Text
    operation: Literal["eq", "ne", "like", "ilike"]


class TextSimilarityGrader(BaseModel):
    """How alike two texts are, in [0, 1]. `cosine` and `meteor` are refused: they need models we have not."""

    model_config = _SHAPE

    type: Literal["text_similarity"]
    name: _Name
    input: _Text
    reference: _Text
    evaluation_metric: Literal[
        "cosine",
        "fuzzy_match",
        "bleu",
        "gleu",
        "meteor",
        "rouge_1",
        "rouge_2",
        "rouge_3",
        "rouge_4",
        "rouge_5",
        "rouge_l",
    ]


class PythonGrader(BaseModel):
    """Refused: nothing that a caller sends is executed here."""

    model_config = _SHAPE

    type: Literal["python"]
    name: _Name
    source: str
    image_tag: str | None = None


Single = Annotated[
    ScoreModelGrader | LabelModelGrader | StringCheckGrader | TextSimilarityGrader | PythonGrader,
    Field(discriminator="type"),
]


def _by_name(value: object) -> object:
    """One grader alone, as OpenAI's SDK types it, is called by its own name."""
    if isinstance(value, dict) and isinstance(value.get("type"), str) and isinstance(value.get("name"), str):
        return {value["name"]: value}
    return value


class MultiGrader(BaseModel):
    """Graders, and a formula over their rewards."""

    model_config = _SHAPE

    type: Literal["multi"]
    name: _Name
    graders: Annotated[
        dict[str, Single], BeforeValidator(_by_name, json_schema_input_type=dict[str, Single] | Single)
    ] = Field(min_length=1, max_length=_LABELS_CAP, description="By the name that the formula knows.")
    calculate_output: str = Field(
        min_length=1, description="Names, numbers, `+ - * /`, brackets, `min(…)` and `max(…)`."
    )


Grader = Annotated[
    ScoreModelGrader
    | LabelModelGrader
    | StringCheckGrader
    | TextSimilarityGrader
    | MultiGrader
    | PythonGrader,
    Field(discriminator="type"),
]


class GraderRunOrder(BaseModel):
    """A grader, and what it is to grade."""

    model_config = _SHAPE

    grader: Grader
    model_sample: _Text = Field(description="What the model said: `{{sample.output_text}}`.")
    item: dict[str, Any] | None = Field(
        default=None, description="What the templates may name: `{{item.x}}`."
    )
    reward_on_failure: _Number | None = Field(
        default=None,
        description="Ours. The reward to tell, beside the error flags, where there is none; absent: a failure is a "
        "problem.",
    )


class GraderValidateOrder(BaseModel):
    """A grader to look at."""

    model_config = _SHAPE

    grader: Grader
