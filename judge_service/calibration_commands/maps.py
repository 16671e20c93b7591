"""Commands on maps: fit, list, put in and out of force, apply."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import Annotated, Any

import typer

from judge_service.calibration_commands.common import (
    ClusterBy,
    Criterion,
    Judge,
    Scales,
    Seed,
    Settings,
    StudyNamed,
    asked_of,
    at_desk,
    figure,
    map_at,
    mistakes,
    run,
    study_at,
    write,
)
from judge_service.errors import ConfigurationError

app = typer.Typer()


@app.command()
def fit(
    study: StudyNamed,
    criterion: Criterion,
    judge: Judge,
    out: Annotated[Path | None, typer.Option(help="Write the artefact here.", dir_okay=False)] = None,
    scales: Scales = None,
    method: Annotated[
        str | None, typer.Option(help="auto, identity, shift, affine, ordinal_logit, …", show_default="auto")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Subgroup variable of the intervals.")] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Intervals miss this share.", show_default="0.1")
    ] = None,
    seed: Seed = None,
    cluster_by: ClusterBy = None,
    bind: Annotated[
        str | None,
        typer.Option(
            help="JUDGE:RUBRIC or JUDGE:RUBRIC:MODE, as configured: whose scores it may calibrate. The map is kept "
            "in the configured store, where `activate` finds it."
        ),
    ] = None,
    activate: Annotated[
        bool, typer.Option(help="Keep it in the configured store and put it in force now.")
    ] = False,
    settings: Settings = None,
) -> None:
    """Fit a calibration map of one judge on one criterion."""
    given = {
        "study": study,
        "criterion": criterion,
        "judge": judge,
        "method": method,
        "by": by,
        "alpha": alpha,
        "seed": seed,
        "cluster_by": cluster_by,
        "bind": None if bind is None else _binding(bind),
        "activate": activate or None,
    }
    asked = asked_of(given, settings)
    standing = None
    with mistakes():
        read = study_at(study, scales)
        if {"bind", "activate"} & set(asked):
            order = {**asked, "study": read.rows()}
            artefact, standing = at_desk(lambda desk: desk.fit(order))
        else:
            del asked["study"]
            artefact = run("maps", read, asked)
    write(out, artefact)
    half = artefact["conformal"]["quantiles"][""]
    typer.echo(f"{artefact['id']}")
    typer.echo(
        f"{criterion}, {judge}: {artefact['method']} ({artefact['fit']['chosen_because']}), ± {figure(half)}"
    )
    if standing is not None:
        typer.echo(standing)


def _binding(given: str) -> dict[str, str]:
    judge, _, rest = given.partition(":")
    rubric, _, mode = rest.partition(":")
    if not judge or not rubric:
        raise ConfigurationError("--bind: write JUDGE:RUBRIC or JUDGE:RUBRIC:MODE")
    return {"judge": judge, "rubric": rubric} | ({"mode": mode} if mode else {})


@app.command()
def maps() -> None:
    """List the maps in the configured store, and those that ship."""

    async def every(desk: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while page := await desk.maps(rows[-1]["id"] if rows else ""):
            rows += page
        return rows

    with mistakes():
        for row in at_desk(every):
            fits = "" if row["fits"] is None or row["status"] != "active" else f"  fits: {row['fits']}"
            typer.echo(f"{row['id']}  {row['judge']}  {row['criterion']}  {row['status']}{fits}")


@app.command()
def activate(map_id: Annotated[str, typer.Argument(help="The map's id.")]) -> None:
    """Put a kept map in force for the judge, rubric and mode it is bound to."""

    async def put(desk: Any) -> None:
        await desk.activate(await desk.archive.find(map_id))

    with mistakes():
        at_desk(put)
    typer.echo(f"{map_id} active")


@app.command()
def retire(map_id: Annotated[str, typer.Argument(help="The map's id.")]) -> None:
    """Take a map out of force."""

    async def take(desk: Any) -> None:
        await desk.archive.retire(await desk.archive.find(map_id))

    with mistakes():
        at_desk(take)
    typer.echo(f"{map_id} retired")


@app.command()
def apply(
    artefact: Annotated[
        str, typer.Argument(metavar="MAP", help="An artefact's file, or the id of a kept map.")
    ],
    scores: Annotated[list[float], typer.Argument(help="Raw scores.")],
    subgroup: Annotated[
        list[str] | None, typer.Option(metavar="VARIABLE=LABEL", help="Of all these scores. Repeat it.")
    ] = None,
) -> None:
    """Put scores through a map."""
    labels = dict(_label(text) for text in subgroup or [])
    asked = {"scores": [{"score": score, "subgroups": labels} for score in scores]}
    with mistakes():
        answer = run("apply", None, {**asked, "map": map_at(artefact)})
    for row in answer["scores"]:
        interval = row["interval"]
        limits = f" [{figure(interval['low'])} to {figure(interval['high'])}]" if interval else ""
        flags = f" ({', '.join(row['flags'])})" if row["flags"] else ""
        typer.echo(f"{row['raw']:g} → {figure(row['calibrated'])}{limits} {row['status']}{flags}")


def _label(given: str) -> tuple[str, str]:
    variable, equals, label = given.partition("=")
    if not equals:
        raise ConfigurationError(f"--subgroup: {given!r}: write VARIABLE=LABEL")
    return variable, label
