"""Tests on data that lie beside the repository; where they do not, there is nothing to run."""

from __future__ import annotations

from pathlib import Path

SHARED = Path(__file__).parents[3] / "shared"

collect_ignore_glob = [] if SHARED.is_dir() else ["test_*.py"]
