"""A real vLLM on this machine: it must be there, and serves models of random weights."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_server import VENV, Local, up

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both tiny models."""
    home = tmp_path_factory.mktemp("models")
    program = Path(__file__).with_name("tiny_models.py")
    subprocess.run([VENV / "bin" / "python", program, home], check=True, timeout=300)
    return home


@pytest.fixture(scope="session")
def text_server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """The text model, soon full: it works on four cases and lets eight wait."""
    yield from up(models / "text", tmp_path_factory.mktemp("text"), "--at-once", "4")


@pytest.fixture(scope="session")
def vision_server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """The model that sees."""
    yield from up(models / "vision", tmp_path_factory.mktemp("vision"))
