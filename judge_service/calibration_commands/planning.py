"""Commands that plan, and the catalogue."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from judge_service.calibration_commands.common import (
    Criterion,
    Map,
    Out,
    Scales,
    Seed,
    Settings,
    StudyNamed,
    asked_of,
    map_at,
    mistakes,
    run,
    study_at,
    write,
)
from judge_service.errors import ConfigurationError

app = typer.Typer()


@app.command()
def power(
    kind: Annotated[
        str, typer.Argument(help="pearson, icc, limits, coefficient, conformal, mean, alt_test.")
    ],
    given: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE")] = None,
) -> None:
    """How many items: `power icc icc=0.6 raters=3 width=0.2`."""
    asked = asked_of({"kind": kind}, given, "power")
    with mistakes():
        typer.echo(json.dumps(run("plan/power", None, asked), indent=2, ensure_ascii=False))


@app.command()
def labels(
    study: StudyNamed,
    objective: Annotated[str, typer.Option(help="mean, map, subgroups or reliability.")],
    criterion: Criterion,
    judge: Annotated[str | None, typer.Option(help="Name of the judge in the study.")] = None,
    by: Annotated[str | None, typer.Option(help="Strata or groups.")] = None,
    budget: Annotated[int, typer.Option(help="How many items.", min=1)] = 50,
    map_named: Map = None,
    seed: Seed = None,
    settings: Settings = None,
    scales: Scales = None,
) -> None:
    """Which items physicians should rate next, each with the probability of being picked."""
    asked = asked_of(
        {
            "objective": objective,
            "criterion": criterion,
            "judge": judge,
            "by": by,
            "budget": budget,
            "map": None if map_named is None else map_at(map_named),
            "seed": seed,
        },
        settings,
    )
    with mistakes():
        typer.echo(
            json.dumps(run("plan/labels", study_at(study, scales), asked), indent=2, ensure_ascii=False)
        )


@app.command()
def weights(
    study: StudyNamed,
    criterion: Criterion,
    judges: Annotated[list[str], typer.Option(help="A judge of the study. Repeat it.")],
    scales: Scales = None,
    out: Out = None,
) -> None:
    """What the members of a panel should weigh, by their errors against the physicians' consensus.

    Prints the `weights` of a panel's settings and the number of items they are from.
    """
    with mistakes():
        asked = {"criterion": criterion, "judges": judges}
        answer = run("weights", study_at(study, scales), asked)
    write(out, answer)
    typer.echo(json.dumps({name: answer[name] for name in ("weights", "n_items")}, ensure_ascii=False))


@app.command()
def definitions(name: Annotated[str | None, typer.Argument(help="One statistic.")] = None) -> None:
    """What every figure means: formula, source, least n, names in other software."""
    found = run("definitions", None, {})["definitions"]
    shown = [each for each in found if name in {None, each["name"]}]
    if not shown:
        raise ConfigurationError(f"no statistic is named {name!r}")
    typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
