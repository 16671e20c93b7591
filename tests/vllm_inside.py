"""The door to a model in this process, with a stand-in for vLLM behind it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders import a_spec

from judge_service.backends.vllm_engine import VllmEngineBackend
from judge_service.backends.vllm_model import Loading

if TYPE_CHECKING:
    import pytest

PACKAGES = Path(__file__).with_name("packages")
LONGEST = 4096
OPTIONS: dict[str, object] = {"model": "/models/some", "max_model_len": LONGEST, "dtype": "bfloat16"}
WEIGHTS = "0123456789abcdef" * 4


def put_in_place(patch: pytest.MonkeyPatch) -> Any:
    """Make the stand-in importable for one test, as if it were installed; gives it, fresh."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "vllm"]:
        patch.delitem(sys.modules, name)
    patch.syspath_prepend(PACKAGES)
    for name in ("VLLM_ENABLE_V1_MULTIPROCESSING", "VLLM_LOGGING_LEVEL"):
        patch.setenv(name, "here")  # the door sets them where nobody has; this is taken back
    fresh = importlib.import_module("vllm")
    for name in ("vllm", "vllm.sampling_params"):
        patch.setitem(sys.modules, name, importlib.import_module(name))
    return fresh


def a_door(options: dict[str, object] | None = None, **spec: Any) -> VllmEngineBackend:
    return VllmEngineBackend(a_spec(**spec), Loading({**OPTIONS, **(options or {})}, {}, WEIGHTS))
