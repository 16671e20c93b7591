"""What Ray is not given, and what is said where there is none. The rest is `make test-ray`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from judge_service.errors import ConfigurationError
from judge_service.files.asking import Order
from judge_service.files.ray_data import check_ray


def test_without_ray_it_says_what_to_install() -> None:
    if importlib.util.find_spec("ray") is not None:
        pytest.skip("Ray is here")
    with pytest.raises(ConfigurationError, match=r"install the extra judge-service\[ray\]"):
        check_ray(Order(Path("in.jsonl"), {}, "medical-qa"))
