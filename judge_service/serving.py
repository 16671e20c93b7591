"""Runs the HTTP server and drains it: after a signal it is not ready any more and finishes what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from judge_service.logs import set_up_logs
from judge_service.main import create_app

if TYPE_CHECKING:
    from judge_service.settings import Settings


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal says otherwise."""
    set_up_logs(settings.log_level)

    def draining() -> bool:
        return server.should_exit

    config = uvicorn.Config(
        create_app(settings, draining=draining),
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # addresses may carry what a caller put into them; /metrics counts the answers
        timeout_graceful_shutdown=settings.drain_s,
        server_header=False,
    )
    server = uvicorn.Server(config)
    server.run()
