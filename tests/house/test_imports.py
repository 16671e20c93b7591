"""What an import costs and does: nothing heavy before it is used, nothing over a network, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from house.tree import ROOT, sources

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ["litellm", "instructor", "openai", "numpy", "aiohttp", "redis", "PIL", "tokenizers", "safetensors"]

# Hears of every name looked up, connection opened and file written, by whatever library.
WATCH = """
import json, os, sys, time
heard = []
def hear(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        heard.append([event, repr(args[1:] if event == "socket.connect" else args)])
    elif event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR):
        if not str(args[0]).startswith(os.devnull):
            heard.append([event, str(args[0])])
sys.addaudithook(hear)
started = time.process_time()
{statement}
print(json.dumps({{"cpu_s": time.process_time() - started, "modules": sorted(sys.modules), "heard": heard}}))
"""


class Imported:
    """What a fresh interpreter had after a statement."""

    def __init__(self, statement: str, home: Path) -> None:
        code = WATCH.format(statement=statement)
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [sys.executable, "-B", "-W", "ignore", "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout.splitlines()[-1])
        self.packages: set[str] = {module.partition(".")[0] for module in said["modules"]}
        self.modules: set[str] = set(said["modules"])
        self.heard: list[list[str]] = said["heard"]
        self.cpu_s: float = said["cpu_s"]


def test_the_watch_hears_a_connection_and_a_written_file(tmp_path: Path) -> None:
    statement = (
        "import socket, contextlib\n"
        "with contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 9), timeout=0.1)\n"
        "open('" + str(tmp_path / "x") + "', 'w').close()"
    )
    heard = [event for event, _ in Imported(statement, tmp_path).heard]
    assert "socket.connect" in heard
    assert "open" in heard


def test_the_package_by_itself_imports_none_of_its_modules(tmp_path: Path) -> None:
    imported = Imported("import judge_service", tmp_path)
    assert {module for module in imported.modules if module.startswith("judge_service")} == {"judge_service"}
    assert "pydantic" not in imported.packages
    assert imported.cpu_s < 1


@pytest.mark.parametrize("module", ["judge_service.main", "judge_service.cli"])
def test_an_entry_imports_no_heavy_library_and_does_nothing(module: str, tmp_path: Path) -> None:
    imported = Imported(f"import {module}", tmp_path)
    assert imported.packages.isdisjoint(HEAVY)
    assert imported.heard == []


def test_the_command_line_answers_without_the_web_framework(tmp_path: Path) -> None:
    assert Imported("import judge_service.cli", tmp_path).packages.isdisjoint(
        {"fastapi", "uvicorn", "jinja2"}
    )


def test_the_client_imports_no_heavy_library_nor_the_service_and_does_nothing(tmp_path: Path) -> None:
    imported = Imported("import judge_client", tmp_path)
    assert imported.packages.isdisjoint({*HEAVY, "judge_service", "judge_calibration", "pyarrow"})
    assert imported.heard == []


def test_the_client_knows_its_hooks_only_when_they_are_asked_for(tmp_path: Path) -> None:
    imported = Imported("import judge_client, judge_client.hooks", tmp_path)
    assert not {module for module in imported.modules if module.startswith("judge_client.hooks.")}
    asked = Imported(
        "import judge_client.hooks.lm_eval, judge_client.hooks.trl, judge_client.hooks.verl", tmp_path
    )
    assert asked.packages.isdisjoint({*HEAVY, "lm_eval", "trl", "verl", "pandas"})
    assert imported.heard == asked.heard == []


def test_the_litellm_door_is_light_until_it_is_used(tmp_path: Path) -> None:
    imported = Imported("import judge_service.backends.litellm_backend", tmp_path)
    assert imported.packages.isdisjoint(HEAVY)


def test_litellm_opens_no_connection_when_it_is_loaded(tmp_path: Path) -> None:
    statement = (
        "import asyncio\n"
        "from judge_service.backends.litellm_backend import LiteLLMBackend\n"
        "from judge_service.domain.judge import JudgeSpec\n"
        "backend = LiteLLMBackend(JudgeSpec(kind='litellm', model='openai/any'), 'no-key')\n"
        "asyncio.run(backend.load())"
    )
    imported = Imported(statement, tmp_path)
    assert {"litellm", "instructor"} <= imported.packages
    assert [event for event, _ in imported.heard if event.startswith("socket.")] == []


def test_every_module_is_imported_without_doing_anything(tmp_path: Path) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sources("judge_service")
        if path.name != "__main__.py"
    ]
    imported = Imported("\n".join(f"import {module}" for module in modules), tmp_path)
    assert set(modules) <= imported.modules
    assert imported.heard == []
    assert imported.packages.isdisjoint({"litellm", "instructor", "PIL"})
