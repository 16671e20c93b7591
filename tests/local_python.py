"""Runs our code with the Python that has vLLM: its own libraries come first, and what it lacks comes from ours."""

from __future__ import annotations

import json
import sys

from builders import REPOSITORY
from local_server import VENV

_OURS = [str(REPOSITORY), str(REPOSITORY / "calibration"), str(REPOSITORY / "tests")]
_LIBRARIES = [path for path in sys.path if path.endswith("site-packages")]
_START = f"import sys; sys.path[:0] = {json.dumps(_OURS)}; sys.path += {json.dumps(_LIBRARIES)}"


def inside(code: str, *words: str) -> list[str]:
    """The command that runs a line of Python there with these words as its arguments."""
    return [str(VENV / "bin" / "python"), "-c", f"{_START}; {code}", *words]


def judge_service(*words: str) -> list[str]:
    """`judge-service` there, where vLLM can be imported."""
    return inside("from judge_service.cli import run; sys.argv[0] = 'judge-service'; run()", *words)
