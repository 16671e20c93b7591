"""Commands that look at a study: report, profile, alt-test, compare, estimate."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge_service.calibration_commands.common import (
    ClusterBy,
    Criteria,
    Criterion,
    Epsilon,
    Judge,
    Judges,
    Level,
    Out,
    Resamples,
    Scales,
    Seed,
    Settings,
    StudyNamed,
    asked_of,
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
    study: StudyNamed,
    scales: Scales = None,
    html: Annotated[Path | None, typer.Option(help="Write the page here.", dir_okay=False)] = None,
    out: Out = None,
    resamples: Resamples = None,
    seed: Seed = None,
    level: Level = None,
    epsilon: Epsilon = None,
    cluster_by: ClusterBy = None,
    subgroups: Annotated[
        list[str] | None,
        typer.Option(help="Variables to split by. Repeat it. None: `--set subgroups=[]`."),
    ] = None,
    criteria: Criteria = None,
    judges: Judges = None,
    settings: Settings = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="comparisons, audits or means besides. Repeat it. Default of a page: all."),
    ] = None,
) -> None:
    """Report on a study: a sentence for each criterion and judge, and the page or the data on request."""
    named = {
        "resamples": resamples,
        "seed": seed,
        "level": level,
        "epsilon": epsilon,
        "cluster_by": cluster_by,
        "subgroups": subgroups,
        "criteria": criteria,
        "judges": judges,
    }
    options = asked_of(named, settings)
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
def profile(study: StudyNamed, scales: Scales = None) -> None:
    """Counts, gaps, overlap and warnings of a study."""
    with mistakes():
        typer.echo(json.dumps(study_at(study, scales).profile(), indent=2, ensure_ascii=False))


@app.command("alt-test")
def alt_test(
    study: StudyNamed,
    scales: Scales = None,
    epsilon: Epsilon = None,
    criteria: Criteria = None,
    judges: Judges = None,
    settings: Settings = None,
    out: Out = None,
) -> None:
    """May a judge stand in for a physician? ω, ρ and the ε at which the verdict turns."""
    asked = asked_of({"epsilon": epsilon, "criteria": criteria, "judges": judges}, settings)
    with mistakes():
        answer = run("alt-test", study_at(study, scales), asked)
    write(out, answer)
    for criterion, tested in answer["criteria"].items():
        for judge, told in tested.items():
            test = told["test"]
            typer.echo(
                f"{criterion}, {judge}: ω {figure(test['omega'])}, ρ {figure(test['rho'])}, "
                f"passes {test['passes']}, turns at ε {figure(test['flip_epsilon'], 3)}"
            )


@app.command()
def compare(
    study: StudyNamed,
    judge_a: Annotated[str, typer.Option(help="The first judge.")],
    judge_b: Annotated[str, typer.Option(help="The second.")],
    scales: Scales = None,
    resamples: Resamples = None,
    seed: Seed = None,
    cluster_by: ClusterBy = None,
    settings: Settings = None,
    out: Out = None,
) -> None:
    """Two judges on the same items: differences with intervals on shared resamples, and tests."""
    options = asked_of({"resamples": resamples, "seed": seed, "cluster_by": cluster_by}, settings)
    with mistakes():
        asked = {"judge_a": judge_a, "judge_b": judge_b, "options": options}
        answer = run("compare", study_at(study, scales), asked)
    write(out, answer)
    for criterion, told in answer["criteria"].items():
        for name in ("kappa_quadratic", "kappa_unweighted", "ccc", "mae", "bias"):
            if name in told["statistics"]:
                gap = told["statistics"][name]["difference"]
                typer.echo(f"{criterion}, {name}: {judge_b} minus {judge_a} {with_ci(gap)}")


@app.command()
def estimate(
    study: StudyNamed,
    criterion: Criterion,
    judge: Judge,
    by: Annotated[
        str | None,
        typer.Option(help="Variable that names the model; default: model_family, where there is one."),
    ] = None,
    cluster_by: ClusterBy = None,
    settings: Settings = None,
    scales: Scales = None,
    out: Out = None,
) -> None:
    """Mean score of every model, from few labels and many judge scores."""
    given = {"criterion": criterion, "judge": judge, "by": by, "cluster_by": cluster_by}
    asked = asked_of(given, settings)
    with mistakes():
        answer = run("estimate", study_at(study, scales), asked)
    write(out, answer)
    for model in answer["models"]:
        typer.echo(
            f"{model['model']}: {with_ci(model['mean'])}, labels alone {with_ci(model['labels_only'])}"
        )
