"""What the routes may use; built and closed in one place, `main`."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, TypedDict

from fastapi import Depends, Request

from judge_service.errors import JudgeServiceError
from judge_service.jobs.desk import JobDesk
from judge_service.jobs.file_desk import FileDesk
from judge_service.observation import Observation
from judge_service.scoring.looking import Looker
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk

Ping = Callable[[], Awaitable[None]]
REMEMBERED_S = 10.0


def remembered(
    ping: Ping, seconds: float = REMEMBERED_S, clock: Callable[[], float] = time.monotonic
) -> Ping:
    """A ping that asks at most once in so many seconds: probes come often, and may cost a judge's quota."""
    until, trouble = -math.inf, None

    async def asked_seldom() -> None:
        nonlocal until, trouble
        if clock() >= until:
            trouble = None
            try:
                await ping()
            except JudgeServiceError as exc:
                trouble = exc
            until = clock() + seconds
        if trouble is not None:
            raise trouble

    return asked_seldom


class State(TypedDict):
    """Yielded by the application's lifespan; every request carries it."""

    scorer: Scorer
    looker: Looker
    desk: Desk
    observation: Observation
    pings: Mapping[str, Ping]  # name → raises when that part cannot be reached
    draining: Callable[[], bool]


class Serving(State):
    """What the lifespan of a whole application yields."""

    jobs: JobDesk
    files: FileDesk
    needs: frozenset[str]  # parts without which it is not ready; without the others it is only degraded


# Coroutines, for the framework runs plain functions in a thread, at three times the cost of the request.
async def _scorer(request: Request) -> Scorer:
    scorer: Scorer = request.state.scorer
    return scorer


async def _looker(request: Request) -> Looker:
    looker: Looker = request.state.looker
    return looker


async def _jobs(request: Request) -> JobDesk:
    jobs: JobDesk = request.state.jobs
    return jobs


async def _files(request: Request) -> FileDesk:
    files: FileDesk = request.state.files
    return files


async def _observation(request: Request) -> Observation:
    observation: Observation = request.state.observation
    return observation


TheScorer = Annotated[Scorer, Depends(_scorer)]
TheLooker = Annotated[Looker, Depends(_looker)]
TheJobs = Annotated[JobDesk, Depends(_jobs)]
TheFiles = Annotated[FileDesk, Depends(_files)]
TheObservation = Annotated[Observation, Depends(_observation)]
