"""Binds configured names to judges: the only place that knows which kind is which backend."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from judge_service.backends.calling import Caller
from judge_service.backends.embedded import EmbeddedBackend
from judge_service.backends.gate import Gate
from judge_service.backends.scripted import MODEL, ScriptedBackend
from judge_service.domain.judge import JudgeSpec
from judge_service.domain.panel import CascadeSpec, PanelSpec
from judge_service.errors import ConfigurationError
from judge_service.lexical import version
from judge_service.scoring.cascade import Cascade
from judge_service.scoring.panel import Panel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from judge_service.backends.base import Backend
    from judge_service.domain.panel import AnySpec
    from judge_service.observation import Observation
    from judge_service.price_table import PriceTable
    from judge_service.scoring.answering import Answering


@dataclass(frozen=True, slots=True)
class Door:
    """A way to a judge in place of the one that its settings name, and what beside them decides how it answers."""

    backend: Backend
    version: str


NO_DOORS: Mapping[str, Door] = MappingProxyType({})


@asynccontextmanager
async def open_lines(
    specs: Mapping[str, AnySpec],
    observation: Observation,
    prices: PriceTable,
    doors: Mapping[str, Door] = NO_DOORS,
) -> AsyncIterator[dict[str, tuple[Backend, Caller]]]:
    """Open every configured judge's backend behind its own gate and retries; close them all at the end."""
    async with AsyncExitStack() as stack:
        lines = {}
        for name, spec in _plain(specs).items():
            backend = doors[name].backend if name in doors else open_backend(name, spec)
            stack.push_async_callback(backend.aclose)
            gate = Gate(spec.max_concurrency)
            _watch(observation, name, gate)
            price = prices.price_of(spec)
            lines[name] = (backend, Caller(name, spec, backend, gate=gate, price=price, observe=observation))
        yield lines


def with_composites(
    specs: Mapping[str, AnySpec], judge: Callable[[str, JudgeSpec], Answering]
) -> dict[str, Answering | Cascade]:
    """Every configured judge by its name: the plain ones as they are made, then what is made of them."""
    answering = {name: judge(name, spec) for name, spec in _plain(specs).items()}
    for name, spec in specs.items():
        if isinstance(spec, PanelSpec):
            answering[name] = Panel(name, spec, answering)
    cascades = {
        name: Cascade(name, spec, answering) for name, spec in specs.items() if isinstance(spec, CascadeSpec)
    }
    return {**answering, **cascades}


def _plain(specs: Mapping[str, AnySpec]) -> dict[str, JudgeSpec]:
    return {name: spec for name, spec in specs.items() if isinstance(spec, JudgeSpec)}


def open_backend(name: str, spec: JudgeSpec) -> Backend:
    """Choose the door by the judge's kind; heavy libraries are imported behind theirs."""
    match spec.kind:
        case "embedded":
            return _embedded(spec)
        case "scripted":
            return ScriptedBackend(spec)
        case "openai":
            from judge_service.backends.openai_http import OpenAIBackend  # noqa: PLC0415  aiohttp: paid when used

            return OpenAIBackend(spec, _key(name, spec))
        case "litellm":
            from judge_service.backends.litellm_backend import LiteLLMBackend  # noqa: PLC0415  likewise

            return LiteLLMBackend(spec, _key(name, spec))


def version_of(spec: JudgeSpec) -> str:
    """What, beside its settings, decides how a judge answers: our own code, where we judge ourselves."""
    if spec.kind == "scripted":
        return MODEL
    if spec.kind != "embedded":
        return ""
    if spec.embeddings is None:
        return version()
    from judge_service.backends.embeddings import digest_of  # noqa: PLC0415  numpy: paid when used

    return f"{version()} {digest_of(spec.embeddings)}"


def _embedded(spec: JudgeSpec) -> EmbeddedBackend:
    if spec.embeddings is None or spec.embeddings_sha256 is None:
        return EmbeddedBackend()
    from judge_service.backends.embeddings import load_embeddings  # noqa: PLC0415  numpy: paid when used

    return EmbeddedBackend(load_embeddings(spec.embeddings, spec.embeddings_sha256), name=version_of(spec))


def _key(name: str, spec: JudgeSpec) -> str | None:
    if spec.api_key_env is None:
        return None
    key = os.environ.get(spec.api_key_env)
    if not key:
        raise ConfigurationError(f"judge {name!r} reads its key from {spec.api_key_env}, which is not set")
    return key


def _watch(observation: Observation, name: str, gate: Gate) -> None:
    observation.watch_gate(name, "limit", lambda: gate.limit)
    observation.watch_gate(name, "inflight", lambda: gate.inflight)
    observation.watch_gate(name, "waiting", lambda: gate.waiting)
