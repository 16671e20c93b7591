"""The image's recipe, read without an engine: what it copies, as whom it runs, what it starts."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from judge_service.settings import PREFIX, Settings
from judge_service.stores.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    """One `FROM` with the instructions under it."""

    image: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [text for name, text in self.steps if name == word]

    def last(self, word: str) -> str:
        return self.all(word)[-1]


def parse(text: str) -> list[Stage]:
    """Read instructions with their continuation lines; comments go, build arguments are put in."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    instructions = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in instructions:
        word, _, rest = instruction.partition(" ")
        if word == "ARG" and not stages:
            name, _, value = rest.partition("=")
            arguments[f"${{{name}}}"] = value
        elif word == "FROM":
            image = rest.split(" AS ")[0]
            stages.append(Stage(arguments.get(image, image)))
        else:
            stages[-1].steps.append((word, rest.strip()))
    return stages


STAGES = parse((ROOT / "Dockerfile").read_text("utf-8"))
BUILDER, FINAL = STAGES[0], STAGES[-1]


def environment(stage: Stage) -> dict[str, str]:
    pairs = (pair for line in stage.all("ENV") for pair in shlex.split(line))
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def copies(stage: Stage) -> list[tuple[list[str], list[str], str]]:
    """Every COPY as (flags, sources, target)."""
    split = [line.split() for line in stage.all("COPY")]
    parts = [
        ([w for w in words if w.startswith("--")], [w for w in words if w[:2] != "--"]) for words in split
    ]
    return [(flags, paths[:-1], paths[-1]) for flags, paths in parts]


def from_the_context() -> list[str]:
    return [
        source
        for stage in STAGES
        for flags, sources, _ in copies(stage)
        if not any(flag.startswith("--from=") for flag in flags)
        for source in sources
    ]


def command_of_healthcheck() -> list[str]:
    words: list[str] = json.loads(FINAL.last("HEALTHCHECK").partition("CMD ")[2])
    return words


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore keeps a path out: the last pattern that fits it or a folder above it decides."""
    out = False
    candidates = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for pattern in patterns:
        bare = pattern.removeprefix("!").removeprefix("**/")
        names = [Path(c).name for c in candidates] if "**/" in pattern else candidates
        if any(fnmatch.fnmatch(name, bare) for name in names):
            out = not pattern.startswith("!")
    return out


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Run a server on a free loopback port that answers /livez with the status and all else with 404."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_builds_in_one_stage_and_serves_from_another_of_the_same_python() -> None:
    assert len(STAGES) >= 2
    assert BUILDER.image == FINAL.image, "the virtual environment points to the builder's Python"


def test_the_base_is_pinned_to_a_patch_release_that_the_project_supports() -> None:
    for stage in STAGES:
        found = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-[a-z]+", stage.image)
        assert found, stage.image
        assert 11 <= int(found[1]) < 14


def test_installs_only_locked_wheels() -> None:
    installs = [part for line in BUILDER.all("RUN") for part in line.split("&&") if "pip install" in part]
    assert installs
    for install in installs:
        locked = "--require-hashes" in install and "--only-binary :all:" in install
        ours = "--no-deps" in install and "--no-index" in install
        assert locked or ours, install


def test_runs_as_a_numbered_user_that_is_not_root() -> None:
    found = re.fullmatch(r"(\d+):(\d+)", FINAL.last("USER"))
    assert found
    assert int(found[1]) > 0
    assert int(found[2]) > 0


def test_needs_no_shell_at_run_time() -> None:
    for text in [FINAL.last("CMD"), *FINAL.all("ENTRYPOINT")]:
        words = json.loads(text)
        assert words[0] not in {"sh", "bash", "/bin/sh", "/bin/bash"}
    assert command_of_healthcheck()[0] == "python"
    assert not FINAL.all("RUN"), "what serves is copied, not made in place"
    assert not FINAL.all("SHELL")


def test_installs_nothing_of_a_package_manager_into_what_serves() -> None:
    assert "uninstall --yes pip" in BUILDER.all("RUN")[1]
    assert "/build" not in "".join(FINAL.all("COPY"))


def test_starts_the_service_on_the_port_it_exposes() -> None:
    words = json.loads(FINAL.last("CMD"))
    assert words[:2] == ["judge-service", "serve"]
    assert words[words.index("--host") + 1] == "0.0.0.0"  # noqa: S104  a container's own interfaces
    assert words[words.index("--port") + 1] == FINAL.last("EXPOSE")
    assert f":{FINAL.last('EXPOSE')}/livez" in command_of_healthcheck()[-1]
    assert FINAL.last("STOPSIGNAL") == "SIGTERM"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_the_health_check_tells_a_live_service_from_a_dead_one(status: int, code: int) -> None:
    with answering(status) as port:
        script = command_of_healthcheck()[-1].replace(":8080", f":{port}")
        proxied = {"http_proxy": "http://127.0.0.1:9"}  # nobody listens there: it must not be asked
        done = subprocess.run([sys.executable, "-c", script], env=proxied, capture_output=True, check=False)
    assert done.returncode == code, done.stderr


def test_the_health_check_fails_when_nobody_listens() -> None:
    with answering(200) as port:
        script = command_of_healthcheck()[-1].replace(":8080", f":{port}")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize("source", from_the_context())
def test_every_copied_source_exists_and_reaches_the_build(source: str) -> None:
    assert (ROOT / source).exists()
    patterns = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [pattern for pattern in patterns if pattern and not pattern.startswith("#")]
    assert not ignored(source.rstrip("/"), patterns)


@pytest.mark.parametrize(
    "path",
    [".env", ".git/config", ".venv/bin/python", "tests/conftest.py", "judge_service/__pycache__/main.pyc"],
)
def test_nothing_else_reaches_the_build(path: str) -> None:
    patterns = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored(path, [pattern for pattern in patterns if pattern and not pattern.startswith("#")])


def test_the_rubrics_are_where_the_setting_says() -> None:
    targets = {target.rstrip("/") for _, sources, target in copies(FINAL) if sources == ["rubrics/"]}
    assert targets == {environment(FINAL)["JUDGE_SERVICE_RUBRICS_DIR"]}


def test_every_setting_named_exists() -> None:
    named = [name for name in environment(FINAL) if name.startswith(PREFIX)]
    assert named
    for name in named:
        assert name.removeprefix(PREFIX).lower() in Settings.model_fields


async def test_the_store_is_a_volume_that_the_user_owns_and_an_address_that_opens(tmp_path: Path) -> None:
    url = environment(FINAL)["JUDGE_SERVICE_STORE_URL"]
    folder = url.removeprefix("file://")
    assert json.loads(FINAL.last("VOLUME")) == [folder]
    owned = [flags for flags, _, target in copies(FINAL) if target == folder]
    assert any(f"--chown={FINAL.last('USER')}" in flags for flags in owned)
    async with open_store(url.replace(folder, str(tmp_path))) as store:
        await store.ping()
    assert list(tmp_path.iterdir())


def test_carries_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert not re.search(r"(?i)(api[_-]?key|password|secret|token)\s*=", text)
