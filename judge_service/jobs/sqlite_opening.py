"""What the ledger and the shelf of one machine have in common: a SQLite file that one thread has open."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.sqlite_file import FileThread, Layout, NotOurFile, connect, lay_out, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_BUSY_MS = 5000
_WITHIN_S = 10.0


class OneFile:
    """Opened when it is first asked for. `path` None: in memory; `what` it is, for words about it."""

    def __init__(self, path: Path | None, layout: Layout, *, thread: str, what: str) -> None:
        self._path = path
        self._layout = layout
        self._what = what
        self._thread = FileThread(thread)
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Make what is not there; `ConfigurationError` where that cannot be done."""
        try:
            await self.call("open", self.connection)
        except StoreError as exc:
            self._thread.end()
            if isinstance(exc.__cause__, NotOurFile):
                raise ConfigurationError(str(exc.__cause__)) from exc
            message = f"the {self._what} at {self._path} cannot be opened: {type(exc.__cause__).__name__}"
            raise ConfigurationError(message) from exc

    async def call(self, name: str, work: Callable[[], T]) -> T:
        """Do something in the thread; `StoreError` where it fails or takes too long."""
        return await self._thread.call(name, work, within_s=_WITHIN_S)

    def connection(self) -> sqlite3.Connection:
        """The connection, for what is done in the thread."""
        if self._connection is None:
            if self._path is None:
                self._connection = sqlite3.connect(":memory:", isolation_level=None)
                with transaction(self._connection):
                    lay_out(self._connection, Path(":memory:"), self._layout)
            else:
                self._connection = connect(self._path, busy_ms=_BUSY_MS, layout=self._layout)
        return self._connection

    async def aclose(self) -> None:
        """Close the file and end the thread."""
        try:
            await self.call("close", self._close)
        finally:
            self._thread.end()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
