"""Every operation on a study by name: the one seam that the service and the command line call."""

from judge_calibration.operations.registry import NAMES, needs_study, run

__all__ = ["NAMES", "needs_study", "run"]
