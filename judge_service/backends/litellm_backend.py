"""The wide door: any provider litellm speaks to, requests shaped by instructor; imported only here."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from pydantic import BaseModel

from judge_service.backends.litellm_faults import error_of_exception
from judge_service.backends.openai_wire import completion_of, messages, response_format, schema_of, settings
from judge_service.errors import BackendBroken, BackendTimeout, BackendUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_service.backends.base import Completion, Prompt
    from judge_service.domain.judge import JudgeSpec

PING_TIMEOUT_S: Final = 5.0
LITELLM_GRACE_S: Final = 5.0
SHAPES_KEPT: Final = 256
CHATTY_LOGGERS: Final = (
    *("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"),
    *("instructor", "openai", "httpx", "httpcore"),
)


class LiteLLMBackend:
    """Asks one model through `litellm.acompletion`, without client objects, Router, cache or callbacks."""

    def __init__(self, spec: JudgeSpec, api_key: str | None) -> None:
        self._spec = spec
        self._name = str(spec.model)
        self._fixed = _address(spec, api_key) | {"num_retries": 0, "max_retries": 0}
        self._litellm: Any = None

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Ask once and read the reply within the time given."""
        return self._completion(await self._ask(lambda: self._request(prompt), timeout_s), prompt)

    async def raw(self, request: Mapping[str, object], *, timeout_s: float) -> object:
        """Ask with these fields and bring litellm's reading of the reply as plain data: for probes."""
        reply = await self._ask(lambda: {**self._spec.extra_body, **request, **self._fixed}, timeout_s)
        return reply.model_dump()

    async def _ask(self, request: Callable[[], dict[str, Any]], timeout_s: float) -> Any:
        try:
            async with asyncio.timeout(timeout_s):
                await self.load()
                return await self._litellm.acompletion(**request(), timeout=timeout_s + LITELLM_GRACE_S)
        except TimeoutError:
            raise BackendTimeout(f"judge model {self._name!r} took more than {timeout_s:g} s") from None
        except Exception as raised:  # noqa: BLE001  litellm lets exceptions of every kind through
            raise error_of_exception(self._name, raised) from None

    async def ping(self) -> None:
        """Open a connection to the server, where it is ours to name; a probe is no reason to load litellm."""
        if self._spec.base_url is None:
            return
        url = urlsplit(self._spec.base_url)
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                _, writer = await asyncio.open_connection(url.hostname, url.port or _port(url.scheme))
                writer.close()
                await writer.wait_closed()
        except OSError:
            raise BackendUnavailable(f"the server of judge model {self._name!r} cannot be reached") from None

    async def aclose(self) -> None:
        """Close the connections that litellm keeps."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()

    async def load(self) -> None:
        """Import litellm, in a thread, ahead of the first call or with it; takes seconds."""
        if self._litellm is None:
            self._litellm = await asyncio.to_thread(_litellm)

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "messages": messages(prompt),
            **settings(self._spec, prompt),
            **self._shape(prompt),
            **self._spec.extra_body,
            **self._fixed,
        }

    def _shape(self, prompt: Prompt) -> dict[str, Any]:
        if self._spec.schema_mode != "json_schema":
            return response_format(prompt, self._spec)
        # Decoded anew for each call: litellm edits schemas in place for some providers.
        shaped = _shaped(prompt.schema_name, msgspec.json.encode(schema_of(prompt, self._spec)))
        return {"response_format": msgspec.json.decode(shaped)}

    def _completion(self, reply: Any, prompt: Prompt) -> Completion:
        try:
            return completion_of(_plain(reply), self._spec, prompt)
        except (ValueError, AttributeError, IndexError, TypeError):
            raise BackendBroken(f"judge model {self._name!r} answered without a completion") from None


def _address(spec: JudgeSpec, api_key: str | None) -> dict[str, Any]:
    """Say where to ask; a server of ours never gets the key that the environment holds for another."""
    address: dict[str, Any] = {"model": spec.model}
    if spec.base_url:
        address["api_base"] = spec.base_url
        api_key = api_key or "none"
    if api_key:
        address["api_key"] = api_key
    return address


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _litellm() -> Any:
    """Import litellm with what its first call would import, and make it quiet; seconds, so in a thread."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else the import fetches a price list
    for name in CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # pydantic quotes the reply in this warning.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
    import instructor.processing  # noqa: F401, PLC0415
    import litellm  # noqa: PLC0415
    import openai.resources  # noqa: F401, PLC0415

    litellm.ModelResponse()  # its models are built when first used
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    return litellm


@lru_cache(maxsize=SHAPES_KEPT)
def _shaped(name: str, schema: bytes) -> bytes:
    """Let instructor shape the request for this schema, in its JSON_SCHEMA mode.

    Its clients parse and ask again after a bad answer; its shaping step alone does neither, needs no client
    and depends on nothing but the schema, so each schema passes through it once.
    """
    document = msgspec.json.decode(schema)
    answer = type(name, (BaseModel,), {"model_json_schema": classmethod(lambda _cls, **_: document)})
    import instructor  # noqa: PLC0415
    import instructor.processing  # noqa: PLC0415

    mode = instructor.Mode.JSON_SCHEMA
    _, shaped = instructor.processing.handle_response_model(answer, mode=mode, messages=[])
    shaped["response_format"]["json_schema"]["strict"] = True
    return msgspec.json.encode(shaped["response_format"])


def _plain(reply: Any) -> dict[str, Any]:
    """Take the fields we read out of litellm's objects."""
    choice = reply.choices[0]
    said = choice.message
    beside = getattr(said, "provider_specific_fields", None) or {}
    refusal = getattr(said, "refusal", None) or beside.get("refusal")
    message = {"content": said.content, "refusal": refusal}
    told: Any = getattr(choice, "logprobs", None)
    told = told.model_dump() if hasattr(told, "model_dump") else told
    return {
        "choices": [{"finish_reason": choice.finish_reason, "message": message, "logprobs": told}],
        "model": getattr(reply, "model", None),
        "system_fingerprint": getattr(reply, "system_fingerprint", None),
        "usage": _counted(getattr(reply, "usage", None)),
    }


def _counted(usage: Any) -> dict[str, Any]:
    """Read the provider's counts; litellm puts zeros where there were none, and no prompt has zero tokens."""
    if not getattr(usage, "prompt_tokens", 0):
        return {}
    counts = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    cached = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    return counts | {"prompt_tokens_details": {"cached_tokens": cached}}
