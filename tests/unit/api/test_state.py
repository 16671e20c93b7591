from __future__ import annotations

import pytest

from judge_service.api.state import remembered
from judge_service.errors import BackendUnavailable


class Judge:
    """Counts its pings, and may be away."""

    def __init__(self) -> None:
        self.pings = 0
        self.away = False

    async def ping(self) -> None:
        self.pings += 1
        if self.away:
            raise BackendUnavailable("away")


async def test_a_judge_is_asked_seldom_and_its_state_is_remembered() -> None:
    judge, now = Judge(), [0.0]
    ping = remembered(judge.ping, seconds=10, clock=lambda: now[0])
    for _ in range(3):
        await ping()
    judge.away = True
    await ping()
    assert judge.pings == 1
    now[0] = 10.0
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            await ping()
    assert judge.pings == 2
    judge.away, now[0] = False, 20.0
    await ping()
    assert judge.pings == 3
