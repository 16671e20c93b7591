"""What many scores used: tokens and money of their own calls; what is unknown is counted, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge_service.domain.price import common_date, usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_service.domain.score import Provenance


@dataclass(slots=True)
class Bill:
    """Sums over the rows for which this run asked a judge. `asked` rows, of which some may be unknown."""

    asked: int = 0
    known_input: int = 0
    known_output: int = 0
    uncounted: int = 0  # rows whose tokens no provider counted
    known_microusd: int = 0
    unpriced: int = 0  # rows whose cost is unknown
    dates: set[str] = field(default_factory=set)  # of the prices behind the rows' costs

    @property
    def prices_as_of(self) -> str | None:
        """The one date of all prices that are known; None where there are several, or none."""
        return common_date(self.dates) if self.dates else None

    @property
    def input_tokens(self) -> int | None:
        """Tokens read; None where those of any row are unknown."""
        return None if self.uncounted else self.known_input

    @property
    def output_tokens(self) -> int | None:
        """Tokens written; None likewise."""
        return None if self.uncounted else self.known_output

    @property
    def cost_microusd(self) -> int | None:
        """What was spent; None likewise."""
        return None if self.unpriced else self.known_microusd

    def add(self, provenance: Provenance) -> None:
        """Count one row; what the cache or another row's call answered costs nothing here."""
        if provenance.cache in {"hit", "joined", "none"} or provenance.instrument == "guard":
            return
        self.asked += 1
        used, spent = provenance.spent_usage, provenance.spent_microusd
        # Nothing is known of a call that was cut; it may have been under way.
        cut = spent is None and not provenance.attempts and not (used.input_tokens or used.output_tokens)
        if cut or used.input_tokens is None or used.output_tokens is None:
            self.uncounted += 1
        else:
            self.known_input += used.input_tokens
            self.known_output += used.output_tokens
        self._pay(spent)
        if provenance.prices_as_of is not None:
            self.dates.add(provenance.prices_as_of)

    def _pay(self, spent: int | None) -> None:
        self.known_microusd += spent or 0
        self.unpriced += spent is None

    def add_unknown(self, spent: int | None = None) -> None:
        """Count one row of which nobody can say what was read and written for it, nor, by default, paid."""
        self.asked += 1
        self.uncounted += 1
        self._pay(spent)

    def as_json(self) -> dict[str, object]:
        """Plain data; null where anything in a sum is unknown."""
        return {
            "asked": self.asked,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_microusd": self.cost_microusd,
            "uncounted": self.uncounted,
            "unpriced": self.unpriced,
            "prices_as_of": self.prices_as_of,
        }

    def lines(self) -> Iterator[str]:
        """The same for people."""
        if not self.asked:
            return
        counted = f"{self.known_input:,} read, {self.known_output:,} written"
        if self.uncounted:
            counted = f"unknown for {self.uncounted} of {self.asked} rows; of the others {counted}"
        yield f"Tokens: {counted}."
        if self.unpriced:
            yield f"Cost: unknown for {self.unpriced} of {self.asked} rows; of the others {usd(self.known_microusd)}."
        else:
            none = "of several dates" if self.known_microusd else "nothing was billed"
            yield f"Cost: {usd(self.known_microusd)} (prices: {self.prices_as_of or none})."
