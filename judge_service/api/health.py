"""Liveness, readiness and figures."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from judge_service.api.state import Ping, TheObservation  # noqa: TC001  FastAPI reads it
from judge_service.errors import JudgeServiceError

router = APIRouter(tags=["operations"])
_PING_S = 1.0


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether requests should be sent here."""

    status: Literal["ready", "waiting", "draining"] = Field(
        description="`waiting`: a part is away that nothing can be done without."
    )
    degraded: list[str] = Field(
        default_factory=list, description="Parts that are away; scores are served without them."
    )


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Liveness:
    """Answers as long as the event loop turns; asks nothing else."""
    return Liveness()


@router.get("/readyz", summary="Should requests be sent here?", responses={503: {"model": Readiness}})
async def readyz(request: Request, response: Response) -> Readiness:
    """Ready once rubrics and judges are loaded, until it drains.

    A store that is away only degrades a server, which scores without it; a worker waits for it.
    """
    away = await asyncio.gather(*(_is_away(ping) for ping in request.state.pings.values()))
    degraded = [name for name, gone in zip(request.state.pings, away, strict=True) if gone]
    if request.state.draining():
        response.status_code = 503
        return Readiness(status="draining", degraded=degraded)
    if request.state.needs.intersection(degraded):
        response.status_code = 503
        return Readiness(status="waiting", degraded=degraded)
    return Readiness(status="ready", degraded=degraded)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(observation: TheObservation) -> Response:
    """Counts and seconds in Prometheus' text format; no text of any case is in them."""
    return Response(observation.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _is_away(ping: Ping) -> bool:
    try:
        async with asyncio.timeout(_PING_S):
            await ping()
    except (JudgeServiceError, TimeoutError):
        return True
    return False
