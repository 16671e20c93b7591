"""Commands on two judges, one in place of the other: swap, equate."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge_service.calibration_commands.common import (
    ClusterBy,
    Criterion,
    Out,
    Resamples,
    Scales,
    Seed,
    Settings,
    StudyNamed,
    asked_of,
    at_desk,
    by_criterion,
    figure,
    mistakes,
    run,
    stop,
    study_at,
    with_ci,
    write,
)
from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer()


@app.command()
def swap(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY|CASES",
            help="A study that holds both judges' scores: a file, or the id of a kept one (`keep`); or with "
            "--rubric a cases file, which both configured judges score first.",
        ),
    ],
    judge_a: Annotated[str, typer.Option(help="The judge in use.")],
    judge_b: Annotated[str, typer.Option(help="The judge that would take its place.")],
    rubric: Annotated[str | None, typer.Option(help="Score the cases of a file under this rubric.")] = None,
    ratings: Annotated[
        Path | None,
        typer.Option(help="With --rubric: physicians' ratings, a study file without judges.", exists=True),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CRITERION=]POINTS", help="Decisions turn at this score. Repeat it by criterion."
        ),
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CRITERION=]POINTS",
            help="A shift within ± this is no difference; default: a twentieth of the scale.",
        ),
    ] = None,
    scales: Scales = None,
    resamples: Resamples = None,
    seed: Seed = None,
    cluster_by: ClusterBy = None,
    settings: Settings = None,
    out: Out = None,
) -> None:
    """What changes when one judge takes another's place: the verdict, the shift, the decisions that flip."""
    asked: dict[str, object] = {
        "judge_a": judge_a,
        "judge_b": judge_b,
        "threshold": by_criterion("--threshold", threshold),
        "margin": by_criterion("--margin", margin),
        "options": asked_of({"resamples": resamples, "seed": seed, "cluster_by": cluster_by}, settings),
    }
    with mistakes():
        if rubric is None:
            answer = run("swap", study_at(source, scales), asked)
        else:
            rated = study_at(ratings, scales).rows()["ratings"] if ratings else []
            order = {**asked, "rubric": rubric, "cases": _cases(source), "ratings": rated}
            answer = at_desk(lambda desk: _swap_on_cases(desk, order))
    write(out, answer)
    typer.echo(f"{answer['verdict']}: {answer['sentence']}")
    for criterion, told in answer["criteria"].items():
        typer.echo(f"{criterion}: {told['verdict']}, {_moved(told)}")


def _moved(told: Mapping[str, Any]) -> str:
    """The shift of a criterion, and the decisions that turn."""
    shift, flips = told.get("shift"), told.get("flips")
    moved = f"shift {with_ci(shift)}" if shift else f"the same on {told['same']['share']:.0%}"
    if not flips or "now_pass" not in flips:
        return moved
    turned = f"{flips['now_pass']} now pass and {flips['now_fail']} now fail of {flips['n_items']}"
    return f"{moved}, {turned}"


async def _swap_on_cases(desk: Any, order: Mapping[str, object]) -> dict[str, Any]:
    from judge_service.calibrations.anchors import swap_on_cases  # noqa: PLC0415  the whole scorer

    return await swap_on_cases(desk, order)


def _cases(path: Path) -> list[dict[str, object]]:
    if not path.is_file():
        stop(f"{path}: there is no such file")
    from judge_service.files.rows import read_rows  # noqa: PLC0415  likewise

    found = []
    for row in read_rows(path, {}):
        if row.case is None:
            raise ConfigurationError(f"{path.name} row {row.number}: {row.fault}")
        found.append(row.case.model_dump(mode="json"))
    return found


@app.command()
def equate(
    study: StudyNamed,
    criterion: Criterion,
    judge_a: Annotated[str, typer.Option(help="The judge on whose scale the scores come to be.")],
    judge_b: Annotated[str, typer.Option(help="The judge whose scores are moved.")],
    scales: Scales = None,
    method: Annotated[
        str | None, typer.Option(help="linear or equipercentile.", show_default="linear")
    ] = None,
    settings: Settings = None,
    out: Out = None,
) -> None:
    """One judge's scores on another one's scale, on the items that both scored."""
    given = {"criterion": criterion, "judge_a": judge_a, "judge_b": judge_b, "method": method}
    asked = asked_of(given, settings)
    with mistakes():
        answer = run("equate", study_at(study, scales), asked)
    write(out, answer)
    for knot in answer["equating"]["knots"]:
        typer.echo(f"{criterion}, {judge_b} {figure(knot[0])} → {judge_a} {figure(knot[1])}")
