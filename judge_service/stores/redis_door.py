"""The door to Redis: clients for its addresses, calls that end in time, failures as `StoreError`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis import ConnectionPool as BlockedPool
from redis import Redis as BlockedRedis
from redis import sentinel as blocked_sentinel
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.retry import Retry as BlockedRetry

from judge_service.errors import StoreError
from judge_service.stores.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

_CONNECT_S = 2.0
_ASK_S = 0.5  # a sentinel; then the next one is asked
_SENTINEL = "redis+sentinel"
_SENTINEL_PORT = 26379
_SENTINEL_OPTIONS = {"sentinel_username": "username", "sentinel_password": "password"}


class _Sentinels(Sentinel):
    """Asks one sentinel after another; one that is silent is asked last the next time.

    Who asks may have less patience than the first sentinel has time: it must not meet that one every time. One
    asks at a time, for the library loses sentinels where two reorder its list at once.
    """

    def __init__(self, hosts: list[tuple[str, int]], asking: dict[str, Any]) -> None:
        super().__init__(hosts, sentinel_kwargs={**asking, "retry": Retry(NoBackoff(), 0)})  # type: ignore[no-untyped-call]  # the library's
        self._turn = asyncio.Lock()

    async def discover_master(self, service_name: str) -> Any:
        """Give the master's host and port."""
        async with self._turn:
            first = self.sentinels[0]
            try:
                return await super().discover_master(service_name)
            except BaseException:
                if self.sentinels[0] is first:
                    self.sentinels.append(self.sentinels.pop(0))
                raise


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whom the sentinels call the master; who finds none free waits for one."""

    async def aclose(self) -> None:
        """Close those to the sentinels as well."""
        try:
            await super().aclose()
        finally:
            await self.sentinel_manager.aclose()


def async_client(url: str, connections: int, backstop_s: float) -> Redis:
    """Make a client without calling anybody; a bad address is a ValueError or a TypeError.

    `backstop_s` is for what has no limit of its own; every call should have a shorter one (`answered`).
    """
    options = {
        "max_connections": connections,
        "timeout": backstop_s,
        "socket_timeout": backstop_s,
        "socket_connect_timeout": _CONNECT_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if url.startswith(f"{_SENTINEL}://"):
        named = _SentinelAddress(url)
        pool_of: Any = _SentinelPool  # untyped in the library
        asked = _Sentinels(named.hosts, named.asking)
        return Redis.from_pool(pool_of(named.master, asked, **named.account, **options))
    pool = BlockingConnectionPool.from_url(url, **options)
    # An option that does not exist shows here, where nothing is connected yet, and not at work.
    pool.connection_class(**pool.connection_kwargs)
    return Redis.from_pool(pool)


def blocked_client(url: str, backstop_s: float) -> BlockedRedis:
    """Make a client for one thread that blocks, at most `backstop_s` for each answer."""
    options: dict[str, Any] = {
        "socket_timeout": backstop_s,
        "socket_connect_timeout": _CONNECT_S,
        "retry": BlockedRetry(NoBackoff(), 0),
        "protocol": 2,
    }
    if url.startswith(f"{_SENTINEL}://"):
        named = _SentinelAddress(url)
        library: Any = blocked_sentinel
        asking = {**named.asking, "retry": BlockedRetry(NoBackoff(), 0)}
        asked = library.Sentinel(named.hosts, sentinel_kwargs=asking)
        pool = library.SentinelConnectionPool(named.master, asked, **named.account, **options)
        return BlockedRedis.from_pool(pool)
    return BlockedRedis.from_pool(BlockedPool.from_url(url, **options))


class _SentinelAddress:
    """`redis+sentinel://user:password@host:port,host:port/master-name/db`, read; ValueError where it is none.

    The account is that of the master. Sentinels that ask for one of their own get `?sentinel_username=` and
    `sentinel_password=`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        account, _, hosts = parts.netloc.rpartition("@")
        user, _, password = account.partition(":")
        master, _, database = parts.path.strip("/").partition("/")
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        if not master or not hosts or options.keys() - _SENTINEL_OPTIONS:
            message = "the address of sentinels must name them, their master, and nothing unknown"
            raise ValueError(message)
        self.hosts = [_host(one) for one in hosts.split(",")]
        self.master = unquote(master)
        self.account: dict[str, Any] = {
            "db": int(database or 0),
            "username": unquote(user) or None,
            "password": unquote(password) or None,
        }
        self.asking: dict[str, Any] = {
            "socket_timeout": _ASK_S,
            "socket_connect_timeout": _ASK_S,
            "protocol": 2,
            **{_SENTINEL_OPTIONS[name]: value for name, value in options.items()},
        }


def _host(one: str) -> tuple[str, int]:
    parts = urlsplit(f"//{one}")
    if not parts.hostname:
        message = "a sentinel without a host"
        raise ValueError(message)
    return parts.hostname, parts.port or _SENTINEL_PORT


async def answered(
    name: str, client: Redis, command: Callable[[Redis], Awaitable[Any]], within_s: float
) -> Any:
    """Wait for an answer, so long and no longer; whatever goes wrong is a `StoreError`."""
    with heard_when_cancelled():
        try:
            async with Patience(within_s):
                return await command(client)
        except ReadOnlyError as exc:
            # After a failover these connections lead to a replica: new ones ask for the address again.
            await client.connection_pool.disconnect(inuse_connections=False)
            raise failure(name, exc) from exc
        except (RedisError, OSError, TimeoutError, UnicodeError) as exc:
            raise failure(name, exc) from exc


@contextlib.contextmanager
def heard_when_cancelled() -> Iterator[None]:
    """Let no cancellation be lost: the library sends under `asyncio.wait_for`, which loses some before 3.12.

    It gives the answer where that came at the same moment; whoever cancelled then waits for a task that goes on.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def answered_blocked(name: str, client: BlockedRedis, command: Callable[[BlockedRedis], Any]) -> Any:
    """Do the same in a thread that waits."""
    try:
        return command(client)
    except (RedisError, OSError, TimeoutError, UnicodeError) as exc:
        if isinstance(exc, ReadOnlyError):
            client.connection_pool.disconnect()
        raise failure(name, exc) from exc


async def memory_rules(client: Redis) -> Mapping[str, Any]:
    """What the server tells of its memory; nothing where it may not."""
    try:
        told: Mapping[str, Any] = await client.info("memory")
    except ResponseError:
        return {}
    return told


async def replicas_of(client: Redis) -> int:
    """How many replicas follow the server; none where it may not say."""
    try:
        told = await client.info("replication")
    except ResponseError:
        return 0
    return int(told.get("connected_slaves", 0))


async def close(client: Redis) -> None:
    """Close a client's connections, whatever state they are in."""
    with contextlib.suppress(RedisError, OSError):
        await client.aclose(close_connection_pool=True)


def failure(name: str, exc: BaseException) -> StoreError:
    """Say which call failed and how, without what the server quotes."""
    return StoreError(f"redis failed to {name}: {type(exc).__name__}")


def ms(seconds: float) -> int:
    """Whole milliseconds, at least one."""
    return max(1, round(seconds * 1000))
