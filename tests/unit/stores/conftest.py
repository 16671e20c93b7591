"""What the tests of stores share: a line to Redis that misbehaves on command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faultproxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[FaultProxy]:
    port = int(redis_url.rpartition(":")[2].partition("/")[0])
    async with FaultProxy(port, delay_s=0.2) as proxy:
        yield proxy
