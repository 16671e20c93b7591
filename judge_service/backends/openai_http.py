"""The lean door: any OpenAI-compatible server over one long-lived HTTP session."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec

from judge_service.backends.http_faults import error_of_status
from judge_service.backends.openai_wire import completion_of, request_body
from judge_service.errors import BackendBroken, BackendRejected, BackendTimeout, BackendUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.backends.base import Completion, Prompt
    from judge_service.domain.judge import JudgeSpec

REPLY_CAP: Final = 8 * 1024 * 1024
ERROR_CAP: Final = 64 * 1024
PIECEWISE: Final = 512 * 1024
PING_TIMEOUT_S: Final = 5.0
# Below the 5 s after which uvicorn, hence vLLM, closes an idle connection: a request sent just then is lost.
KEEPALIVE_S: Final = 4.0
OK: Final = 200


class OpenAIBackend:
    """Asks one model behind `{base_url}/chat/completions`."""

    def __init__(self, spec: JudgeSpec, api_key: str | None) -> None:
        self._spec = spec
        self._name = str(spec.model)
        base_url = str(spec.base_url).rstrip("/")
        self._chat_url = f"{base_url}/chat/completions"
        self._models_url = f"{base_url}/models"
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Post one chat completion and read the reply within the time given."""
        reply = await self._ask(request_body(self._spec, prompt), timeout_s)
        try:
            return completion_of(msgspec.json.decode(reply), self._spec, prompt)
        except (ValueError, RecursionError):
            raise BackendBroken(f"judge model {self._name!r} answered 200 without a completion") from None

    async def raw(self, request: Mapping[str, object], *, timeout_s: float) -> object:
        """Post these fields beside the model's name and bring the decoded reply: for probes."""
        reply = await self._ask({"model": self._spec.model, **self._spec.extra_body, **request}, timeout_s)
        try:
            return msgspec.json.decode(reply)
        except (ValueError, RecursionError):
            raise BackendBroken(f"judge model {self._name!r} answered 200 without JSON") from None

    async def ping(self) -> None:
        """Ask for the list of models."""
        await self._exchange("GET", self._models_url, None, PING_TIMEOUT_S)

    async def aclose(self) -> None:
        """Close the session and its connections for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _ask(self, request: dict[str, object], timeout_s: float) -> bytes:
        return await self._exchange("POST", self._chat_url, self._encoded(request), timeout_s)

    def _encoded(self, body: dict[str, object]) -> bytes:
        try:
            return msgspec.json.encode(body)
        except UnicodeEncodeError:
            raise BackendRejected(
                "the prompt holds text that UTF-8 cannot carry", code="bad_request"
            ) from None

    async def _exchange(self, method: str, url: str, body: bytes | None, timeout_s: float) -> bytes:
        """Send one request and return the whole body of a 200; anything else is raised."""
        said = f"judge model {self._name!r}"
        try:
            async with asyncio.timeout(timeout_s):
                return await self._send(method, url, body)
        except TimeoutError:
            raise BackendTimeout(f"{said} took more than {timeout_s:g} s") from None
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError):
            raise BackendBroken(f"{said} sent a reply that is cut or no HTTP") from None
        except (aiohttp.ClientError, OSError):
            raise BackendUnavailable(f"{said} cannot be reached") from None

    async def _send(self, method: str, url: str, body: bytes | None) -> bytes:
        # aiohttp writes large bytes in one go, which holds up the loop; a file it writes piece by piece.
        data = BytesIO(body) if body and len(body) > PIECEWISE else body
        async with self._open().request(method, url, data=data, allow_redirects=False) as response:
            if response.status != OK:
                said = await _explanation(response)
                raise error_of_status(self._name, response.status, response.headers, said)
            reply = await _body(response, REPLY_CAP)
            if len(reply) > REPLY_CAP:
                raise BackendBroken(f"judge model {self._name!r} sent more than {REPLY_CAP} bytes")
            return reply

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise BackendUnavailable(f"the door to judge model {self._name!r} is closed")
        if self._session is None:
            # The caller's gate bounds what is in flight; a second bound here would only hide waiting.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S)
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                trust_env=False,
            )
        return self._session


async def _body(response: aiohttp.ClientResponse, cap: int) -> bytes:
    """Read to the end, or until more than `cap` bytes have come."""
    chunks: list[bytes] = []
    length = 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        length += len(chunk)
        if length > cap:
            break
    return b"".join(chunks)


async def _explanation(response: aiohttp.ClientResponse) -> bytes:
    """Read an error's body; one that is cut explains nothing."""
    try:
        return await _body(response, ERROR_CAP)
    except aiohttp.ClientError:
        return b""
