"""Runs the HTTP server and drains it: after a signal it is not ready any more and finishes what it has."""

from __future__ import annotations

import gc
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import uvicorn

from judge_service.errors import ConfigurationError
from judge_service.logs import set_up_logs
from judge_service.main import create_app, open_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import FrameType

    from fastapi import FastAPI

    from judge_service.api.state import State
    from judge_service.main import OpenState
    from judge_service.observation import Observation
    from judge_service.settings import Settings

# How long it still listens after SIGTERM: whoever spreads the requests shall hear that it is not ready.
NOTICE_S = 1.0
# Longer than a proxy leaves a connection idle (60 s with most): else it sends a request on one that we just close.
KEEP_ALIVE_S = 75
GC_THRESHOLD = 50_000


def serve(settings: Settings, host: str, port: int, *, create: Create = create_app) -> None:
    """Serve until a signal says otherwise; raises `ConfigurationError` when it cannot start as configured.

    `create` makes the application: of a server, or of a worker.
    """
    set_up_logs(settings.log_level)
    mistakes: list[ConfigurationError] = []

    @asynccontextmanager
    async def opened(settings: Settings, observation: Observation) -> AsyncIterator[State]:
        try:
            async with open_state(settings, observation) as state:
                yield state
        except ConfigurationError as exc:
            mistakes.append(exc)  # the server would only log that it could not start
            raise

    def draining() -> bool:
        return server.draining

    config = uvicorn.Config(
        create(settings, opened, draining=draining),
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # addresses may carry what a caller put into them; /metrics counts the answers
        timeout_graceful_shutdown=settings.drain_s,
        timeout_keep_alive=KEEP_ALIVE_S,
        server_header=False,
        proxy_headers=False,  # nothing here looks at who asks
    )
    # A request leaves hundreds of short-lived objects and no cycles; at Python's default of 700 the search
    # for cycles takes a fifth of the time of a cold score (benchmarks/cold_scores.py).
    gc.set_threshold(GC_THRESHOLD)
    server = _Server(config)
    try:
        server.run()
    except SystemExit:
        if mistakes:
            raise mistakes[0] from None
        raise


class Create(Protocol):
    """Makes an application of settings."""

    def __call__(
        self, settings: Settings, open_state: OpenState, draining: Callable[[], bool]
    ) -> FastAPI: ...


class _Server(uvicorn.Server):
    """Says for a moment that it drains before it stops listening; uvicorn alone stops listening at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stops_at: float | None = None

    @property
    def draining(self) -> bool:
        return self.should_exit or self._stops_at is not None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._stops_at is None:
            self._stops_at = time.monotonic() + NOTICE_S
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._stops_at is not None and time.monotonic() >= self._stops_at:
            self.should_exit = True
        return await super().on_tick(counter)
