"""The model under test behind litellm, for providers of any kind. The only module that imports it.

It carries a chat call as the driver's other transport does, and tells what became of it in the same terms: what
comes after it cannot see which one it was.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from judge_client.calls import JSON, Call, Reply
from judge_client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

_GRACE_S: Final = 5.0  # our own clock runs out before litellm's does
_REFUSED, _BROKEN, _LATE = 400, 500, 408
# Names of variables that hold a key, and the length from which a value is none by chance.
_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_SHORTEST_KEY: Final = 6
# Said of itself by a provider, by whichever library litellm speaks to it.
_BUSY: Final = frozenset({429, 503})
# In the chain of causes, by name, so that nothing here imports them: what failed before a request was sent, and an
# answer with a status. All else may have been paid, above all litellm's InternalServerError, which is raised as
# well of a connection that was cut and of an answer that litellm cannot read.
_UNSENT: Final = frozenset({"ConnectionRefusedError", "ClientConnectorError", "ConnectTimeout", "gaierror"})
_ANSWERED: Final = "HTTPStatusError"
# Of a provider whose model broke off: litellm tells them as `stop` and keeps the provider's own word beside.
_BROKE: Final = frozenset({"error", "network_error", "MALFORMED_RESPONSE"})
_CHATTY: Final = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore")


class LiteLLMTransport:
    """Carries chat calls through `litellm.acompletion`: no retries, no cache and no callbacks of litellm's.

    Without an address litellm finds the provider by the model's name, and its key in the environment. To an address
    of the caller's goes only the caller's key.
    """

    def __init__(self, url: str | None, key: str | None) -> None:
        self._key = key
        named = {"api_base": url, "api_key": key or ("none" if url else None)}
        self._fixed = {name: value for name, value in named.items() if value is not None}
        self._litellm: Any = None

    async def send(self, call: Call, timeout_s: float) -> Reply:
        """Ask once, all within the time; raises `Unreachable`."""
        asked = json.loads(call.body if isinstance(call.body, bytes) else b"")
        fixed = {**self._fixed, "num_retries": 0, "max_retries": 0, "timeout": timeout_s + _GRACE_S}
        begun = False
        try:
            async with asyncio.timeout(timeout_s):
                await self._load()
                begun = True
                reply = await self._litellm.acompletion(**{**asked, **fixed})
        except TimeoutError:
            raise Unreachable("the deadline passed before the answer was there", sent=begun) from None
        except Exception as raised:  # noqa: BLE001  litellm lets exceptions of every kind through
            return self._refusal(raised)
        return Reply(200, {"content-type": JSON}, json.dumps(_plain(reply)).encode())

    @asynccontextmanager
    async def stream(self, call: Call, silence_s: float) -> AsyncIterator[_Whole]:
        """The same as a stream of one piece."""
        yield _Whole(await self.send(call, silence_s))

    async def aclose(self) -> None:
        """Close the connections that litellm keeps."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()

    async def _load(self) -> None:
        """Import litellm, in a thread, for it takes seconds."""
        if self._litellm is None:
            self._litellm = await asyncio.to_thread(_litellm)

    def _refusal(self, raised: Exception) -> Reply:
        """The answer that an exception stands for; raises `Unreachable` where there was none."""
        causes = {type(each).__name__ for each in _chain(raised)}
        if causes & _UNSENT:
            raise Unreachable("no connection: is the address right, is it up?", sent=False)
        status = getattr(raised, "status_code", None)
        if not isinstance(status, int) or not _is_told(status, causes):
            raise Unreachable(f"the connection was lost ({type(raised).__name__} of litellm)", sent=True)
        body = json.dumps({"error": {"message": self._words(raised)}}).encode()
        return Reply(status, {"content-type": JSON, **_wait(raised)}, body)

    def _words(self, raised: Exception) -> str:
        """What the provider said, else what litellm did."""
        body = getattr(raised, "body", None)
        said = (body.get("message") if isinstance(body, dict) else None) or getattr(raised, "message", "")
        words = str(said)
        secrets = {self._key, *_keys_at_hand()} if self._key else set(_keys_at_hand())
        for secret in sorted(secrets, key=len, reverse=True):  # one may begin as another does
            words = words.replace(secret, "…")
        return words


def _keys_at_hand() -> Iterator[str]:
    """What litellm may have taken from the environment to show to a provider."""
    for name, value in os.environ.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST_KEY:
            yield value


@dataclass(frozen=True, slots=True)
class _Whole:
    reply: Reply

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.reply.headers

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self.reply.body


def _is_told(status: int, causes: set[str]) -> bool:
    """Whether this is the word of the provider, or litellm's before it asked; else the call was lost on its way."""
    return _ANSWERED in causes or status in _BUSY or (_REFUSED <= status < _BROKEN and status != _LATE)


def _chain(raised: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while raised is not None and id(raised) not in seen:
        seen.add(id(raised))
        yield raised
        raised = raised.__cause__ or raised.__context__


def _wait(raised: Exception) -> dict[str, str]:
    """How long to wait; litellm keeps the provider's headers beside its exception."""
    headers = getattr(raised, "litellm_response_headers", None) or {}
    found = [str(value) for name, value in headers.items() if name.lower() == "retry-after"]
    return {"retry-after": found[0]} if found else {}


def _plain(reply: Any) -> dict[str, Any]:
    """The fields that are read, out of litellm's objects."""
    return {
        "choices": [_choice(choice) for choice in reply.choices[:1]],
        "model": getattr(reply, "model", None),
        "system_fingerprint": getattr(reply, "system_fingerprint", None),
        "usage": _counted(getattr(reply, "usage", None)),
    }


def _choice(choice: Any) -> dict[str, Any]:
    said = choice.message
    beside = getattr(said, "provider_specific_fields", None) or {}
    message = {
        "content": said.content,
        "refusal": getattr(said, "refusal", None) or beside.get("refusal"),
        "reasoning_content": getattr(said, "reasoning_content", None),
        "tool_calls": bool(getattr(said, "tool_calls", None)),
    }
    native = (getattr(choice, "provider_specific_fields", None) or {}).get("native_finish_reason")
    finish = "error" if native in _BROKE else choice.finish_reason
    return {"finish_reason": finish, "message": message}


def _counted(usage: Any) -> dict[str, Any] | None:
    """The provider's counts; litellm puts zeros where nothing was told, and no prompt has zero tokens."""
    if not getattr(usage, "prompt_tokens", 0):
        return None
    return {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}


def _litellm() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else the import fetches a list of prices
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # pydantic quotes the reply in this warning.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
    import litellm  # noqa: PLC0415

    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    return litellm
