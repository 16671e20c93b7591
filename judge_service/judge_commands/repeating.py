"""`judge-service judges repeatability`: the same cases scored again and again, past the cache."""

from __future__ import annotations

import asyncio
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge_service.errors import ConfigurationError, RequestError
from judge_service.judge_commands.common import JudgeName, bound, settings, table, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_service.domain.case import Case
    from judge_service.domain.score import Score
    from judge_service.scoring.scorer import Scorer
    from judge_service.settings import Settings

app = typer.Typer()


@app.command()
def repeatability(
    name: JudgeName,
    cases: Annotated[
        Path,
        typer.Argument(metavar="CASES", help="A .jsonl, .ndjson or .csv file.", exists=True, dir_okay=False),
    ],
    rubric: Annotated[str, typer.Option(help="`id`, or `id@version`.")],
    times: Annotated[int, typer.Option(help="How often each case is scored.", min=2, max=100)] = 5,
    mode: Annotated[str, typer.Option(help="auto, text or image.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="Write it as JSON here too.", dir_okay=False)] = None,
) -> None:
    """Score the same cases several times, with the cache off, and tell how much the scores differ.

    Exit codes: 0 there is a figure; 1 nothing was scored twice; 2 a mistake in the command, settings or file.
    """
    found = settings()
    bound(found, name)
    answer = asyncio.run(_answer(found, name, cases, {"rubric": rubric, "judge": name, "mode": mode}, times))
    if out is not None:
        write(out, answer)
    _tell(answer)
    raise typer.Exit(0 if answer["total"]["all_equal"]["cases_scored_every_time"] or _has_sd(answer) else 1)


def _has_sd(answer: Mapping[str, Any]) -> bool:
    told = [answer["total"], *answer["criteria"].values()]
    return any(each["sd"]["estimate"] is not None for each in told)


async def _answer(
    found: Settings, name: str, path: Path, asked: Mapping[str, object], times: int
) -> dict[str, Any]:
    from judge_service.domain.panel import concurrency  # noqa: PLC0415  the whole service, from here on
    from judge_service.logs import set_up_logs  # noqa: PLC0415  the whole service, from here on
    from judge_service.main import open_state  # noqa: PLC0415
    from judge_service.observation import Observation  # noqa: PLC0415

    set_up_logs("ERROR")
    cases = _cases(path)
    async with open_state(found, Observation()) as state:
        scorer = state["scorer"]
        rubric = scorer.rubrics.get(str(asked["rubric"])).rubric
        at_once = asyncio.Semaphore(concurrency(found.judges, name))
        try:
            async with asyncio.TaskGroup() as group:
                jobs = [
                    [group.create_task(_score(scorer, number, case, asked, at_once)) for _ in range(times)]
                    for number, case in cases
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
    scores = [[job.result() for job in each] for each in jobs]
    return _document(scores, [criterion.id for criterion in rubric.criteria], asked, times)


async def _score(
    scorer: Scorer, number: int, case: Case, asked: Mapping[str, object], at_once: asyncio.Semaphore
) -> Score:
    from judge_service.domain.request import DEADLINE_CAP_MS, ScoreRequest  # noqa: PLC0415  pydantic
    from judge_service.strict_json import validated  # noqa: PLC0415

    order = {**asked, "case": case, "cache": "off", "calibration": "none"}
    async with at_once:
        deadline = asyncio.get_running_loop().time() + DEADLINE_CAP_MS / 1000
        try:
            return await scorer.score(validated(order, ScoreRequest), deadline=deadline)
        except RequestError as exc:
            raise ConfigurationError(f"row {number}: {exc}") from exc


def _cases(path: Path) -> list[tuple[int, Case]]:
    from judge_service.files.rows import count_rows, read_rows  # noqa: PLC0415  pydantic

    count_rows(path, {})
    found = []
    for row in read_rows(path, {}):
        if row.case is None:
            raise ConfigurationError(f"{path.name} row {row.number}: {row.fault}")
        found.append((row.number, row.case))
    if not found:
        raise ConfigurationError(f"{path.name} holds no case")
    return found


def _document(
    scores: Sequence[Sequence[Score]], criteria: Sequence[str], asked: Mapping[str, object], times: int
) -> dict[str, Any]:
    from judge_service.domain.bill import Bill  # noqa: PLC0415
    from judge_service.judge_commands.repeats import repeatability, totals, verdicts  # noqa: PLC0415

    bill = Bill()
    for case in scores:
        for score in case:
            bill.add(score.provenance)
    judged = [case for case in scores if case[0].provenance.instrument != "guard"]
    first = (judged or scores)[0][0].provenance
    answer: dict[str, Any] = {
        **asked,
        "rubric": first.rubric,
        "model": first.model,
        "sampling": dict(first.sampling),
        "schema_mode": first.schema_mode,
        "times": times,
        "cases": len(judged),
        "guarded": len(scores) - len(judged),  # content-free responses, about which no judge is asked
        "criteria": {name: repeatability(verdicts(judged, name)) for name in criteria},
        "total": repeatability(totals(judged)),
        "bill": bill.as_json(),
    }
    return answer | {"statement": statement(answer)}


def statement(answer: Mapping[str, Any]) -> str:
    """The answer in plain words."""
    total = answer["total"]
    equal, askings = total["all_equal"], answer["cases"] * answer["times"]
    asked = f"{answer['times']} times about each of {answer['cases']} cases under {answer['rubric']}"
    same = f"{equal['equal']} of the {equal['cases_scored_every_time']} cases that were scored every time"
    parts = [
        f"Judge {answer['judge']!r} was asked {asked}, past the cache.",
        _spread(total),
        f"{same} got the same score each time.",
    ]
    if total["unscored"]:
        named = ", ".join(f"{outcome} {count}" for outcome, count in total["unscored"].items())
        parts.append(f"{sum(total['unscored'].values())} of {askings} askings gave no score: {named}.")
    if answer["guarded"]:
        count = answer["guarded"]
        parts.append(f"Cases without content, about which no judge is asked, are left out: {count}.")
    return " ".join(parts)


def _spread(total: Mapping[str, Any]) -> str:
    sd, icc = total["sd"], total["icc"]
    if sd["estimate"] is None:
        return f"How much its scores differ is unknown: {sd['reason']}."
    told = f"Scores of one case differ from asking to asking by a standard deviation of {sd['estimate']:.2f} points"
    return f"{told}; the ICC of a single score is {_interval(icc)}."


def _interval(icc: Mapping[str, Any]) -> str:
    if icc["estimate"] is None:
        return f"undefined ({icc['reason']})"
    ci = icc["ci"]
    return f"{icc['estimate']:.3f}" + (f" [{ci['low']:.3f} to {ci['high']:.3f}]" if ci else "")


def _tell(answer: Mapping[str, Any]) -> None:
    rows = [_row(name, told) for name, told in [*answer["criteria"].items(), ("total", answer["total"])]]
    table(("criterion", "SD, points", "ICC of one score", "same each time", "scored", "unscored"), rows)
    typer.echo(answer["statement"])


def _row(name: str, told: Mapping[str, Any]) -> tuple[str, ...]:
    sd, equal = told["sd"]["estimate"], told["all_equal"]
    unscored = ", ".join(f"{outcome} {count}" for outcome, count in told["unscored"].items())
    spread = "null" if sd is None else f"{sd:.2f}"
    same = f"{equal['equal']} of {equal['cases_scored_every_time']}"
    return (name, spread, _interval(told["icc"]), same, str(told["scored"]), unscored or "-")
