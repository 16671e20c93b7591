"""The one place where a store's address becomes a shelf of files."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from judge_service.errors import ConfigurationError
from judge_service.jobs.sqlite_shelf import SqliteShelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.jobs.shelf import FileShelf

_FILE_NAME = "files.sqlite"


@asynccontextmanager
async def open_shelf(store_url: str, *, prefix: str = "js") -> AsyncIterator[FileShelf]:
    """Open the shelf that belongs to a store, and close it at the end.

    `memory://` lives in this process; beside a file store it is `files.sqlite` in the same folder, or
    NAME-files.sqlite beside NAME.sqlite; with Redis it is there, and Redis may be down now.
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
    if scheme in {"redis", "rediss", "unix", "redis+sentinel"}:
        return _redis_shelf(store_url, prefix)
    shelf = SqliteShelf(_beside(Path(unquote(store_url.removeprefix("file://")))))
    await shelf.open_file()
    return shelf


def _redis_shelf(url: str, prefix: str) -> FileShelf:
    from judge_service.jobs.redis_shelf import RedisShelf  # noqa: PLC0415 (only those who use Redis load it)

    try:
        return RedisShelf(url, prefix=prefix)
    except (ValueError, TypeError) as exc:
        message = "the Redis address cannot be read: redis://user:password@host:6379/0"
        raise ConfigurationError(message) from exc


def _beside(store: Path) -> Path:
    if store.suffix:
        return store.with_name(f"{store.stem}-{_FILE_NAME}")
    return store / _FILE_NAME
