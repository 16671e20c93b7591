"""The one place where a store's address becomes a ledger of jobs and a shelf of files."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from judge_service.errors import ConfigurationError
from judge_service.jobs.base import LEASE_S
from judge_service.jobs.sqlite import SqliteJobs
from judge_service.jobs.sqlite_shelf import SqliteShelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.jobs.base import JobBackend
    from judge_service.jobs.shelf import FileShelf

_JOBS = "jobs.sqlite"
_FILES = "files.sqlite"
_OF_REDIS = frozenset({"redis", "rediss", "unix", "redis+sentinel"})
_UNREADABLE = "the Redis address cannot be read: redis://user:password@host:6379/0"


@asynccontextmanager
async def open_jobs(
    store_url: str, *, prefix: str = "js", lease_s: float = LEASE_S
) -> AsyncIterator[JobBackend]:
    """Open the ledger that belongs to a store, and close it at the end.

    `memory://` lives in this process; beside a file store it is `jobs.sqlite` in the same folder, or NAME-jobs.sqlite
    beside NAME.sqlite; with `redis://`, `rediss://`, `unix://` or `redis+sentinel://` it is there, under keys
    that are never evicted, and Redis may be down now.
    """
    jobs = await _jobs_at(store_url, prefix, lease_s)
    try:
        yield jobs
    finally:
        await jobs.aclose()


async def _jobs_at(store_url: str, prefix: str, lease_s: float) -> JobBackend:
    scheme = store_url.partition("://")[0]
    if scheme == "memory":
        return SqliteJobs(None)
    if scheme in _OF_REDIS:
        return _redis_jobs(store_url, prefix, lease_s)
    jobs = SqliteJobs(_beside(store_url, _JOBS), lease_s=lease_s)
    await jobs.open_file()
    return jobs


def _redis_jobs(url: str, prefix: str, lease_s: float) -> JobBackend:
    from judge_service.jobs.redis import RedisJobs  # noqa: PLC0415 (only those who use Redis load it)

    try:
        return RedisJobs(url, prefix=prefix, lease_s=lease_s)
    except (ValueError, TypeError) as exc:
        raise ConfigurationError(_UNREADABLE) from exc


@asynccontextmanager
async def open_shelf(store_url: str, *, prefix: str = "js") -> AsyncIterator[FileShelf]:
    """Open the shelf that belongs to a store, and close it at the end.

    It lies where the ledger lies, in a file of its own: `files.sqlite`, or NAME-files.sqlite beside NAME.sqlite.
    """
    shelf = await _shelf_at(store_url, prefix)
    try:
        yield shelf
    finally:
        await shelf.aclose()


async def _shelf_at(store_url: str, prefix: str) -> FileShelf:
    scheme = store_url.partition("://")[0]
    if scheme == "memory":
        return SqliteShelf(None)
    if scheme in _OF_REDIS:
        return _redis_shelf(store_url, prefix)
    shelf = SqliteShelf(_beside(store_url, _FILES))
    await shelf.open_file()
    return shelf


def _redis_shelf(url: str, prefix: str) -> FileShelf:
    from judge_service.jobs.redis_shelf import RedisShelf  # noqa: PLC0415 (only those who use Redis load it)

    try:
        return RedisShelf(url, prefix=prefix)
    except (ValueError, TypeError) as exc:
        raise ConfigurationError(_UNREADABLE) from exc


def _beside(store_url: str, name: str) -> Path:
    store = Path(unquote(store_url.removeprefix("file://")))
    return store.with_name(f"{store.stem}-{name}") if store.suffix else store / name
