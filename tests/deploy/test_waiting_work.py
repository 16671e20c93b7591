"""What the workers' scaler reads of a stream, asked of a real Redis: work that waits, and work in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from deploy.checks import GROUP
from redis import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

Figures = tuple[int | None, int]


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def stream(redis: Redis) -> Iterator[str]:
    name = f"test:{uuid4()}"
    redis.xgroup_create(name, GROUP, id="0", mkstream=True)
    for _ in range(6):
        redis.xadd(name, {"chunk": "1"})
    yield name
    redis.delete(name)


def figures(redis: Redis, stream: str) -> Figures:
    # Both as KEDA reads them; the client's own types cannot tell which answer belongs to which protocol.
    groups: Any = redis.xinfo_groups(stream)
    return groups[0]["lag"], groups[0]["pending"]


def take(redis: Redis, stream: str, count: int) -> list[bytes]:
    answer: Any = redis.xreadgroup(GROUP, "one", {stream: ">"}, count=count)
    return [entry for entry, _ in answer[0][1]]


def test_what_is_taken_waits_no_more_and_is_in_hand(redis: Redis, stream: str) -> None:
    assert figures(redis, stream) == (6, 0)
    take(redis, stream, 2)
    assert figures(redis, stream) == (4, 2)
    take(redis, stream, 4)
    # Nothing waits, and nothing is finished: the lag alone would send every worker home, the sum does not.
    assert figures(redis, stream) == (0, 6)


def test_what_is_finished_and_deleted_leaves_the_count_right(redis: Redis, stream: str) -> None:
    taken = take(redis, stream, 3)
    redis.xack(stream, GROUP, *taken)
    redis.xdel(stream, *taken)
    assert figures(redis, stream) == (3, 0)


def test_what_is_deleted_while_it_waits_leaves_the_count_unknown_until_it_is_passed(
    redis: Redis, stream: str
) -> None:
    take(redis, stream, 1)
    entries: Any = redis.xrange(stream)
    redis.xdel(stream, entries[3][0])
    assert figures(redis, stream) == (None, 1)
    take(redis, stream, 4)
    assert figures(redis, stream) == (0, 5)
