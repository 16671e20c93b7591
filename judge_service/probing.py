"""Asks judges' endpoints what they can do: at the start where their settings say so, and by command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import structlog

from judge_service.backends.capabilities import Capability, Door, probe, schema_mode, undecided
from judge_service.domain.judge import JudgeSpec
from judge_service.domain.panel import parts_of
from judge_service.errors import ConfigurationError
from judge_service.judges import open_backend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.panel import AnySpec
    from judge_service.settings import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found of one judge."""

    name: str
    spec: JudgeSpec
    capabilities: Mapping[str, Capability]

    @property
    def answered(self) -> bool:
        """Whether anything at all is known."""
        return any(found.status != "unknown" for found in self.capabilities.values())

    @property
    def settings(self) -> dict[str, object]:
        """Settings of the judge that go with what was found."""
        told: dict[str, object] = {}
        if (mode := schema_mode(self.capabilities)) is not None:
            told["schema_mode"] = mode
        if (images := self.capabilities["images"].status) != "unknown":
            told["images"] = images == "yes"
        return told

    @property
    def lacking(self) -> tuple[str, ...]:
        """What the judge's settings lean on, and its endpoint has not."""
        leans = {
            "json_schema": self.spec.schema_mode == "json_schema",
            "json_object": self.spec.schema_mode == "json_object",
            "images": self.spec.images,
            "seed": self.spec.seed is not None and self.spec.temperature > 0,
        }
        return tuple(
            name for name, asked in leans.items() if asked and self.capabilities[name].status == "no"
        )

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        found = {name: {"status": c.status, "reason": c.reason} for name, c in self.capabilities.items()}
        return {
            "judge": self.name,
            "model": self.spec.model,
            "answered": self.answered,
            "capabilities": found,
            "settings": self.settings,
            "lacking": list(self.lacking),
        }


async def look_at(name: str, spec: AnySpec) -> Probed:
    """Probe one judge; raises `ConfigurationError` for one that is no endpoint."""
    if not isinstance(spec, JudgeSpec):
        parts = ", ".join(parts_of(spec))
        raise ConfigurationError(f"judge {name!r} is made of judges; probe those one by one ({parts})")
    if not spec.is_llm:
        raise ConfigurationError(f"judge {name!r} is of kind {spec.kind!r}: there is no endpoint to probe")
    backend = open_backend(name, spec)
    try:
        return Probed(name, spec, await probe(cast("Door", backend), spec))
    finally:
        await backend.aclose()


async def probed(settings: Settings) -> Settings:
    """The settings with every `auto` decided, by probing the judges that ask for it; the others are let be."""
    judges = dict(settings.judges)
    for name, spec in judges.items():
        if isinstance(spec, JudgeSpec) and spec.probe:
            judges[name] = _decided(await look_at(name, spec))
    return settings.model_copy(update={"judges": judges})


def unprobed(settings: Settings) -> Settings:
    """The same settings for an opening that asks nobody."""
    judges = {
        name: spec.model_copy(update={"probe": False, "schema_mode": _assumed(spec)})
        if isinstance(spec, JudgeSpec)
        else spec
        for name, spec in settings.judges.items()
    }
    return settings.model_copy(update={"judges": judges})


def _assumed(spec: JudgeSpec) -> str:
    return "json_schema" if spec.schema_mode == "auto" else spec.schema_mode


def _decided(found: Probed) -> JudgeSpec:
    told = " ".join(f"{name}={one.status}" for name, one in found.capabilities.items())
    _log.info("judge probed", judge=found.name, outcome=told)
    if found.lacking:
        _log.warning(
            "judge lacks what its settings lean on", judge=found.name, outcome=" ".join(found.lacking)
        )
    if found.spec.schema_mode != "auto":
        return found.spec
    mode = schema_mode(found.capabilities)
    if mode is None:
        raise ConfigurationError(
            f"judge {found.name!r} has schema_mode 'auto', and its probe does not tell what form it holds to "
            f"({undecided(found.capabilities)}); start it first, or set schema_mode"
        )
    return found.spec.model_copy(update={"schema_mode": mode})
