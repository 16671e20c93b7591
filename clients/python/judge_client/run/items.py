"""What a data set is made of: questions with a key (multiple choice), or with a reference answer (open-ended)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from judge_client.run.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = Literal["mcq", "open"]
LETTERS = "ABCDEFGHIJ"
# What a summary is cut by, and what each is called on a page.
CUTS = {
    "dimension": "capability dimension",
    "subtype": "subtype",
    "question_type": "question type",
    "modality": "modality",
    "organ": "organ system",
}


@dataclass(frozen=True)
class Item:
    """One question. `answer`: the right letter, or the reference answer.

    `image`: the picture's path below the images' folder; of a `picture` that the row itself held, its digest.
    """

    id: str
    kind: Kind
    question: str
    answer: str
    options: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    picture: bytes | None = field(default=None, repr=False)
    visual_description: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in a run: ids are unique among the items of a kind."""
        return f"{self.kind}/{self.id}"

    @cached_property
    def digest(self) -> str:
        """Of everything but the picture's bytes."""
        told = {
            "kind": self.kind,
            "question": self.question,
            "answer": self.answer,
            "options": dict(self.options),
            "image": self.image,
            "visual_description": self.visual_description,
        }
        return digest_of(told)


@dataclass(frozen=True)
class Dataset:
    """Items in their order, where their images are, and what was noticed while they were read."""

    name: str
    items: tuple[Item, ...]
    images: Path
    notes: tuple[str, ...] = ()
    part_of: str | None = None

    @cached_property
    def digest(self) -> str:
        """Of all items, whatever their order; a part has the digest of the whole, and can grow into it."""
        return self.part_of or digest_of(sorted((item.key, item.digest) for item in self.items))

    def first(self, count: int | None) -> Dataset:
        """The first items of each kind."""
        if count is None:
            return self
        kept: list[Item] = []
        for kind in ("mcq", "open"):
            kept += [item for item in self.items if item.kind == kind][:count]
        return replace(self, items=tuple(kept), part_of=self.digest)


class DatasetFault(Exception):
    """A data set that cannot be read as it was asked; says which file, which row and what is wrong."""
