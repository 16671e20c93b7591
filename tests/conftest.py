"""What every test may use: a loopback-only world, and a real Redis of its own."""

from __future__ import annotations

from redis_server import redis_url

__all__ = ["redis_url"]
