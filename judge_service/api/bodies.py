"""Reads a request's body as a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from judge_service.errors import MediaTypeRejected
from judge_service.strict_json import loads, validated

if TYPE_CHECKING:
    from starlette.requests import Request

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, model: type[M]) -> M:
    """The request's body as a model; raises `BodyRejected`, which quotes nothing of it."""
    declared = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if declared != "application/json" and not declared.endswith("+json"):
        raise MediaTypeRejected("send the body as application/json")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRejected("send the body uncompressed")
    return validated(loads(await request.body()), model)
