"""The one place where a store's address becomes a store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.memory import MemoryStore
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.stores.base import Store

_FILE_NAME = "store.sqlite"
_FILE_SUFFIXES = frozenset({".sqlite", ".sqlite3", ".db"})


@asynccontextmanager
async def open_store(url: str, *, prefix: str = "js") -> AsyncIterator[Store]:
    """Open the store an address names and close it at the end.

    `memory://` lives in this process; `file:///folder` keeps `store.sqlite` in that folder, and
    `file:///folder/name.sqlite` (or .sqlite3, .db) that very file; `redis://`, `rediss://` and `unix://` are
    Redis, which may be down now; `redis+sentinel://user:password@host:26379,host:26379/master-name/0` is
    whichever Redis these sentinels call the master. A bad address, or a file that cannot be had, is a
    `ConfigurationError`.
    """
    store = await _store_at(url, prefix)
    try:
        yield store
    finally:
        await store.aclose()


async def _store_at(url: str, prefix: str) -> Store:
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme == "memory":
        return MemoryStore()
    if scheme == "file":
        return await _file_store(url)
    if scheme in {"redis", "rediss", "unix", "redis+sentinel"}:
        return _redis_store(url, prefix)
    # The address is not quoted: it may hold a password.
    message = (
        "the store's address must begin with memory://, file:///, redis(s)://, redis+sentinel:// or unix://"
    )
    raise ConfigurationError(message)


async def _file_store(url: str) -> FileStore:
    path = Path(unquote(url.removeprefix("file://")))
    if not path.is_absolute() or path == Path("/") or "\0" in str(path):
        message = "a file store needs an absolute path with three slashes: file:///var/lib/judge-service"
        raise ConfigurationError(message)
    store = FileStore(path if path.suffix in _FILE_SUFFIXES else path / _FILE_NAME)
    try:
        await store.open()
    except StoreError as exc:
        await store.aclose()
        message = f"the file store at {path} cannot be opened: {type(exc.__cause__).__name__}"
        raise ConfigurationError(message) from exc
    return store


def _redis_store(url: str, prefix: str) -> Store:
    from judge_service.stores.redis import RedisStore  # noqa: PLC0415 (only those who use Redis load it)

    try:
        return RedisStore.at(url, prefix=prefix)
    except (ValueError, TypeError) as exc:
        message = "the Redis address cannot be read: redis://user:password@host:6379/0"
        raise ConfigurationError(message) from exc
