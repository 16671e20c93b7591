"""What a run shows while it goes: a bar a stage with rate and time left, outcomes, cost."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console
    from rich.progress import Progress, TaskID

_EVERY_S = 10.0


class Tally:
    """Outcomes and cost of one stage, so far in this session."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.cost_usd: float | None = 0.0

    def note(self, line: Mapping[str, Any]) -> None:
        """Count a line."""
        self.outcomes[str(line.get("fault") or line["outcome"])] += 1
        if "cost_usd" in line or line.get("paid") == "maybe":
            cost = line.get("cost_usd")
            self.cost_usd = None if cost is None or self.cost_usd is None else self.cost_usd + cost

    def told(self) -> str:
        """Both, in words."""
        counts = ", ".join(f"{name} {count}" for name, count in self.outcomes.most_common())
        cost = "cost unknown" if self.cost_usd is None else f"$ {self.cost_usd:.4f}"
        return f"{counts or '–'} · {cost}"


class Bars:
    """Bars on a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = _bars(console)
        self._tasks: dict[str, TaskID] = {}
        self._tallies = {"model": Tally(), "judge": Tally()}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expects(self, stage: str, total: int, done: int) -> None:
        """Begin a bar; what an earlier session did is done already."""
        self._tasks[stage] = self._progress.add_task(
            stage, total=total, completed=done, told="–", visible=total > 0
        )

    def heard(self, stage: str, line: Mapping[str, Any]) -> None:
        """Go on by one."""
        tally = self._tallies[stage]
        tally.note(line)
        self._progress.update(self._tasks[stage], advance=1, told=tally.told())


class Lines:
    """A line now and then, where there is no terminal."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._next = clock() + _EVERY_S
        self._began = clock()
        self._tallies = {"model": Tally(), "judge": Tally()}
        self._done = {"model": 0, "judge": 0}
        self._totals = {"model": 0, "judge": 0}
        self._fresh = {"model": 0, "judge": 0}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if any(self._fresh.values()):
            self._tell()

    def expects(self, stage: str, total: int, done: int) -> None:
        """Hear how much there is."""
        self._totals[stage], self._done[stage] = total, done

    def heard(self, stage: str, line: Mapping[str, Any]) -> None:
        """Count, and tell when it is time to."""
        self._tallies[stage].note(line)
        self._done[stage] += 1
        self._fresh[stage] += 1
        if self._clock() >= self._next:
            self._next = self._clock() + _EVERY_S
            self._tell()

    def _tell(self) -> None:
        passed = max(1e-9, self._clock() - self._began)
        for stage, total in self._totals.items():
            if not total:
                continue
            rate = self._fresh[stage] / passed
            left = f"{(total - self._done[stage]) / rate:.0f} s left" if rate else "– left"
            words = f"{stage}: {self._done[stage]} of {total}, {rate:.1f}/s, {left}"
            self._console.print(f"{words}; {self._tallies[stage].told()}")


def _bars(console: Console) -> Progress:
    from rich.progress import (  # noqa: PLC0415  paid when used
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text  # noqa: PLC0415  the same

    class Rate(ProgressColumn):
        """Calls a second of late."""

        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "–/s")

    return Progress(
        TextColumn("{task.description:>5}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=console,
    )
