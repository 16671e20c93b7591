"""Validates an LLM judge against several physicians, and corrects it. Needs numpy and scipy, and no service.

Names are looked up when they are used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from judge_calibration.version import VERSION as __version__  # noqa: N811  the name every package has

if TYPE_CHECKING:
    from judge_calibration.comparison.judges import compare as compare
    from judge_calibration.ingest import read_study as read_study
    from judge_calibration.ingest import study_from as study_from
    from judge_calibration.ingest import study_from_text as study_from_text
    from judge_calibration.reporting.document import report as report

_HOMES = {
    "compare": "judge_calibration.comparison.judges",
    "read_study": "judge_calibration.ingest",
    "report": "judge_calibration.reporting.document",
    "study_from": "judge_calibration.ingest",
    "study_from_text": "judge_calibration.ingest",
}

__all__ = ["__version__", "compare", "read_study", "report", "study_from", "study_from_text"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
