"""What the calibration commands share: how a study is read, an operation run, a mistake told."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from judge_calibration.errors import CalibrationError, StudyRejected
from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from judge_calibration.study import Study

_FAULTS = 50  # told one by one

_KEPT = "sha256:"  # what the ids of kept studies and maps begin with

StudyNamed = Annotated[
    Path,
    typer.Argument(
        metavar="STUDY", help="Rows of physicians and judges: a file, or the id of a kept study (`keep`)."
    ),
]
Scales = Annotated[
    str | None,
    typer.Option(
        help="Declared scales as JSON, or the path of a JSON file; default: in the study, or STUDY's "
        "sibling NAME.scales.json."
    ),
]
Out = Annotated[Path | None, typer.Option("--json", help="Write the whole answer here.", dir_okay=False)]
Resamples = Annotated[
    int | None,
    typer.Option(help="Bootstrap draws; 0: jackknife and formulas only.", min=0, show_default="2000"),
]
Seed = Annotated[
    int | None,
    typer.Option(help="Of every draw: the same seed gives the same bytes.", min=0, show_default="0"),
]
Epsilon = Annotated[
    float | None, typer.Option(help="Tolerated loss of the alternative annotator test.", show_default="0.2")
]
Level = Annotated[float | None, typer.Option(help="Of intervals.", show_default="0.95")]
Criteria = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this criterion. Repeat it. Default: all.")
]
Judges = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this judge. Repeat it. Default: all.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other option that the operation takes over HTTP, VALUE as JSON or as text; a NAME that is none is "
        "answered with those that are. Repeat it.",
    ),
]
Map = Annotated[
    str | None, typer.Option("--map", metavar="MAP", help="An artefact's file, or the id of a kept map.")
]
ClusterBy = Annotated[
    str | None, typer.Option(help="`item`, `cluster`, or a subgroup variable; default: declared clusters.")
]
Criterion = Annotated[str, typer.Option(help="Name of the criterion.")]
Judge = Annotated[str, typer.Option(help="Name of the judge in the study.")]


def study_at(named: Path, scales: str | None) -> Study:
    """The study of a file, or the kept one of an id; `StudyNotFound`."""
    if is_kept(named):
        if scales is not None:
            raise ConfigurationError("--scales: a kept study has its own")
        study: Study = at_desk(lambda desk: desk.study({"study": str(named)}))[0]
        return study
    from judge_calibration.ingest import read_study  # noqa: PLC0415  numpy

    return read_study(named, None if scales is None else _object(scales))


def is_kept(named: str | Path) -> bool:
    """Whether a name is the id of what is kept, and no file's."""
    return str(named).startswith(_KEPT)


def map_at(named: str) -> Any:
    """The artefact in a file, or the kept one of an id; `MapNotFound`."""
    if not is_kept(named):
        return json_at(Path(named))

    async def found(desk: Any) -> dict[str, Any]:
        return dict((await desk.archive.find(named)).content)

    return at_desk(found)


def asked_of(
    named: Mapping[str, object], pairs: Sequence[str] | None, option: str = "--set"
) -> dict[str, object]:
    """What was given by name, and NAME=VALUE pairs beside it; None is not given, and twice is a mistake."""
    asked = {name: value for name, value in named.items() if value is not None}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"{option}: {pair!r}: write NAME=VALUE")
        if name in asked:
            raise ConfigurationError(f"{option}: {name!r} is given twice")
        asked[name] = value_of(value)
    return asked


def _object(given: str) -> dict[str, object]:
    text = given.strip()
    try:
        found = json.loads(text) if text.startswith("{") else json_at(Path(text))
    except json.JSONDecodeError as exc:
        raise ConfigurationError(f"--scales: {exc.msg} at character {exc.pos}") from exc
    if not isinstance(found, dict):
        raise ConfigurationError("--scales: is a JSON object: criterion → scale")
    return found


def json_at(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"{path}: {type(exc).__name__}: not a JSON file") from exc


def run(name: str, study: Study | None, given: Mapping[str, object]) -> dict[str, Any]:
    """Run an operation of the library."""
    from judge_calibration.operations import run  # noqa: PLC0415  numpy and scipy

    return run(name, study, given)


def at_desk(work: Callable[[Any], Any]) -> Any:
    """Open the configured service, do something at its calibration desk, and close it."""
    from judge_service.main import open_state  # noqa: PLC0415  the whole service
    from judge_service.observation import Observation  # noqa: PLC0415
    from judge_service.settings import load_settings  # noqa: PLC0415

    async def opened() -> Any:
        async with open_state(load_settings(), Observation()) as state:
            return await work(state["desk"])

    return asyncio.run(opened())


@contextmanager
def mistakes() -> Iterator[None]:
    """Tell the library's errors as mistakes in use: row by row, on standard error, exit code 2."""
    try:
        yield
    except StudyRejected as exc:
        for fault in exc.faults[:_FAULTS]:
            typer.echo(f"judge-service: {fault}", err=True)
        if exc.total > _FAULTS:
            typer.echo(f"judge-service: and {exc.total - _FAULTS} more", err=True)
        raise typer.Exit(2) from None
    except CalibrationError as exc:
        typer.echo(f"judge-service: {exc}", err=True)
        raise typer.Exit(2) from None


def stop(words: str) -> NoReturn:
    """Tell a mistake in use in one line, and end."""
    typer.echo(f"judge-service: {words}", err=True)
    raise typer.Exit(2)


def write(path: Path | None, answer: object) -> None:
    """Write an answer where it is wanted."""
    if path is not None:
        write_text(path, json.dumps(answer, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file, or say in one line why not."""
    try:
        path.write_text(text, "utf-8")
    except OSError as exc:
        stop(f"{path} cannot be written: {type(exc).__name__}")


def by_criterion(option: str, given: list[str] | None) -> float | dict[str, float] | None:
    """Points for all criteria (`60`), or by criterion (`score=60`, once for each)."""
    if not given:
        return None
    named: dict[str, float] = {}
    for text in given:
        name, equals, number = text.rpartition("=")
        try:
            points = float(number)
        except ValueError:
            raise ConfigurationError(f"{option}: {text!r}: write POINTS or CRITERION=POINTS") from None
        if not equals and len(given) == 1:
            return points
        if not name or name in named:
            raise ConfigurationError(f"{option}: write POINTS once, or CRITERION=POINTS once for each")
        named[name] = points
    return named


def with_ci(statistic: Mapping[str, Any]) -> str:
    """A statistic with its interval."""
    if statistic["estimate"] is None:
        return f"undefined ({statistic['reason']})"
    ci = statistic["ci"]
    return figure(statistic["estimate"]) + (f" [{figure(ci['low'])} to {figure(ci['high'])}]" if ci else "")


def figure(value: float | None, digits: int = 2) -> str:
    """A figure, or null."""
    return "null" if value is None else f"{value:.{digits}f}"


def value_of(text: str) -> object:
    """A value as JSON where it is that, else a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
