"""What can be done with uploaded files: take one in, look at it, read it, drop it."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.job import BYTES_CAP
from judge_service.errors import BodyTooLarge, FileNotKept
from judge_service.jobs.shelf import BLOCK_BYTES, ShelvedFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.jobs.shelf import FileShelf

_ID = re.compile(r"file-[0-9a-f]+")
RECEIVING_S = 60.0  # an upload in which nothing comes for so long is over


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of a file beside its bytes."""

    tenant: str
    name: str
    kept_s: float


class FileDesk:
    """Files of tenants; one tenant knows nothing of another's."""

    def __init__(
        self, shelf: FileShelf, *, bytes_cap: int = BYTES_CAP, clock: Callable[[], float] = time.time
    ) -> None:
        self._shelf = shelf
        self._bytes_cap = bytes_cap
        self._clock = clock

    async def take(self, parts: AsyncIterator[bytes], described: Callable[[], Described]) -> ShelvedFile:
        """Take a file in as it comes, a block in memory at a time.

        `described` is asked when all has come, for it may stand behind the file. Raises `BodyTooLarge`, and
        what the two raise; of a file that is not taken nothing is kept.
        """
        file = f"file-{secrets.token_hex(12)}"
        await self._shelf.begin(file, RECEIVING_S)
        try:
            size = await self._receive(file, parts)
            said, now = described(), self._clock()
            taken = ShelvedFile(file, said.tenant, said.name, size, now, now + said.kept_s)
            await self._shelf.seal(taken)
        except BaseException:
            await asyncio.shield(self._shelf.forget(file))
            raise
        return taken

    async def _receive(self, file: str, parts: AsyncIterator[bytes]) -> int:
        rest, number, size = bytearray(), 0, 0
        async for part in parts:
            size += len(part)
            if size > self._bytes_cap:
                raise BodyTooLarge(f"a file has at most {self._bytes_cap // 2**20} MiB; make several of it")
            rest += part
            while len(rest) >= BLOCK_BYTES:
                await self._shelf.append(file, number, bytes(rest[:BLOCK_BYTES]), RECEIVING_S)
                del rest[:BLOCK_BYTES]
                number += 1
        if rest:
            await self._shelf.append(file, number, bytes(rest), RECEIVING_S)
        return size

    async def get(self, tenant: str, file: str) -> ShelvedFile:
        """Look at a file; raises `FileNotKept`."""
        # A shelf makes its keys of ids: with a suffix one would name a block of a file.
        found = await self._shelf.get(file) if _ID.fullmatch(file) else None
        if found is None or found.tenant != tenant:
            raise FileNotKept("no file is kept under this id")
        return found

    async def of_tenant(
        self, tenant: str, after: str | None, limit: int, *, oldest_first: bool = False
    ) -> list[ShelvedFile]:
        """A tenant's files, the newest first, from behind `after`; behind what is no file of theirs there is none."""
        if after is not None and not _ID.fullmatch(after):
            return []
        return await self._shelf.of_tenant(tenant, after, limit, oldest_first=oldest_first)

    def read(self, file: ShelvedFile, start: int, end: int) -> AsyncIterator[bytes]:
        """A range of a file."""
        return self._shelf.read(file.id, start, end)

    async def delete(self, tenant: str, file: str) -> None:
        """Drop a file; a job that was made of it has its own lines. Raises `FileNotKept`."""
        await self.get(tenant, file)
        await self._shelf.forget(file)
