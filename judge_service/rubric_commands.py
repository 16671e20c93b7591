"""`judge-service rubrics …`: look at the rubrics, check them, pin their digests."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from judge_service.judge_commands.common import settings, table

app = typer.Typer(help="Look at the rubrics, check them, pin their digests.", no_args_is_help=True)


@app.command("list")
def list_rubrics() -> None:
    """List the rubrics with their criteria, weights and digests."""
    from judge_service.rubric_store import load_rubrics  # noqa: PLC0415

    rows = [
        (r.rubric.ref, ", ".join(f"{c.id} {c.weight:g}" for c in r.rubric.criteria), r.digest[:12])
        for r in load_rubrics(settings().rubrics_dir).all()
    ]
    table(("rubric", "criteria and weights", "digest"), rows)


@app.command("show")
def show_rubric(ref: Annotated[str, typer.Argument(help="`id`, or `id@version`.")]) -> None:
    """Print the instructions a judge gets under a rubric, in each of its modes."""
    from judge_service.prompts import Prompts  # noqa: PLC0415
    from judge_service.rubric_store import load_rubrics  # noqa: PLC0415

    stored = load_rubrics(settings().rubrics_dir).get(ref)
    for mode in stored.rubric.modes:
        typer.echo(f"--- {stored.rubric.ref}, mode {mode}, digest {stored.digest}")
        typer.echo(Prompts(b"").instructions(stored, stored.rubric.criteria, mode).system)


@app.command("check")
def check_rubrics() -> None:
    """Check every rubric file, the schema for editors, and that no text changed without its version."""
    from judge_service.rubric_files import faults  # noqa: PLC0415

    found = faults(settings().rubrics_dir)
    for fault in found:
        typer.echo(fault, err=True)
    typer.echo(f"{len(found)} fault(s)")
    raise typer.Exit(1 if found else 0)


@app.command("digest")
def digest_rubrics(
    write: Annotated[
        bool, typer.Option(help="Pin new versions in digests.json and renew the schema.")
    ] = False,
) -> None:
    """Print the digest of every rubric, or pin them; a pinned version that changed is refused."""
    from judge_service.rubric_files import pin  # noqa: PLC0415
    from judge_service.rubric_store import digests, load_rubrics  # noqa: PLC0415

    folder = settings().rubrics_dir
    if write:
        pin(folder)
    typer.echo(json.dumps(digests(load_rubrics(folder)), indent=2))
