"""Commands that look for what a judge should not do: drift, audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge_service.calibration_commands.common import (
    ClusterBy,
    Judge,
    Map,
    Out,
    Scales,
    Settings,
    StudyNamed,
    asked_of,
    map_at,
    mistakes,
    run,
    study_at,
    with_ci,
    write,
)
from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

app = typer.Typer()
Family = Annotated[
    str | None, typer.Option(help="The variable that names the model.", show_default="model_family")
]


@app.command()
def drift(
    study: StudyNamed,
    judge_before: Annotated[str, typer.Option(help="The judge as it was.")],
    judge_after: Annotated[str, typer.Option(help="The judge as it is.")],
    margin: Annotated[
        float | None, typer.Option(help="In points; default: a twentieth of the scale.")
    ] = None,
    map_named: Map = None,
    family: Family = None,
    monitor: Annotated[
        bool, typer.Option("--monitor", help="Compare the distributions of scores as well, without labels.")
    ] = False,
    arrival: Annotated[
        str | None,
        typer.Option(help="The covariate in whose order items came to be rated: errors at every look."),
    ] = None,
    cluster_by: ClusterBy = None,
    settings: Settings = None,
    scales: Scales = None,
    out: Out = None,
) -> None:
    """Tell whether the judge has changed on the anchor items."""
    asked: dict[str, object] = {
        "judge_before": judge_before,
        "judge_after": judge_after,
        "margin": margin,
        "map": None if map_named is None else map_at(map_named),
        "family": family,
        "monitor": monitor,
        "arrival": arrival,
        "options": asked_of({"cluster_by": cluster_by}, settings),
    }
    with mistakes():
        answer = run("drift", study_at(study, scales), asked)
    write(out, answer)
    for criterion, told in answer["criteria"].items():
        typer.echo(f"{criterion}: {told['verdict']}, shift {with_ci(told['shift'])}")


@app.command()
def audit(
    study: StudyNamed,
    judge: Judge,
    own_family: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[JUDGE=]FAMILY",
            help="A judge's own model family; without JUDGE, the audited one's. Repeat it.",
        ),
    ] = None,
    tokens: Annotated[
        str | None,
        typer.Option(help="The covariate with the answers' length.", show_default="answer_tokens"),
    ] = None,
    family: Family = None,
    margin: Annotated[
        float | None, typer.Option(help="Subgroups within ± this many points are equivalent.")
    ] = None,
    changed: Annotated[
        str | None,
        typer.Option(help="The same judge with another order, format or wording: its name in the study."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Of --changed: from it on a score is a yes.")
    ] = None,
    cluster_by: ClusterBy = None,
    settings: Settings = None,
    scales: Scales = None,
    out: Out = None,
) -> None:
    """Tell whether the judge favours length, a family of models, a subgroup."""
    asked: dict[str, object] = {
        "judge": judge,
        "own_families": _families(judge, own_family or []),
        "tokens": tokens,
        "family": family,
        "margin": margin,
        "changed": changed,
        "threshold": threshold,
        "options": asked_of({"cluster_by": cluster_by}, settings),
    }
    with mistakes():
        answer = run("audit", study_at(study, scales), asked)
    write(out, answer)
    for criterion, told in answer["criteria"].items():
        for line in _biases(told):
            typer.echo(f"{criterion}, {line}")


def _families(judge: str, given: list[str]) -> dict[str, str]:
    """Judge → its own family."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, family = text.rpartition("=")
        whose = name if equals else judge
        if whose in found:
            raise ConfigurationError(f"--own-family: {whose!r} has one already")
        found[whose] = family
    return found


def _biases(told: Mapping[str, Any]) -> Iterator[str]:
    if told["length"]:
        yield f"per doubling of length: {with_ci(told['length']['adjusted'])}"
    for each in told["family"]["judges"] if told["family"] else []:
        if each["own"] is not None:
            yield f"own family {each['own']}: {with_ci(each['preference'])}"
    for variable, table in told.get("subgroups", {}).items():
        for row in table["groups"]:
            yield f"{variable} {row['group']}: {with_ci(row['at_equal_quality'])}"
