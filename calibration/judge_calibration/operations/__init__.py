"""Every operation on a study by name: the one seam that the service and the command line call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_calibration.operations.registry import NAMES, run

if TYPE_CHECKING:
    pass

__all__ = ["NAMES", "run"]
