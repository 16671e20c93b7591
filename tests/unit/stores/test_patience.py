"""A limit that ends a wait for nothing, and spares one whose answer is there."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from judge_service.stores.patience import Patience

pytestmark = pytest.mark.clocked


def hold_up_the_loop(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_what_hangs_is_cut_off_in_time() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with Patience(0.1):
            await asyncio.sleep(60)
    assert 0.09 < time.monotonic() - began < 0.4


async def answer_while_the_loop_is_busy() -> bytes:
    """Wait for a byte that arrives after 50 ms, on a loop that looks at its sockets again after 300 ms."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    sender = threading.Timer(0.05, theirs.send, (b"x",))
    sender.start()
    loop.call_later(0.01, hold_up_the_loop, 0.3)
    try:
        return await loop.sock_recv(ours, 1)
    finally:
        sender.join()
        ours.close()
        theirs.close()


async def test_an_answer_that_came_while_the_loop_was_busy_counts() -> None:
    async with Patience(0.1):
        assert await answer_while_the_loop_is_busy() == b"x"


async def test_the_plain_limit_would_have_missed_that_answer() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await answer_while_the_loop_is_busy()


async def test_an_answer_in_three_steps_on_a_busy_loop_counts() -> None:
    async with Patience(0.1):
        for _ in range(3):
            hold_up_the_loop(0.12)
            await asyncio.sleep(0)


async def test_the_limit_ends_with_its_block() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with Patience(0.02):
        pass
    await asyncio.sleep(0.06)
    assert not complaints


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def wait() -> None:
        async with Patience(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()


async def test_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        async with Patience(1):
            raise ZeroDivisionError
