"""The guide to the clients: every example runs as it stands, and says what a reader would expect."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TEXT = (
    (ROOT / "clients" / "README.md").read_text("utf-8").partition("\n## Hooks")[0]
)  # those have tests of their own
EXAMPLES = dict(re.findall(r"^### (.+?)\n\n```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE))
SAID = {
    "One case": r"[\d.]+ \{'\w+': 'scored'.*\}\n",
    "Many cases, as they are done": r"(?:\d [\d.]+\n|\d no score: \w+\n){3}",
    "Thousands of cases, in the background": r"(?s).*completed 1000\n(?:case-\d+ scored\n){1000}",
    "Two responses, and a judge beside physicians": r"(?:a|b|tie|no winner:).*\n.+\n",
    "What goes wrong": r"404 rubric-not-found \(\)\n",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("service")) as process:
        from judge_client import JudgeClient

        with JudgeClient(process.url) as client:
            client.version()
        yield process.url


def test_there_are_five_examples_and_each_says_something() -> None:
    assert list(EXAMPLES) == list(SAID)
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_as_it_stands(name: str, url: str) -> None:
    program = EXAMPLES[name].replace("http://127.0.0.1:8080", url)
    assert program != EXAMPLES[name]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(SAID[name], done.stdout), done.stdout


def test_the_guide_names_every_public_class() -> None:
    import judge_client

    named = {
        "CaseOutcome",
        "ComparedOutcome",
        "Verdict",
        "Fault",
        "Batch",
        "BatchItem",
        "JobError",
        "JobResult",
    }
    missing = [
        name for name in judge_client.__all__ if name[0].isupper() and name not in TEXT and name not in named
    ]
    assert missing == []


def test_the_installation_is_that_of_the_folder() -> None:
    commands = re.findall(r"pip install '?(clients/python)", TEXT)
    assert commands == ["clients/python"] * 2
    assert (ROOT / commands[0] / "pyproject.toml").is_file()
