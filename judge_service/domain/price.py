"""What a call to a judge costs, in whole micro-dollars. A price that is unknown is None, and so is its cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable

MEGA: Final = 1_000_000
OWN: Final = "settings"  # in place of a date: the price is the judge's own setting
NOBODY: Final = "free"  # likewise: no provider is asked
# Attempts that a provider turned away before it read them; any other without counted tokens may be billed.
_UNREAD: Final = frozenset({"rate_limited", "unauthorized", "unknown_model", "circuit_open"})


class TokenPrice(BaseModel):
    """A judge's price as its settings give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_usd_per_mtok: float = Field(
        ge=0, le=1e6, strict=True, description="US dollars for a million tokens read."
    )
    output_usd_per_mtok: float = Field(
        ge=0, le=1e6, strict=True, description="US dollars for a million tokens written."
    )
    cached_input_usd_per_mtok: float | None = Field(
        default=None,
        ge=0,
        le=1e6,
        strict=True,
        description="For tokens read from the provider's cache; absent: as others.",
    )

    @property
    def price(self) -> Price:
        """The same in micro-dollars."""
        cached = self.cached_input_usd_per_mtok
        return Price(
            round(self.input_usd_per_mtok * MEGA),
            round(self.output_usd_per_mtok * MEGA),
            None if cached is None else round(cached * MEGA),
            OWN,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Micro-dollars for a million tokens; `as_of` is the date of its list, or why it has none."""

    input: int
    output: int
    cached_input: int | None = None
    as_of: str = OWN

    @property
    def is_free(self) -> bool:
        """Whether no number of tokens costs anything."""
        return not (self.input or self.output)

    def cost(
        self, input_tokens: int | None, output_tokens: int | None, cached: int | None = None
    ) -> int | None:
        """Micro-dollars of one call, rounded up; None where tokens were not counted.

        `cached` of the input tokens came from the provider's cache; nothing said counts as none.
        """
        if self.is_free:
            return 0
        if input_tokens is None or output_tokens is None:
            return None
        kept = min(cached or 0, input_tokens)
        at = self.input if self.cached_input is None else self.cached_input
        return _up((input_tokens - kept) * self.input + kept * at + output_tokens * self.output)

    def cost_of_failure(self, code: str) -> int | None:
        """Micro-dollars of an attempt that brought no completion; None where it may have been billed."""
        return 0 if self.is_free or code in _UNREAD else None


FREE: Final = Price(0, 0, as_of=NOBODY)


def total(costs: Iterable[int | None]) -> int | None:
    """The sum; None as soon as one part is unknown. Nothing costs nothing."""
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)


def usd(microusd: int) -> str:
    """Micro-dollars as dollars, for people."""
    return f"{microusd / MEGA:.6f}".rstrip("0").rstrip(".") + " USD"


def _up(parts: int) -> int:
    return -(-parts // MEGA)


def common_date(dates: Iterable[str | None]) -> str | None:
    """The one date of all prices; None where they differ, or one has none."""
    found = set(dates) - {NOBODY}
    return found.pop() if len(found) == 1 else None if found else NOBODY
