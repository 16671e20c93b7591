"""Stands in for datasets: rows in a list."""

from __future__ import annotations

from typing import Any


class Dataset:
    """Keeps rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    @classmethod
    def from_list(cls, rows: list[dict[str, Any]]) -> Dataset:
        return cls(rows)
