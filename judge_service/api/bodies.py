"""Reads a request's body: which kinds are taken, and what it holds as a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from judge_service.errors import MediaTypeRejected
from judge_service.strict_json import loads, validated

if TYPE_CHECKING:
    from starlette.requests import Request

M = TypeVar("M", bound=BaseModel)

JSON = "application/json"


def media_type(request: Request) -> str:
    """What the body is declared as; JSON dialects count as JSON."""
    declared = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    return JSON if declared.endswith("+json") else declared


async def read_raw(request: Request) -> bytes:
    """The body as it came; `BodyTooLarge`, and `MediaTypeRejected` for a compressed one."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRejected("send the body uncompressed")
    return await request.body()


async def read_json(request: Request) -> bytes:
    """The body, which is declared as JSON."""
    if media_type(request) != JSON:
        raise MediaTypeRejected(f"send the body as {JSON}")
    return await read_raw(request)


async def read_body(request: Request, model: type[M]) -> M:
    """The body as a model; raises `BodyRejected`, which quotes nothing of it."""
    return validated(loads(await read_json(request)), model)
