"""A ledger in a file, whose time tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jobwork import Clock, a_file_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from judge_service.jobs.sqlite import SqliteJobs


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def jobs(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteJobs]:
    async with a_file_ledger(tmp_path, clock) as ledger:
        yield ledger
