"""Binds configured names to judges: the only place that knows which kind is which backend."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from judge_service.backends.calling import Caller
from judge_service.backends.embedded import EmbeddedBackend
from judge_service.backends.gate import Gate
from judge_service.backends.scripted import MODEL, ScriptedBackend
from judge_service.errors import ConfigurationError
from judge_service.lexical import version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from judge_service.backends.base import Backend
    from judge_service.domain.judge import JudgeSpec
    from judge_service.observation import Observation
    from judge_service.price_table import PriceTable


@asynccontextmanager
async def open_lines(
    specs: Mapping[str, JudgeSpec], observation: Observation, prices: PriceTable
) -> AsyncIterator[dict[str, tuple[Backend, Caller]]]:
    """Open every configured judge's backend behind its own gate and retries; close them all at the end."""
    async with AsyncExitStack() as stack:
        lines = {}
        for name, spec in specs.items():
            backend = open_backend(name, spec)
            stack.push_async_callback(backend.aclose)
            gate = Gate(spec.max_concurrency)
            _watch(observation, name, gate)
            price = prices.price_of(spec)
            lines[name] = (backend, Caller(name, spec, backend, gate=gate, price=price, observe=observation))
        yield lines


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
