"""Commands that look at a study: report, profile, alt-test, compare, estimate, drift, audit."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge_service.calibration_commands.common import (
    ClusterBy,
    Criterion,
    Judge,
    Out,
    Resamples,
    Scales,
    Seed,
    StudyFile,
    figure,
    mistakes,
    run,
    study_at,
    with_ci,
    write,
    write_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

app = typer.Typer()


@app.command()
def report(
    study: StudyFile,
    scales: Scales = None,
    html: Annotated[Path | None, typer.Option(help="Write the page here.", dir_okay=False)] = None,
    out: Out = None,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    epsilon: Annotated[float, typer.Option(help="Of the alternative annotator test.")] = 0.2,
    cluster_by: ClusterBy = None,
    subgroups: Annotated[list[str] | None, typer.Option(help="Variables to split by. Repeat it.")] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="comparisons, audits or means besides. Repeat it. Default of a page: all."),
    ] = None,
) -> None:
    """Report on a study: a sentence for each criterion and judge, and the page or the data on request."""
    options: dict[str, object] = {
        "resamples": resamples,
        "seed": seed,
        "epsilon": epsilon,
        "cluster_by": cluster_by,
        "subgroups": subgroups,
    }
    with mistakes():
        if html is not None and include is None:
            from judge_calibration.operations.further import PARTS  # noqa: PLC0415  paid when used

            include = list(PARTS)
        answer = run("report", study_at(study, scales), {"options": options, "include": include})
        write(out, answer)
        if html is not None:
            from judge_calibration.page import page  # noqa: PLC0415  likewise

            write_text(html, page(answer))
    for line in verdicts(answer):
        typer.echo(line)
    if html is not None:
        typer.echo(f"Page: {html}")


def verdicts(answer: Mapping[str, Any]) -> Iterator[str]:
    """A line for each criterion and judge."""
    for criterion, each in answer["criteria"].items():
        if not each["judges"]:
            alpha = each["raters"]["statistics"][_ALPHAS[each["scale"]["kind"]]]
            yield f"{criterion}: no judge; {alpha['label']} of physicians {with_ci(alpha)}"
        for judge, told in each["judges"].items():
            yield f"{criterion}, {judge}: {told['verdict']['line']}"


_ALPHAS = {
    "ordinal": "alpha_ordinal",
    "interval": "alpha_interval",
    "binary": "alpha_nominal",
    "nominal": "alpha_nominal",
}


@app.command()
def profile(study: StudyFile, scales: Scales = None) -> None:
    """Counts, gaps, overlap and warnings of a study."""
    with mistakes():
        typer.echo(json.dumps(study_at(study, scales).profile(), indent=2, ensure_ascii=False))


@app.command("alt-test")
def alt_test(
    study: StudyFile,
    scales: Scales = None,
    epsilon: Annotated[float, typer.Option(help="Tolerated loss.")] = 0.2,
    out: Out = None,
) -> None:
    """May a judge stand in for a physician? ω, ρ and the ε at which the verdict turns."""
    with mistakes():
        answer = run("alt-test", study_at(study, scales), {"epsilon": epsilon})
    write(out, answer)
    for criterion, judges in answer["criteria"].items():
        for judge, told in judges.items():
            test = told["test"]
            typer.echo(
                f"{criterion}, {judge}: ω {figure(test['omega'])}, ρ {figure(test['rho'])}, "
                f"passes {test['passes']}, turns at ε {figure(test['flip_epsilon'], 3)}"
            )


@app.command()
def compare(
    study: StudyFile,
    judge_a: Annotated[str, typer.Option(help="The first judge.")],
    judge_b: Annotated[str, typer.Option(help="The second.")],
    scales: Scales = None,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Two judges on the same items: differences with intervals on shared resamples, and tests."""
    with mistakes():
        asked = {"judge_a": judge_a, "judge_b": judge_b, "options": {"resamples": resamples, "seed": seed}}
        answer = run("compare", study_at(study, scales), asked)
    write(out, answer)
    for criterion, told in answer["criteria"].items():
        for name in ("kappa_quadratic", "kappa_unweighted", "ccc", "mae", "bias"):
            if name in told["statistics"]:
                gap = told["statistics"][name]["difference"]
                typer.echo(f"{criterion}, {name}: {judge_b} minus {judge_a} {with_ci(gap)}")


@app.command()
def estimate(
    study: StudyFile,
    criterion: Criterion,
    judge: Judge,
    by: Annotated[
        str | None,
        typer.Option(help="Variable that names the model; default: model_family, where there is one."),
    ] = None,
    scales: Scales = None,
    out: Out = None,
) -> None:
    """Mean score of every model, from few labels and many judge scores."""
    with mistakes():
        asked = {"criterion": criterion, "judge": judge} | ({} if by is None else {"by": by})
        answer = run("estimate", study_at(study, scales), asked)
    write(out, answer)
    for model in answer["models"]:
        typer.echo(
            f"{model['model']}: {with_ci(model['mean'])}, labels alone {with_ci(model['labels_only'])}"
        )


@app.command()
def drift(
    study: StudyFile,
    judge_before: Annotated[str, typer.Option(help="The judge as it was.")],
    judge_after: Annotated[str, typer.Option(help="The judge as it is.")],
    margin: Annotated[float | None, typer.Option(help="In points.", min=0)] = None,
    scales: Scales = None,
    out: Out = None,
) -> None:
    """Tell whether the judge has changed on the anchor items."""
    with mistakes():
        asked = {"judge_before": judge_before, "judge_after": judge_after, "margin": margin}
        answer = run("drift", study_at(study, scales), asked)
    write(out, answer)
    for criterion, told in answer["criteria"].items():
        typer.echo(f"{criterion}: {told['verdict']}, shift {with_ci(told['shift'])}")


@app.command()
def audit(
    study: StudyFile,
    judge: Judge,
    own_family: Annotated[str | None, typer.Option(help="The judge's own model family.")] = None,
    scales: Scales = None,
    out: Out = None,
) -> None:
    """Tell whether the judge favours length, a family of models, a subgroup."""
    with mistakes():
        own = {judge: own_family} if own_family else {}
        answer = run("audit", study_at(study, scales), {"judge": judge, "own_families": own})
    write(out, answer)
    for criterion, told in answer["criteria"].items():
        for line in _biases(told):
            typer.echo(f"{criterion}, {line}")


def _biases(told: Mapping[str, Any]) -> Iterator[str]:
    if told["length"]:
        yield f"per doubling of length: {with_ci(told['length']['adjusted'])}"
    for each in told["family"]["judges"] if told["family"] else []:
        if each["own"] is not None:
            yield f"own family {each['own']}: {with_ci(each['preference'])}"
    for variable, table in told.get("subgroups", {}).items():
        for row in table["groups"]:
            yield f"{variable} {row['group']}: {with_ci(row['at_equal_quality'])}"
