"""A judge whose model is loaded by the run that asks it, in place of the server that its settings name."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from judge_service.backends.vllm_engine import VllmEngineBackend
from judge_service.backends.vllm_model import Loading, foreign_fields
from judge_service.errors import ConfigurationError
from judge_service.judges import Door
from judge_service.local.arguments import Model, Wishes, engine_options, environment
from judge_service.local.machine import look
from judge_service.local.weights import digest_of

if TYPE_CHECKING:
    from judge_service.domain.judge import JudgeSpec
    from judge_service.local.machine import Machine
    from judge_service.settings import Settings

THREADS = "OMP_NUM_THREADS"


def in_process(
    settings: Settings, judge: str, engine: str, place: str | None
) -> tuple[Settings, dict[str, Door]]:
    """Open a door to a judge's model in this process: settings and doors to score with.

    Nothing is loaded yet. Raises `ConfigurationError` for a judge or a folder that cannot be loaded.
    """
    if engine != "vllm":
        raise ConfigurationError(f"--engine: {engine!r} is not known (known: ray, vllm)")
    spec = _spec(settings, judge)
    folder = _folder(spec, judge, place)
    if importlib.util.find_spec("vllm") is None:
        raise ConfigurationError(
            "--engine vllm: there is no vllm beside this service; install the extra judge-service[local]"
        )
    machine, model = look([sys.executable]), Model.at(str(folder))
    weights = digest_of(folder)
    loading = Loading(
        options=engine_options(machine, model, Wishes(name=str(spec.model))),
        environment={**environment(machine, model), **_threads(machine)},
        weights=weights,
    )
    # The address is not asked, and answers of another address's model are not this folder's.
    here = spec.model_copy(update={"base_url": None})
    door = Door(VllmEngineBackend(here, loading), version=f"vllm in process {weights}")
    return settings.model_copy(update={"judges": {**settings.judges, judge: here}}), {judge: door}


def _threads(machine: Machine) -> dict[str, str]:
    """On CPUs one core stays free, as beside a server: how many share a sum decides its last bits, and so a tie."""
    if machine.gpus or THREADS in os.environ:
        return {}
    return {THREADS: str(max(1, (os.cpu_count() or 1) - 1))}


def _spec(settings: Settings, judge: str) -> JudgeSpec:
    spec = settings.judges.get(judge)
    if spec is None:
        known = ", ".join(sorted(settings.judges))
        raise ConfigurationError(f"no judge is configured under {judge!r} (known: {known})")
    if spec.kind != "openai":
        raise ConfigurationError(
            f"--engine loads the model of a judge of kind 'openai'; {judge!r} is of kind {spec.kind!r}"
        )
    if foreign := foreign_fields(spec):
        raise ConfigurationError(
            f"judge {judge!r}: the field {foreign[0]!r} of extra_body is one of a server's; "
            "the engine in this process has nothing for it"
        )
    return spec


def _folder(spec: JudgeSpec, judge: str, place: str | None) -> Path:
    folder = Path(place or str(spec.model))
    if folder.is_dir():
        return folder
    if place is None:
        raise ConfigurationError(
            f"the model {spec.model!r} of judge {judge!r} is no folder; name the one that its server serves "
            "by --engine-model"
        )
    raise ConfigurationError(f"--engine-model: {place} is no folder")
