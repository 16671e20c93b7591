"""What a metric is made from."""

from __future__ import annotations


class BaseMetric:
    """The attributes that an evaluation reads."""

    score: float | None = None
    reason: str | None = None
    error: str | None = None
    success: bool | None = None
