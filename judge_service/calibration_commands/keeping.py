"""Commands on studies in the configured store: keep one, list them, forget one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from judge_service.calibration_commands.common import Scales, StudyNamed, at_desk, mistakes, study_at

app = typer.Typer()


@app.command()
def keep(study: StudyNamed, scales: Scales = None) -> None:
    """Keep a study in the configured store. Prints its id, which every command takes for STUDY."""
    with mistakes():
        read = study_at(study, scales)
    typer.echo(at_desk(lambda desk: desk.keep(read))["study_id"])


@app.command()
def studies() -> None:
    """List the studies in the configured store by id."""

    async def every(desk: Any) -> list[str]:
        found: list[str] = []
        while page := await desk.archive.study_ids(found[-1] if found else ""):
            found += page
        return found

    for study_id in at_desk(every):
        typer.echo(study_id)


@app.command()
def forget(study_id: Annotated[str, typer.Argument(metavar="ID", help="The study's id.")]) -> None:
    """Forget a kept study. Maps that were fitted on it stay."""
    at_desk(lambda desk: desk.archive.drop_study(study_id))
    typer.echo(f"{study_id} forgotten")
