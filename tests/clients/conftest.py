"""The two clients, before the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bothclients import KINDS, Either, either
from serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def client(kind: str) -> AsyncIterator[Either]:
    """A client of a service with the embedded judge, one that is scripted, and one that nobody answers for."""
    away = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "away", "max_attempts": 1}
    judges: dict[str, dict[str, Any]] = {
        "default": {"kind": "embedded"},
        "scripted": {"kind": "scripted"},
        "away": away,
    }
    async with serving(judges) as service, either(kind, service.url) as client:
        yield client
