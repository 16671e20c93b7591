"""The one place where a store's address becomes a ledger of jobs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from judge_service.errors import ConfigurationError
from judge_service.jobs.base import LEASE_S
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.jobs.base import JobBackend

_FILE_NAME = "jobs.sqlite"


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
    if scheme in {"redis", "rediss", "unix", "redis+sentinel"}:
        return _redis_jobs(store_url, prefix, lease_s)
    jobs = SqliteJobs(_beside(Path(unquote(store_url.removeprefix("file://")))), lease_s=lease_s)
    await jobs.open_file()
    return jobs


def _redis_jobs(url: str, prefix: str, lease_s: float) -> JobBackend:
    from judge_service.jobs.redis import RedisJobs  # noqa: PLC0415 (only those who use Redis load it)

    try:
        return RedisJobs(url, prefix=prefix, lease_s=lease_s)
    except (ValueError, TypeError) as exc:
        message = "the Redis address cannot be read: redis://user:password@host:6379/0"
        raise ConfigurationError(message) from exc


def _beside(store: Path) -> Path:
    if store.suffix:
        return store.with_name(f"{store.stem}-{_FILE_NAME}")
    return store / _FILE_NAME
