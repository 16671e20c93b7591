"""`jobs submit`: a file of job lines, or of cases in rows, becomes a job."""

from __future__ import annotations

import json
import secrets
from functools import partial
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from judge_service.errors import ConfigurationError
from judge_service.job_commands.following import follow
from judge_service.job_commands.service import URL, Service, Tenant, Url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

app = typer.Typer()
_BLOCK = 2**16
_NAMED = 10  # bad rows that are told one by one


@app.command()
def submit(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="NDJSON lines of a job; or, with --rubric, a .jsonl, .ndjson or .csv file with one case a row.",
            exists=True,
            dir_okay=False,
        ),
    ],
    rubric: Annotated[str | None, typer.Option(help="Of rows: `id`, or `id@version`.")] = None,
    judge: Annotated[str, typer.Option(help="Of rows: name of a configured judge.")] = "default",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=FIELD", help="Of rows: as for `judge-service score`. Repeat it."
        ),
    ] = None,
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    concurrency: Annotated[int | None, typer.Option(help="Most items in work at one time.", min=1)] = None,
    per_minute: Annotated[float | None, typer.Option(help="Most items begun in a minute.")] = None,
    max_cost_usd: Annotated[float | None, typer.Option(help="Most that its calls may cost.", min=0)] = None,
    expires_in_s: Annotated[float | None, typer.Option(help="When what is unfinished ends.", min=1)] = None,
    kept_s: Annotated[float | None, typer.Option(help="How long it is kept after its end.", min=60)] = None,
    metadata: Annotated[str | None, typer.Option(help="Yours, a JSON object of texts; comes back.")] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="Idempotency key: the same one with the same file gives the same job. Default: a new one."
        ),
    ] = None,
    watch: Annotated[bool, typer.Option(help="Follow it to its end.")] = False,
    url: Url = URL,
    tenant: Tenant = None,
) -> None:
    """Hand a file over as a job and print the job's id.

    A try that fails on the way is repeated under the same key, so that one job comes of it.
    """
    given = {
        "priority": priority,
        "concurrency": concurrency,
        "per_minute": per_minute,
        "max_cost_usd": max_cost_usd,
        "expires_in_s": expires_in_s,
        "kept_s": kept_s,
        "metadata": metadata,
    }
    options = {name: str(value) for name, value in given.items() if value is not None}
    with Service(url, tenant) as service:
        job = service.submit(
            _lines(path, rubric, judge, columns or []), options, key or secrets.token_hex(16)
        )
        typer.echo(job["id"])
        if watch:
            raise typer.Exit(follow(service, job["id"]))


def _lines(path: Path, rubric: str | None, judge: str, columns: list[str]) -> Callable[[], Iterator[bytes]]:
    if rubric is not None:
        _survey(path, columns)
        return partial(_rows, path, rubric, judge, columns)
    if columns:
        raise ConfigurationError("--map is for rows of cases, which need a --rubric")
    return partial(_blocks, path)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _survey(path: Path, columns: list[str]) -> None:
    """Name the rows that are no cases, once; a table in which no row could be one is a mistake."""
    from judge_service.files.rows import count_rows, parse_map, read_rows  # noqa: PLC0415  pydantic

    mapped = parse_map(columns)
    count_rows(path, mapped)
    bad = [row for row in read_rows(path, mapped) if row.case is None]
    if bad and bad[-1].unread:
        raise ConfigurationError(f"{path.name}: {bad[-1].fault}")
    for row in bad[:_NAMED]:
        typer.echo(f"row {row.number} of {path.name} is no case: {row.fault}", err=True)
    if len(bad) > _NAMED:
        typer.echo(f"and {len(bad) - _NAMED} rows more", err=True)


def _rows(path: Path, rubric: str, judge: str, columns: list[str]) -> Iterator[bytes]:
    from judge_service.files.rows import parse_map, read_rows  # noqa: PLC0415  pydantic

    for row in read_rows(path, parse_map(columns)):
        body: dict[str, object] = {"rubric": rubric, "judge": judge}
        if row.case is not None:  # else its line ends among the errors, and harms no neighbour
            body["case"] = row.case.model_dump(mode="json", exclude_defaults=True)
        line = {"custom_id": f"row-{row.number}", "method": "POST", "url": "/v1/scores", "body": body}
        yield f"{json.dumps(line)}\n".encode()
