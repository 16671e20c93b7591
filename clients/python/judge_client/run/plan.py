"""What a run is to do: the options of the command as plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from judge_client.run.prompts import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.run.items import Dataset

_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; `None`: unknown, and then every cost is."""

    read: float | None = None
    written: float | None = None

    def of(self, read: int | None, written: int | None) -> float | None:
        """What so many tokens cost."""
        if None in (self.read, self.written, read, written):
            return None
        return ((self.read or 0) * (read or 0) + (self.written or 0) * (written or 0)) / _MILLION


@dataclass(frozen=True, slots=True)
class Model:
    """The model under test; `fields` are further ones of each request's body.

    `provider`: `openai`, at an OpenAI-compatible address, or `litellm`, which may know the address by the name.
    """

    name: str
    url: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = field(default=None, repr=False)
    concurrency: int = 32
    timeout_s: float = 600.0
    tries: int = 6
    price: Price = field(default_factory=Price)
    provider: Literal["openai", "litellm"] = "openai"

    def __post_init__(self) -> None:
        _without_key(self.url, "model")


@dataclass(frozen=True, slots=True)
class Judge:
    """The service that judges, and what it is asked with."""

    url: str
    rubric: str
    name: str | None = None
    mode: str | None = None
    key: str | None = field(default=None, repr=False)
    tenant: str | None = None
    concurrency: int = 32
    timeout_s: float = 180.0
    tries: int = 6
    price: Price = field(default_factory=Price)

    def __post_init__(self) -> None:
        _without_key(self.url, "judge")


def _without_key(url: str | None, whose: str) -> None:
    """An address is written into the run's folder, and a password in it would be too."""
    authority = re.split(r"[/?#\\]", (url or "").rpartition("://")[2])[0]
    if "@" in authority:
        words = f"--{whose}-url holds a user or a password, which would be written down"
        raise ValueError(f"{words}: name the key by --{whose}-key-env")


@dataclass(frozen=True, slots=True)
class Plan:
    """A data set, who answers, and who judges. `give_up_after`: so many failed calls in a row end the run.

    `in_flight`: most calls under way at once, of both together, beside the limit of each.
    """

    dataset: Dataset
    model: Model
    judge: Judge
    give_up_after: int = 25
    again_unscored: bool = False
    in_flight: int | None = None

    def settings(self, instrument: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that an answer or a score depends on; where the two services are is not of it."""
        # Folders of runs without it are older than the choice.
        provider = {} if self.model.provider == "openai" else {"provider": self.model.provider}
        return {
            "dataset": self.dataset.digest,
            "model": self.model.name,
            **provider,
            "fields": dict(self.model.fields),
            "prompts": VERSION,
            "rubric": self.judge.rubric,
            "judge": self.judge.name or "default",
            "mode": self.judge.mode or "auto",
            "instrument": dict(instrument),
        }

    def about(self) -> dict[str, Any]:
        """What may differ between two sessions of one run."""
        return {
            "dataset": self.dataset.name,
            "items": len(self.dataset.items),
            "model_url": self.model.url,
            "judge_url": self.judge.url,
            "notes": list(self.dataset.notes),
        }
