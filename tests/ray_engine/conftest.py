"""A home for each test, of which nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ray_scoring import Home, a_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A folder, and a Ray's own."""
    with a_home(tmp_path) as made:
        yield made
