"""The border of the shelf: files that were uploaded, in blocks, until a job is made of them or their time is over.

Rules that every shelf keeps:

* A file is found once it is sealed, and then never changes. One whose blocks stopped coming is forgotten.
* Every block but the last has `BLOCK_BYTES` bytes. Appending a block again changes nothing.
* A file past its time is not found, whether or not anybody has swept.
* `StoreError` is raised where the shelf cannot be reached. What was sealed before it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ShelvedFile:
    """A file and whose it is; times in seconds since 1970."""

    id: str
    tenant: str
    name: str
    size: int
    created_at: float
    expires_at: float


class FileShelf(Protocol):
    """Files of tenants, shared by all who open it at the same address."""

    async def begin(self, file: str, lease_s: float) -> None:
        """Make room for a file; unless blocks come within the lease, time and again, it is forgotten."""
        ...

    async def append(self, file: str, number: int, block: bytes, lease_s: float) -> None:
        """Write a block; `number` counts from 0. Raises `StoreError` where the file is no more."""
        ...

    async def seal(self, file: ShelvedFile) -> None:
        """All is there: it is found from now on. Raises `StoreError` where the file is no more."""
        ...

    async def get(self, file: str) -> ShelvedFile | None:
        """Give what is known of a file."""
        ...

    async def of_tenant(
        self, tenant: str, after: str | None, limit: int, *, oldest_first: bool = False
    ) -> list[ShelvedFile]:
        """Give a tenant's files, the newest first, from behind the file `after`; none where that is no more."""
        ...

    def read(self, file: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Give the bytes from `start` to before `end`, which the file must hold, in pieces."""
        ...

    async def forget(self, file: str) -> None:
        """Drop a file, sealed or not."""
        ...

    async def sweep(self) -> None:
        """Drop what is past its time."""
        ...

    async def aclose(self) -> None:
        """Close connections; what is written stays."""
        ...
