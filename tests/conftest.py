"""What every test may use: a loopback-only world, and a real Redis of its own."""

from __future__ import annotations

import os

from redis_server import redis_url

__all__ = ["redis_url"]

# What needs vLLM is a target of its own (make test-local): gigabytes, and minutes of two cores.
collect_ignore = [] if os.environ.get("JUDGE_SERVICE_TEST_LOCAL") else ["local"]
# What kills real processes takes a quarter of an hour: a target as well (make test-faults).
collect_ignore += [] if os.environ.get("JUDGE_SERVICE_TEST_FAULTS") else ["faults"]
