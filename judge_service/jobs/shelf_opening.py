"""The one place where a store's address becomes a shelf of files."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from judge_service.jobs.sqlite_shelf import SqliteShelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.jobs.shelf import FileShelf

_FILE_NAME = "files.sqlite"


@asynccontextmanager
async def open_shelf(store_url: str) -> AsyncIterator[FileShelf]:
    """Open the shelf that belongs to a store, and close it at the end.

    `memory://` lives in this process; beside a file store it is `files.sqlite` in the same folder, or
    NAME-files.sqlite beside NAME.sqlite.
    """
    if store_url.startswith("memory://"):
        shelf = SqliteShelf(None)
    else:
        shelf = SqliteShelf(_beside(Path(unquote(store_url.removeprefix("file://")))))
        await shelf.open_file()
    try:
        yield shelf
    finally:
        await shelf.aclose()


def _beside(store: Path) -> Path:
    if store.suffix:
        return store.with_name(f"{store.stem}-{_FILE_NAME}")
    return store / _FILE_NAME
