"""What every test may use: a loopback-only world, and a real Redis of its own."""

from __future__ import annotations

import os

from redis_server import redis_url

__all__ = ["redis_url"]

# What needs vLLM, Ray or other programs, or kills real processes for a quarter of an hour, is a target of its own.
_APART = {
    "local": "JUDGE_SERVICE_TEST_LOCAL",
    "ray_engine": "JUDGE_SERVICE_TEST_RAY",
    "faults": "JUDGE_SERVICE_TEST_FAULTS",
    "hooks": "JUDGE_SERVICE_TEST_HOOKS",
}
collect_ignore = [folder for folder, named in _APART.items() if not os.environ.get(named)]
