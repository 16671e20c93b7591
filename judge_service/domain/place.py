"""Where a caller stands in a judge's line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Priority = Literal["interactive", "batch"]

DEFAULT_TENANT: Final = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """How urgent a question is, and who asks it.

    `interactive`: somebody waits for this one answer; `batch`: it is one of many, and what is interactive goes
    first. Tenants take turns among themselves where they are batch.
    """

    priority: Priority = "interactive"
    tenant: str = DEFAULT_TENANT

    def precedes(self, other: Place) -> bool:
        """Whether it goes first whoever came earlier."""
        return self.priority == "interactive" and other.priority == "batch"


INTERACTIVE: Final = Place()
