"""A service with the embedded judge, and one whose judge is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hookguide import awaited

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from awaited(tmp_path_factory.mktemp("service"), away=False)


@pytest.fixture  # for each test: a service leaves a judge alone that was away just now, and the next would wait
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from awaited(tmp_path_factory.mktemp("away"), away=True)
