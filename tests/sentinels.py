"""A master with its replica, and three sentinels that watch them: real processes on loopback ports."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis_server import started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Awaitable, Callable

NAME = "main"
_SENTINELS = 3
_READY_WITHIN_S = 15.0
_WATCH = """
sentinel monitor {name} 127.0.0.1 {port} 2
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 5000
"""


class Group:
    """Servers under sentinels."""

    def __init__(self, stack: ExitStack, binary: str, folder: Path) -> None:
        self._stack = stack
        self._binary = binary
        self._folder = folder
        self.master, self.master_port = self._server()
        self.replica, self.replica_port = self._server("--replicaof", "127.0.0.1", str(self.master_port))
        self.ports = [self._sentinel(n) for n in range(_SENTINELS)]
        self.url = f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/{NAME}/0"

    def _server(self, *more: str) -> tuple[subprocess.Popen[bytes], int]:
        return self._run(
            [self._binary, "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder), *more]
        )

    def _sentinel(self, n: int) -> int:
        config = self._folder / f"sentinel-{n}.conf"
        config.write_text(_WATCH.format(name=NAME, port=self.master_port))
        return self._run([self._binary, str(config), "--sentinel", "--bind", "127.0.0.1"])[1]

    def _run(self, command: list[str]) -> tuple[subprocess.Popen[bytes], int]:
        process, port = started(command)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process, port

    async def ready(self) -> None:
        """Wait until every sentinel knows the others and the replica, which has what the master has."""
        for port in self.ports:
            await coming(partial(_knows_all, port), _READY_WITHIN_S)
        await coming(self._linked, _READY_WITHIN_S)

    async def _linked(self) -> bool:
        async with Redis(port=self.replica_port) as replica:
            told = await replica.info("replication")
        return bool(told.get("master_link_status") == "up")

    async def replicated(self) -> None:
        """Wait until the replica has all that was written."""
        async with Redis(port=self.master_port) as master:
            await master.set("last", "1")
            assert await master.wait(1, 5000) == 1

    async def part(self) -> None:
        """From here on the replica hears nothing: what the master acknowledges now is lost with it."""
        self.replica.send_signal(signal.SIGSTOP)
        async with Redis(port=self.master_port) as master:
            await master.client_kill_filter(_type="replica")

    def kill_master(self) -> None:
        """kill -9."""
        self.master.kill()
        self.master.wait()
        self.replica.send_signal(signal.SIGCONT)


async def _knows_all(port: int) -> bool:
    try:
        async with Redis(port=port) as sentinel:
            told: Any = await sentinel.sentinel_master(NAME)
    except RedisError:
        return False
    return bool(told["num-slaves"] == 1 and told["num-other-sentinels"] == _SENTINELS - 1)


async def coming(look: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Wait until what must come about has."""
    async with asyncio.timeout(within_s):
        while True:
            if await look():
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def sentinel_group() -> AsyncIterator[Group]:
    """Run a group that is whole."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.fail("no redis-server: install it (apt-get install redis-server)")
    with tempfile.TemporaryDirectory(prefix="test-sentinels-") as folder, ExitStack() as stack:
        group = Group(stack, binary, Path(folder))
        await group.ready()
        yield group
