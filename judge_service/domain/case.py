"""What is put before a judge."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field

from judge_service.domain.visible import shows

if TYPE_CHECKING:
    from judge_service.domain.rubric import Input

TEXT_CAP = 64_000
IMAGE_CAP = 8
# 10 MiB of pixels' file, as base64 with a little room for the data URI's head.
IMAGE_URL_CAP = 10 * 1024 * 1024 * 4 // 3 + 100

DATA = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Image(BaseModel):
    """A picture that belongs to the case."""

    model_config = DATA

    role: Literal["question", "response", "reference"] = "question"
    url: str = Field(
        max_length=IMAGE_URL_CAP, description="`data:image/png;base64,…`; PNG, JPEG or WebP, at most 10 MiB."
    )


class Case(BaseModel):
    """A question, a response to judge, and what is known to be true."""

    model_config = DATA

    id: str | None = Field(
        default=None, max_length=256, description="Yours; comes back, never part of the cache key."
    )
    prompt: str | None = Field(default=None, max_length=TEXT_CAP, description="The question that was asked.")
    response: str = Field(max_length=TEXT_CAP, description="The answer under judgement. May be empty.")
    reference: str | None = Field(
        default=None, max_length=TEXT_CAP, description="An answer known to be good."
    )
    claim: str | None = Field(
        default=None, max_length=TEXT_CAP, description="For rubrics that judge one claim."
    )
    visual_description: str | None = Field(
        default=None, max_length=TEXT_CAP, description="What the image shows, in words."
    )
    images: Annotated[tuple[Image, ...], FailFast()] = Field(default=(), max_length=IMAGE_CAP)
    subgroups: dict[str, str] = Field(
        default_factory=dict,
        max_length=16,
        description="Labels for later analysis; the judge never sees them.",
    )

    def has(self, name: Input) -> bool:
        """Whether the case brings this input: a text to be seen, an image of the question, any response."""
        return name in self._inputs

    @cached_property
    def _inputs(self) -> frozenset[str]:
        texts = ("prompt", "reference", "claim", "visual_description")
        found = {name for name in texts if shows(getattr(self, name) or "")}
        if any(image.role == "question" for image in self.images):
            found.add("images")
        return frozenset(found | {"response"})
