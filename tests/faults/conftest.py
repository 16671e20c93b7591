"""What the fault scenarios share: an engine to run them on, and a line of numbers at their end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from faults.fleet import Engine, Fleet, file_engine, redis_engine, stub_judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from faults.fleet import Stub


@pytest.fixture(params=["file", "redis"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Where jobs are kept: a file, or a Redis that may die and come back."""
    with (file_engine if request.param == "file" else redis_engine)(tmp_path) as one:
        yield one


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Engine]:
    with redis_engine(tmp_path) as one:
        yield one


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_judge() as judge:
        yield judge


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path) as one:
        yield one


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Prints what was measured, in one line."""

    def tell(**figures: object) -> None:
        shown = ", ".join(
            f"{name.replace('_', ' ')} {f'{value:.2f}' if isinstance(value, float) else value}"
            for name, value in figures.items()
        )
        sys.stdout.write(f"\n  {request.node.name}: {shown}\n")

    return tell
