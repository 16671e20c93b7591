"""Stands in for the module of the same name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class StructuredOutputsParams:
    """The form that an answer must have."""

    json: dict[str, Any] | None = None
    json_object: bool | None = None
