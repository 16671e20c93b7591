"""A job's progress at a terminal: how far, how fast, what came out, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

    from judge_service.job_commands.service import Service

UNFINISHED = 3
_FINAL = frozenset({"completed", "failed", "expired", "cancelled"})
_OUTCOMES_SHOWN = 4


def follow(service: Service, job: str) -> int:
    """Show the job until it ends; 0 where every item was answered, else 3. Ctrl-C leaves the job at work."""
    from rich.console import Console  # noqa: PLC0415  a tenth of a second

    console = Console(stderr=True)
    now: dict[str, Any] = {}
    with _bar(console) as bar:
        task = bar.add_task("waiting", total=None, told="")
        for now in service.events(job):
            counts = now["counts"]
            bar.update(
                task,
                description=now["state"],
                total=counts["total"] or None,
                completed=counts["completed"] + counts["failed"],
                told=_told(now),
            )
    for line in summary(now):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0 if now.get("state") == "completed" and not now["counts"]["failed"] else UNFINISHED


def summary(job: dict[str, Any]) -> list[str]:
    """The job in a few lines."""
    counts = job["counts"]
    answered = f"{counts['completed']:,} of {counts['total']:,} answered"
    lines = [f"{job['id']}  {job['state']}: {answered}, {counts['failed']:,} without an answer"]
    lines += [f"  {outcome}: {count:,}" for outcome, count in job["outcomes"].items()]
    lines.append(f"  {_cost(job)}")
    lines += [f"  {fault['code']}: {fault['message']}" for fault in job["faults"]]
    if job["state"] not in _FINAL and job["workers"] == 0:
        lines.append("  no worker is alive: start `judge-service worker`")
    return lines


def _told(job: dict[str, Any]) -> str:
    shown = list(job["outcomes"].items())[:_OUTCOMES_SHOWN]
    outcomes = " ".join(f"{outcome} {count:,}" for outcome, count in shown)
    waiting = "" if job["workers"] else " (no worker is alive)"
    return f"{outcomes}  {_cost(job)}{waiting}"


def _cost(job: dict[str, Any]) -> str:
    spent = job["usage"]["cost_microusd"]
    return "cost unknown" if spent is None else f"cost ${spent / 1e6:,.4f}"


def _bar(console: Any) -> Progress:
    from rich.progress import (  # noqa: PLC0415  a tenth of a second
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text  # noqa: PLC0415  likewise

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.1f}/s" if task.speed else "-/s")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
        console=console,
    )
