"""A worker that is ended by a case that says so, as a fault in a native library would end it."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from judge_service.main import create_worker
from judge_service.serving import serve
from judge_service.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI

    from judge_service.api.state import State
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.score import Score
    from judge_service.main import OpenState
    from judge_service.observation import Observation
    from judge_service.scoring.scorer import Scorer
    from judge_service.settings import Settings

DEADLY = "DEADLY"
STARTS = Path(os.environ["STARTS"])


class Mortal:
    """A scorer before which the deadly case ends the process; each time is written down."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    async def score(self, request: ScoreRequest, **how: Any) -> Score:
        """Score, or die."""
        if DEADLY in request.case.response:
            with STARTS.open("a") as starts:
                starts.write("started\n")
            await asyncio.sleep(0.05)  # what was begun beside it is in work by now
            os._exit(139)
        return await self._scorer.score(request, **how)


def create(settings: Settings, open_state: OpenState, draining: Callable[[], bool]) -> FastAPI:
    """A worker's application around a mortal scorer."""

    @asynccontextmanager
    async def opened(settings: Settings, observation: Observation) -> AsyncIterator[State]:
        async with open_state(settings, observation) as state:
            yield cast("State", {**state, "scorer": Mortal(state["scorer"])})

    return create_worker(settings, opened, draining)


if __name__ == "__main__":
    serve(load_settings(), "127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1]), create=create)
