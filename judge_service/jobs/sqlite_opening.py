"""What the ledger and the shelf of one machine have in common: a SQLite file that one thread has open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.sqlite_file import Layout, NotOurFile, OneConnection, connect, lay_out, transaction

_BUSY_MS = 5000
_WITHIN_S = 10.0


class OneFile(OneConnection):
    """`path` None: in memory; `what` it is, for words about it."""

    def __init__(self, path: Path | None, layout: Layout, *, thread: str, what: str) -> None:
        super().__init__(thread, self._made, within_s=_WITHIN_S)
        self._path = path
        self._layout = layout
        self._what = what

    async def open(self) -> None:
        """Make what is not there; `ConfigurationError` where that cannot be done."""
        try:
            await self.call("open", self.connection)
        except StoreError as exc:
            self.end()
            if isinstance(exc.__cause__, NotOurFile):
                raise ConfigurationError(str(exc.__cause__)) from exc
            message = f"the {self._what} at {self._path} cannot be opened: {type(exc.__cause__).__name__}"
            raise ConfigurationError(message) from exc

    def _made(self) -> sqlite3.Connection:
        if self._path is not None:
            return connect(self._path, busy_ms=_BUSY_MS, layout=self._layout)
        made = sqlite3.connect(":memory:", isolation_level=None)
        with transaction(made):
            lay_out(made, Path(":memory:"), self._layout)
        return made
