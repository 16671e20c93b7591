"""How a run is spread over worker processes: how many there are, and what each may ask at one time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.judge import JudgeSpec
from judge_service.domain.panel import concurrency

if TYPE_CHECKING:
    from judge_service.settings import Settings

FEWEST_ROWS, MOST_ROWS = 8, 64


@dataclass(frozen=True, slots=True)
class Spread:
    """So many workers, and so many rows at a time in each of them."""

    workers: int
    each: int

    @property
    def rows(self) -> int:
        """How many rows a worker is handed at once: what is written down together, and lost with a worker."""
        return max(FEWEST_ROWS, min(MOST_ROWS, self.each))


def spread(settings: Settings, judge: str, at_once: int, cpus: int) -> Spread:
    """Share `at_once` rows out: a worker for a CPU, and never more workers than the narrowest judge takes calls."""
    workers = max(1, min(cpus, at_once, concurrency(settings.judges, judge)))
    return Spread(workers, at_once // workers)


def share_of(settings: Settings, workers: int) -> Settings:
    """What one of so many workers opens: all together call no judge more often at a time than its settings say.

    A judge that takes fewer calls than there are workers is none that this run asks.
    """
    judges = {
        name: spec.model_copy(update={"max_concurrency": max(1, spec.max_concurrency // workers)})
        if isinstance(spec, JudgeSpec)
        else spec
        for name, spec in settings.judges.items()
    }
    return settings.model_copy(update={"judges": judges})
