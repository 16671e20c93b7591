"""What a scorer answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class AssessmentSource:
    """Who says it."""

    source_type: str
    source_id: str


@dataclass
class AssessmentError:
    """Why there is no value."""

    error_code: str
    error_message: str


@dataclass
class Feedback:
    """A value, or an error."""

    name: str
    source: AssessmentSource
    value: float | None = None
    error: AssessmentError | None = None
    rationale: str | None = None
    metadata: dict[str, Any] | None = None
