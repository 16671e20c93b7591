"""The report as one HTML page: first for physicians, then for statisticians; no script, nothing fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def page(report: Mapping[str, Any]) -> str:
    """A report's plain data as a page."""
    from judge_calibration.page.whole import whole_page  # noqa: PLC0415  figures are loaded when one is drawn

    return whole_page(report)
