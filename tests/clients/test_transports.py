"""What carries the calls is handed in; one client serves many threads, and another patience shares its connections."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from scriptedserver import SCORE, problem, says, scripted

from judge_client import AsyncJudgeClient, JudgeClient, NoAnswer, Patience, ScoredCase
from judge_client.calls import Call, Reply

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from judge_client.transport import AsyncStreamed, Streamed

VERSION = Reply(200, {"content-type": "application/json"}, b'{"version": "1", "api": 1}')
GOOD = Reply(200, {"content-type": "application/json"}, says(SCORE).body)
BUSY = Reply(503, {"content-type": "application/problem+json"}, problem(503, retryable=True).body)


class Carrier:
    """Answers without a network, and knows what it was asked."""

    def __init__(self, *told: Reply) -> None:
        self.told = [VERSION, *told]
        self.calls: list[Call] = []
        self.closed = False

    def send(self, call: Call, timeout_s: float) -> Reply:
        self.calls.append(call)
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]

    def stream(self, call: Call, silence_s: float) -> AbstractContextManager[Streamed]:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True


class AsyncCarrier:
    """The same, awaited."""

    def __init__(self, *told: Reply) -> None:
        self.inner = Carrier(*told)

    async def send(self, call: Call, timeout_s: float) -> Reply:
        return self.inner.send(call, timeout_s)

    def stream(self, call: Call, silence_s: float) -> AbstractAsyncContextManager[AsyncStreamed]:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.inner.close()


def test_a_client_takes_another_transport_and_closes_it() -> None:
    carrier = Carrier(GOOD)
    with JudgeClient("http://anywhere", transport=carrier, tenant="t") as client:
        assert isinstance(client.score(rubric="r", response="x"), ScoredCase)
    assert carrier.closed
    assert [call.path for call in carrier.calls] == ["/v1/version", "/v1/scores"]
    assert {call.headers["x-tenant"] for call in carrier.calls} == {"t"}


async def test_an_async_client_does_too() -> None:
    carrier = AsyncCarrier(GOOD)
    async with AsyncJudgeClient("http://anywhere", transport=carrier) as client:
        hurried = client.with_patience(Patience(tries=1))
        assert isinstance(await hurried.score(rubric="r", response="x"), ScoredCase)
    assert carrier.inner.closed


def test_another_patience_shares_the_transport_and_what_is_known_of_the_service() -> None:
    carrier = Carrier(GOOD, BUSY)
    naps: list[float] = []
    client = JudgeClient("http://anywhere", transport=carrier, sleep=naps.append, draw=lambda: 1.0)
    client.score(rubric="r", response="x")
    hurried = client.with_patience(Patience(tries=3, first_pause_s=1, longest_pause_s=1.5))
    with pytest.raises(NoAnswer):
        hurried.score(rubric="r", response="x")
    assert naps == [1.0, 1.5]
    assert [call.path for call in carrier.calls] == ["/v1/version", *["/v1/scores"] * 4]


def test_the_pause_is_drawn_from_nothing_up() -> None:
    naps: list[float] = []
    draws = iter([0.0, 0.5, 0.25])
    client = JudgeClient(
        "http://anywhere",
        transport=Carrier(BUSY),
        sleep=naps.append,
        draw=lambda: next(draws),
        patience=Patience(tries=4),
    )
    with pytest.raises(NoAnswer):
        client.score(rubric="r", response="x")
    assert naps == [0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    "fields", [{"tries": 0}, {"deadline_s": 0}, {"first_pause_s": -1}, {"longest_pause_s": 0}]
)
def test_a_patience_that_is_none_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="patience"):
        Patience(**fields)  # type: ignore[arg-type]  # a test of numbers


async def test_many_threads_ask_for_the_version_once() -> None:
    import asyncio

    async with scripted(says(SCORE)) as (server, url):
        with JudgeClient(url) as client:
            start = threading.Barrier(6)

            def ask() -> bool:
                start.wait()
                return isinstance(client.score(rubric="r", response="x"), ScoredCase)

            assert all(await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(6))))
    assert server.asked_version == 1
    assert len(server.heard) == 6
