"""`judge-service judges check`: what a judge's endpoint can do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from judge_service.judge_commands.common import JudgeName, bound, settings, table, write

if TYPE_CHECKING:
    from judge_service.probing import Probed

app = typer.Typer()


@app.command()
def check(
    name: JudgeName,
    out: Annotated[Path | None, typer.Option(help="Write it as JSON here too.", dir_okay=False)] = None,
) -> None:
    """Find out what a judge's endpoint can do, by about a dozen small questions, which cost what they cost.

    Exit codes: 0 it answered and has what the judge's settings lean on; 1 it did not, or lacks something;
    2 a mistake in the command or the settings.
    """
    from judge_service.probing import look_at  # noqa: PLC0415  the doors

    found = settings()
    bound(found, name)
    probed = asyncio.run(look_at(name, found.judges[name]))
    if out is not None:
        write(out, probed.as_json())
    _tell(probed)
    raise typer.Exit(0 if probed.answered and not probed.lacking else 1)


def _tell(probed: Probed) -> None:
    rows = [(name, one.status, one.reason) for name, one in probed.capabilities.items()]
    table(("capability", "there", "how that is known"), rows)
    if probed.settings:
        typer.echo(f"Settings that go with it: {json.dumps(probed.settings)}")
    for name in probed.lacking:
        typer.echo(
            f"The settings of judge {probed.name!r} lean on {name}, which its endpoint lacks.", err=True
        )
    if not probed.answered:
        typer.echo("Nothing could be found out.", err=True)
