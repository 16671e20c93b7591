"""What every test may use: a loopback-only world, and a real Redis of its own."""

from __future__ import annotations

import os

from redis_server import redis_url

__all__ = ["redis_url"]

# What needs vLLM or Ray is a target of its own (make test-local, make test-ray): gigabytes, and minutes of two cores.
_APART = {"local": "JUDGE_SERVICE_TEST_LOCAL", "ray_engine": "JUDGE_SERVICE_TEST_RAY"}
collect_ignore = [folder for folder, named in _APART.items() if not os.environ.get(named)]
