"""The command line. What a command needs is imported when it runs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge_service import __version__, calibration_commands, job_commands, judge_commands, rubric_commands
from judge_service.errors import ConfigurationError, JudgeServiceError
from judge_service.local import command as local_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.judges import Door
    from judge_service.settings import Settings

app = typer.Typer(
    name="judge-service",
    help="Put a trustworthy number on a model's free-text answer, or say why there is none.",
    epilog="Settings come from the environment: see `judge-service config check`. With nothing set, the "
    "embedded lexical baseline judges, offline; it is no language model and says so in every answer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Look at the settings.", no_args_is_help=True)
app.add_typer(rubric_commands.app, name="rubrics")
app.add_typer(config_app, name="config")
app.add_typer(calibration_commands.app, name="calibration")
app.add_typer(judge_commands.app, name="judges")
app.add_typer(job_commands.app, name="jobs")
app.add_typer(local_command.app, name="local")


Out = Annotated[
    Path,
    typer.Option(
        help="Where the scores go, one JSON object a line; parquet parts if it is a folder or ends in .parquet."
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=FIELD",
        help="Which column is which field of a case: prompt, response, reference, claim, "
        "visual_description, id, model (whose response it is), image (a file beside IN), subgroups.NAME. "
        "Columns with a field's name need none. Repeat it.",
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="`vllm`: load the judge's model in this process instead of asking its server. `ray`: share the rows "
        "out to processes, on the cluster that RAY_ADDRESS names or on this machine."
    ),
]
EngineModel = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER", help="The model that the judge's server serves; default: the judge's model."
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        help="Most that all rows may cost, earlier runs into --out included: no call is made whose worst case is "
        "more than what is left.",
        min=0,
    ),
]


def run() -> None:
    """Run the command line; a mistake in use or settings is one line and exit code 2."""
    try:
        app()
    except JudgeServiceError as exc:
        typer.echo(f"judge-service: {exc}", err=True)
        sys.exit(2)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Put a trustworthy number on a model's free-text answer, or say why there is none."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65_535)] = 8080,
) -> None:
    """Serve the scoring API. Documentation is at /docs, readiness at /readyz, figures at /metrics."""
    from judge_service.serving import serve as start  # noqa: PLC0415  uvicorn and FastAPI

    start(_settings(), host, port)


@app.command()
def worker(
    host: Annotated[str, typer.Option(help="Address to tell its health on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to tell its health on.", min=0, max=65_535)] = 8081,
) -> None:
    """Work on jobs that servers with the same store were handed; start as many as wanted, anywhere.

    It tells its health at /livez and /readyz and its figures at /metrics. SIGTERM: takes no more, finishes what it has.
    """
    from judge_service.main import create_worker  # noqa: PLC0415  the whole service
    from judge_service.serving import serve as start  # noqa: PLC0415  uvicorn and FastAPI

    start(_settings(), host, port, create=create_worker)


@app.command()
def score(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="A .jsonl, .ndjson, .csv or .parquet file, one case a row.",
            exists=True,
            dir_okay=False,
        ),
    ],
    out: Out,
    rubric: Annotated[str, typer.Option(help="`id`, or `id@version`.")],
    judge: Annotated[str, typer.Option(help="Name of a configured judge.")] = "default",
    columns: Columns = None,
    concurrency: Annotated[
        int | None,
        typer.Option(help="Rows at a time; default: the judge's max_concurrency.", min=1, max=4096),
    ] = None,
    mode: Annotated[str, typer.Option(help="auto, text or image.")] = "auto",
    partial: Annotated[
        str, typer.Option(help="forbid, or renormalise over the criteria that are scored.")
    ] = "forbid",
    cache: Annotated[str, typer.Option(help="use, refresh, only or off.")] = "use",
    deadline_ms: Annotated[int | None, typer.Option(help="Per row.", min=1)] = None,
    max_cost_usd: MaxCost = None,
    restart: Annotated[bool, typer.Option(help="Begin anew instead of going on with --out.")] = False,
    again: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OUTCOME",
            help="Ask rows of this outcome again too: refused, truncated, unparsable, rejected_input… "
            "Repeat it.",
        ),
    ] = None,
    engine: Engine = None,
    engine_model: EngineModel = None,
) -> None:
    """Score the rows of a file.

    Ctrl-C stops it. The same command goes on, and asks again where no answer was had (provider_error,
    timeout, cost_cap); every other outcome is settled, see --again. One file given as --out holds the scores of one
    judge under one rubric, mode and partial.

    Exit codes: 0 every row is settled; 3 some rows are not, and the last lines say which; 130 stopped;
    2 a mistake in the command, the settings or the files.
    """
    from judge_service.files.command import Orders, score_command  # noqa: PLC0415  the whole scorer

    settings = {"mode": mode, "partial": partial, "cache": cache, "deadline_ms": deadline_ms}
    maps, outcomes = tuple(columns or ()), tuple(again or ())
    orders = Orders(path, out, rubric, judge, maps, settings, concurrency, restart=restart, again=outcomes)
    chosen, doors = _doors(_settings(), judge, engine, engine_model)
    orders = replace(orders, doors=doors, max_cost_usd=max_cost_usd, spread=engine == "ray")
    raise typer.Exit(score_command(chosen, orders))


@config_app.command("check")
def check_config() -> None:
    """Print the settings in force, secrets hidden, and open all they name; a mistake fails."""
    from judge_service.main import check  # noqa: PLC0415  the whole service

    settings = _settings()
    typer.echo(json.dumps(redacted(settings.model_dump(mode="json")), indent=2))
    check(settings)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from judge_service.main import create_app  # noqa: PLC0415

    typer.echo(json.dumps(create_app(_settings()).openapi(), indent=2, sort_keys=True))


def _doors(
    settings: Settings, judge: str, engine: str | None, folder: str | None
) -> tuple[Settings, Mapping[str, Door]]:
    """What a run scores with: the judges' own doors, or one that loads the judge's model."""
    if engine in {None, "ray"}:
        if folder is not None:
            raise ConfigurationError("--engine-model is for --engine vllm, which is not given")
        return settings, {}
    from judge_service.offline import in_process  # noqa: PLC0415  looks for vLLM and its machine

    return in_process(settings, judge, engine, folder)


def _settings() -> Settings:
    from judge_service.settings import load_settings  # noqa: PLC0415  pydantic

    return load_settings()


def redacted(settings: dict[str, Any]) -> dict[str, Any]:
    """Hide what may be a secret: userinfo and query of every address, values of further request fields."""
    judges = {
        name: judge | {"base_url": _shown(judge["base_url"]), "extra_body": sorted(judge["extra_body"])}
        if "base_url" in judge
        else judge
        for name, judge in settings["judges"].items()
    }
    return settings | {"store_url": _shown(settings["store_url"]), "judges": judges}


def _shown(url: str | None) -> str | None:
    # Not by urllib: a password with / or # or ? in it is where it would not look for one.
    if url is None:
        return None
    scheme, found, rest = url.partition("://") if "://" in url else ("", "", url)
    place, asks, query = rest.replace("#", "?").partition("?")
    if "@" in query:
        return f"{scheme}{found}***"
    place = f"***@{place.rpartition('@')[2]}" if "@" in place else place
    hidden = [f"{pair.partition('=')[0]}=***" if "=" in pair else "***" for pair in query.split("&")]
    return f"{scheme}{found}{place}{asks}{'&'.join(hidden) if asks else ''}"
