"""The guide to the hooks as its reader uses it: its examples, run in an environment that has the program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from serving import openai_judge, served

from judge_client import JudgeClient, Patience

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
README = (ROOT / "clients" / "README.md").read_text("utf-8")
GUIDE = README.partition("\n## Hooks")[2].partition("\n## TypeScript")[0]
VENVS = Path(os.environ.get("JUDGE_SERVICE_TEST_HOOKS", ".venv-hooks")).absolute()
PACKAGES = ROOT / "tests" / "packages"
PROGRAMS = ROOT / "tests" / "hooks" / "programs"
ADDRESS = "http://127.0.0.1:8080"
WITHIN_S = 300
# Nothing is fetched, and nobody is told of it.
ALONE = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "DO_NOT_TRACK": "true",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def examples(heading: str, text: str = GUIDE) -> list[str]:
    """The blocks of code under a heading, in their order."""
    section = re.split(r"^#+ .*$", text.partition(f" {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"^```\w+\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found


def at(url: str, example: str) -> str:
    """An example that speaks to a service of ours."""
    assert ADDRESS in example
    return example.replace(ADDRESS, url)


def run(name: str, program: Path, folder: Path, **more: str) -> str:
    """Run a program to its end in the environment of this name, from a folder; gives what it printed."""
    return ended([str(VENVS / name / "bin" / "python"), str(program)], folder, PYTHONPATH=str(folder), **more)


def run_here(program: str, folder: Path) -> str:
    """Run a program beside what stands in for packages that are not installed."""
    return ended([sys.executable, "-W", "error", "-c", program], folder, PYTHONPATH=f"{folder}:{PACKAGES}")


def ended(command: list[str], folder: Path, **more: str) -> str:
    env = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        env={**env, **ALONE, **more},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def awaited(home: Path, *, away: bool) -> Iterator[str]:
    """A service that answers; its judge is the embedded one, or one that nobody answers for, which it has anyway."""
    nobody = openai_judge("http://127.0.0.1:9/v1")
    judges = {"default": nobody if away else {"kind": "embedded"}, "away": nobody}
    starting = Patience(deadline_s=60, tries=600, first_pause_s=0.05, longest_pause_s=0.1)
    with served(home, judges) as process, JudgeClient(process.url, patience=starting) as client:
        client.version()
        yield process.url


def hurried(url: str) -> JudgeClient:
    """A client that asks once."""
    return JudgeClient(url, patience=Patience(deadline_s=20, tries=1))
