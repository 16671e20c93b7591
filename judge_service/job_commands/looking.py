"""`jobs watch`, `fetch`, `cancel`, `show`, `list`."""

from __future__ import annotations

import json
import os
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from judge_service.errors import ConfigurationError
from judge_service.job_commands.following import UNFINISHED, follow, summary
from judge_service.job_commands.service import URL, JobId, Service, Tenant, Url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

app = typer.Typer()
_HEAD = 200  # bytes of a file's first line that tell whose it is
_OVERLAP = (
    4096  # bytes at a file's end that are fetched again, to see that they are what the service has there
)
_DONE = frozenset({"completed", "failed", "expired", "cancelled"})


@app.command()
def watch(job: JobId, url: Url = URL, tenant: Tenant = None) -> None:
    """Follow a job to its end: rate, outcomes, time left, cost. Ctrl-C leaves it at work.

    Exit codes: 0 every item was answered; 3 some were not, or the job did not complete.
    """
    with Service(url, tenant) as service:
        raise typer.Exit(follow(service, job))


@app.command()
def fetch(
    job: JobId,
    out: Annotated[
        Path, typer.Option(help="Where the results go; what is there is gone on from.", dir_okay=False)
    ],
    errors: Annotated[
        Path | None, typer.Option(help="Where the errors go; default: not fetched.", dir_okay=False)
    ] = None,
    url: Url = URL,
    tenant: Tenant = None,
) -> None:
    """Download what is finished by now; the same command fetches only what came since.

    Exit codes: 0 the job has ended, and all is there; 3 more will come.
    """
    with Service(url, tenant) as service:
        now = service.job(job)
        for kind, path in (("results", out), ("errors", errors)):
            if path is not None:
                typer.echo(f"{path}: {_fetched(service, job, kind, path):,} bytes", err=True)
    raise typer.Exit(0 if now["state"] in _DONE else UNFINISHED)


@app.command()
def cancel(job: JobId, url: Url = URL, tenant: Tenant = None) -> None:
    """End a job: calls to judges end within a second or so, and results that are there stay."""
    with Service(url, tenant) as service:
        typer.echo("\n".join(summary(service.cancel(job))))


@app.command()
def show(
    job: JobId,
    as_json: Annotated[bool, typer.Option("--json", help="Print the job as it is told.")] = False,
    url: Url = URL,
    tenant: Tenant = None,
) -> None:
    """Look at a job once."""
    with Service(url, tenant) as service:
        now = service.job(job)
        typer.echo(json.dumps(now, indent=2) if as_json else "\n".join(summary(now)))


@app.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(help="The newest so many.", min=1, max=100)] = 20,
    url: Url = URL,
    tenant: Tenant = None,
) -> None:
    """List jobs, the newest first."""
    with Service(url, tenant) as service:
        for job in service.jobs(limit):
            typer.echo(summary(job)[0])


def _fetched(service: Service, job: str, kind: str, path: Path) -> int:
    """Append what a file lacks; a half line of a download that was cut is filled up."""
    try:
        with path.open("ab+") as file:
            _check(file, job, path)
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size - _OVERLAP))
            end = file.read()
            with service.rest(job, kind, start) as parts:
                for part in _behind(end, parts, path, kind):
                    file.write(part)
            return file.tell()
    except OSError as exc:
        raise ConfigurationError(f"{path.name} cannot be written ({type(exc).__name__})") from exc


def _behind(end: bytes, parts: Iterator[bytes], path: Path, kind: str) -> Iterator[bytes]:
    """What comes behind `end`, which must come first: to go on behind anything else would spoil lines."""
    message = f"{path.name} does not end as this job's {kind} do there; give another file"
    for part in parts:
        if not end.startswith(part[: len(end)]):
            raise ConfigurationError(message)
        if more := part[len(end) :]:
            yield more
        end = end[len(part) :]
    if end:
        raise ConfigurationError(message)


def _check(file: BinaryIO, job: str, path: Path) -> None:
    file.seek(0)
    head = file.read(_HEAD)
    if head and not head.startswith(f'{{"id": "{job}-'.encode()[: len(head)]):
        raise ConfigurationError(f"{path.name} holds something else than this job's lines; give another file")
