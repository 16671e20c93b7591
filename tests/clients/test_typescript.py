"""The TypeScript client: its models are those of the document, it builds, and its own tests pass before a service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from serving import served, speaking_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "openapi.json"
GENERATOR = ROOT / "clients" / "python" / "generate_typescript.py"
CLIENT = ROOT / "clients" / "typescript"
COMPILER = CLIENT / "node_modules" / "typescript" / "bin" / "tsc"
NODE = shutil.which("node") or "node"

needs_node = pytest.mark.skipif(
    not COMPILER.is_file() or shutil.which("node") is None,
    reason="no node, or no compiler: make test-typescript",
)


def generated(document: Path) -> str:
    done = subprocess.run([sys.executable, GENERATOR, document], capture_output=True, text=True, check=True)
    return done.stdout


def ran(*words: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [NODE, *words],
        env=os.environ | environment,
        cwd=CLIENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    away = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "away", "max_attempts": 1}
    with served(tmp_path, {"default": {"kind": "embedded"}, "away": away}) as process:
        async with speaking_to(process.url):
            yield process.url


def test_the_models_are_those_of_the_document() -> None:
    assert (CLIENT / "src" / "models.ts").read_text("utf-8") == generated(DOCUMENT), "run `make client`"


def test_a_change_of_the_document_changes_the_models(tmp_path: Path) -> None:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    document["components"]["schemas"]["ScoreRequest"]["properties"]["urgent-ly"] = {"type": "boolean"}
    other = tmp_path / "openapi.json"
    other.write_text(json.dumps(document), "utf-8")
    assert '\n  readonly "urgent-ly"?: boolean;\n' in generated(other)


def test_the_version_is_the_python_clients() -> None:
    from judge_client.version import API_LEVELS, __version__

    told = (CLIENT / "src" / "version.ts").read_text("utf-8")
    assert json.loads((CLIENT / "package.json").read_text("utf-8"))["version"] == __version__
    assert f'VERSION = "{__version__}"' in told
    assert [f"API_LEVEL = {level};" in told for level in API_LEVELS] == [True]


def test_nothing_is_needed_when_it_runs() -> None:
    package = json.loads((CLIENT / "package.json").read_text("utf-8"))
    assert "dependencies" not in package
    assert list(package["devDependencies"]) == ["typescript"]
    assert package["devDependencies"]["typescript"][0].isdigit()


@needs_node
async def test_it_builds_and_does_what_its_tests_say_before_a_real_service(url: str) -> None:
    ran(COMPILER, "--project", ".")
    ran("--test", "tests/", JUDGE_URL=url)
