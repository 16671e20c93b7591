"""Scores as they are read, one entry a row in every list: fast to append to, then arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.ingest.source import RowTable

SCORED = "scored"
# After the first they stand in the order in which a total that lacks several criteria names its own outcome.
OUTCOMES = (
    SCORED,
    "provider_error",
    "timeout",
    "cost_cap",
    "rejected_input",
    "missing_input",
    "refused",
    "truncated",
    "unparsable",
    "off_scale",
    "degenerate_response",
    "no_quorum",
    "no_distribution",
    "abstained",
    "needs_human",
)
OUTCOME_AT = {outcome: at for at, outcome in enumerate(OUTCOMES)}


@dataclass(slots=True)
class Cells:
    """Rows of people or of judges. `who` is the rater or judge, `outcome` an index into `OUTCOMES`.

    `tables` and `numbers` say where a row came from; a score that is not there is NaN.
    """

    items: list[int] = field(default_factory=list)
    criteria: list[int] = field(default_factory=list)
    who: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def close(self, table: RowTable) -> None:
        """Say that all rows since the last call came from this table."""
        self.tables += [table.name] * (len(self.items) - len(self.tables))

    def arrays(self) -> CellArrays:
        """The same as arrays; where no repeat or outcome was ever noted, all are first and scored."""
        size = len(self.items)
        return CellArrays(
            items=np.array(self.items, dtype=np.int64),
            criteria=np.array(self.criteria, dtype=np.int64),
            who=np.array(self.who, dtype=np.int64),
            scores=np.array(self.scores, dtype=np.float64),
            repeats=np.array(self.repeats or [1] * size, dtype=np.int64),
            outcomes=np.array(self.outcomes or [0] * size, dtype=np.int64),
            numbers=self.numbers,
            tables=self.tables,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CellArrays:
    """What `Cells` collected."""

    items: IntArray
    criteria: IntArray
    who: IntArray
    scores: FloatArray
    repeats: IntArray
    outcomes: IntArray
    numbers: list[int]
    tables: list[str]
