"""What is judged, and on which scale. A rubric never names a model and holds no code."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, model_validator

Mode = Literal["text", "image"]
Input = Literal["prompt", "response", "reference", "claim", "visual_description", "images"]
ScoreFrom = Literal["level", "expected"]
Label = StrictInt | Annotated[StrictStr, Field(min_length=1, max_length=64)]

FROZEN = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Level(BaseModel):
    """One admissible answer on a scale."""

    model_config = FROZEN

    label: Label = Field(description="What the judge answers: an integer, or a word.")
    value: float | None = Field(
        default=None, ge=0, le=1, description="Worth in [0, 1]; absent on a nominal scale."
    )
    means: str = Field(min_length=1, max_length=2000, description="The anchor: when this level is right.")


class Scale(BaseModel):
    """A closed set of levels: ordinal and binary ones are ordered and carry values, nominal ones need not."""

    model_config = FROZEN

    kind: Literal["ordinal", "nominal", "binary"]
    levels: tuple[Level, ...] = Field(min_length=2, max_length=32)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        labels = [level.label for level in self.levels]
        if len({str(label) for label in labels}) != len(labels):
            raise ValueError("level labels must differ")
        if len({type(label) for label in labels}) != 1:
            raise ValueError("level labels must be all integers or all words")
        values = [level.value for level in self.levels]
        if len({value is None for value in values}) != 1:
            raise ValueError("either every level of a scale has a value or none has")
        if self.kind == "binary" and len(labels) != 2:  # noqa: PLR2004  binary means two
            raise ValueError("a binary scale has two levels")
        if self.kind != "nominal":
            if values[0] is None:
                raise ValueError(f"levels of a scale of kind {self.kind!r} need values")
            if any(a >= b for a, b in pairwise(v for v in values if v is not None)):
                raise ValueError("values of an ordered scale must rise from the first level to the last")
        return self

    @property
    def labels(self) -> tuple[int | str, ...]:
        """The admissible answers in their declared order."""
        return tuple(level.label for level in self.levels)

    @property
    def is_numeric(self) -> bool:
        """Whether levels carry values, so that a total can be computed."""
        return self.levels[0].value is not None

    def level(self, label: object) -> Level | None:
        """Find the level with exactly this label; `True` is not 1 and `"4"` is not 4."""
        for level in self.levels:
            if type(label) is type(level.label) and label == level.label:
                return level
        return None


class LexicalMeasure(BaseModel):
    """How the embedded lexical judge goes about a criterion; without it, that judge abstains."""

    model_config = FROZEN

    measure: Literal["agreement", "entailment", "self_consistency", "cohesion"]
    against: Literal["reference", "visual_description", "claim"] | None = None
    extra_is_fine: bool = Field(
        default=False, description="Whether the response may say more than the text it is compared with."
    )
    levels: dict[Literal["entailed", "neutral", "contradicted"], Label] = Field(
        default_factory=dict,
        description="Which level each relation means; for entailment on a nominal scale.",
    )

    @model_validator(mode="after")
    def _has_its_text(self) -> Self:
        compares = self.measure in {"agreement", "entailment"}
        if compares != (self.against is not None):
            raise ValueError(f"measure {self.measure!r} {'needs' if compares else 'takes no'} 'against'")
        if (self.measure == "entailment") != bool(self.levels):
            raise ValueError("'levels' belongs to the measure 'entailment', and only to it")
        return self


def _by_mode(value: object) -> object:
    """`needs: [response]` stands for the same needs in both modes."""
    return {"text": value, "image": value} if isinstance(value, list) else value


class Criterion(BaseModel):
    """One property, judged by itself."""

    model_config = FROZEN

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")
    title: str = Field(min_length=1, max_length=120)
    question: str = Field(min_length=1, max_length=2000, description="What the judge is asked.")
    weight: float = Field(
        default=1.0, gt=0, le=1000, description="Share in the total, relative to the others."
    )
    needs: Annotated[
        dict[Mode, tuple[Input, ...]],
        BeforeValidator(_by_mode, json_schema_input_type=dict[Mode, tuple[Input, ...]] | tuple[Input, ...]),
    ] = Field(description="Inputs of a case without which the criterion cannot be judged, by mode.")
    scale: Scale
    when_degenerate: Label | None = Field(
        default=None,
        description="The level that an empty or content-free response gets; absent: it stays unscored.",
    )
    lexical: LexicalMeasure | None = None

    @model_validator(mode="after")
    def _names_its_levels(self) -> Self:
        named = [] if self.when_degenerate is None else [self.when_degenerate]
        if self.lexical:
            named += self.lexical.levels.values()
        for label in named:
            if self.scale.level(label) is None:
                raise ValueError(f"criterion {self.id!r} names the level {label!r}, which its scale lacks")
        return self


class Rubric(BaseModel):
    """A versioned document: which criteria, on which scales, with which prompt, combined how."""

    model_config = FROZEN

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    version: int = Field(ge=1)
    title: str = Field(min_length=1, max_length=200)
    about: str = Field(
        min_length=1, max_length=4000, description="What it measures, and whose wording it is."
    )
    prompt: str = Field(
        pattern=r"^prompts/[a-z0-9_-]+\.jinja$", description="Template of the judge's instructions."
    )
    modes: tuple[Mode, ...] = Field(default=("text",), min_length=1)
    aggregate: Literal["weighted_mean"] = "weighted_mean"
    score_from: ScoreFrom = Field(
        default="level",
        description="What of a verdict enters the total: its level's value, or the mean under its distribution.",
    )
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        ids = [criterion.id for criterion in self.criteria]
        if len(set(ids)) != len(ids):
            raise ValueError("criterion ids must differ")
        if len(set(self.modes)) != len(self.modes):
            raise ValueError("modes must differ")
        for criterion in self.criteria:
            if missing := [mode for mode in self.modes if mode not in criterion.needs]:
                raise ValueError(
                    f"criterion {criterion.id!r} does not say what it needs in mode {missing[0]!r}"
                )
        if self.score_from == "expected" and not self.criteria[0].scale.is_numeric:
            raise ValueError("score_from: expected needs scales with values")
        if len({criterion.scale.is_numeric for criterion in self.criteria}) != 1:
            raise ValueError("either all criteria of a rubric have values or none has")
        return self

    @property
    def ref(self) -> str:
        """`id@version`, as provenance names it."""
        return f"{self.id}@{self.version}"

    @property
    def is_numeric(self) -> bool:
        """Whether its verdicts add up to a number."""
        return self.criteria[0].scale.is_numeric
