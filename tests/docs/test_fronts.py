"""The guide to the fronts: its examples do what it says, and its tables name what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from serving import environment, served, settings_of, speaking_to

from judge_service.api.fronts import nemo, promptfoo
from judge_service.api.fronts.formula import FUNCTIONS
from judge_service.api.fronts.grader_answers import GraderErrors
from judge_service.api.fronts.grader_asking import FEWEST, MOST, SHOWN
from judge_service.api.fronts.similarity import MEASURES
from judge_service.main import create_app

TEXT = (Path(__file__).parents[2] / "docs" / "fronts.md").read_text("utf-8")
EXPORTS, CURL = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


async def test_the_examples_print_what_it_says(tmp_path: Path) -> None:
    variables = dict(re.findall(r"(\w+)=(\S+)", EXPORTS))
    assert variables["OPENAI_BASE_URL"] == "http://127.0.0.1:8080/v1"
    with served(tmp_path) as process:
        async with speaking_to(process.url):
            pass
        env = environment(tmp_path) | variables
        env |= {"OPENAI_BASE_URL": f"{process.url}/v1", "JUDGE_URL": process.url}
        said = _run([sys.executable, "-c", EXAMPLE], env, tmp_path)
        found = json.loads(_run(["bash", "-euo", "pipefail", "-c", CURL], env, tmp_path))
    reward, failure = said.splitlines()
    assert f"It prints `{reward}` and `{failure}`." in TEXT
    assert found["score"] == found["criteria"]["ground_truth"]["value"] == 100


def _run(command: list[str], env: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_guide_is_short() -> None:
    assert len(TEXT.splitlines()) <= 80


def test_it_names_what_there_is() -> None:
    table = TEXT.partition("| what happened ")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+_error)`", table)) < GraderErrors.model_fields.keys()
    measures = re.findall(r"`(\w+)`", TEXT.partition("`text_similarity` has ")[2].partition("`cosine`")[0])
    assert set(measures) | {f"rouge_{n}" for n in range(2, 5)} == MEASURES.keys()
    assert all(f"`{name}(…)`" in TEXT for name in FUNCTIONS)
    assert all(f"`{name}`" in TEXT.partition("`judge/rubric`")[2] for name in SHOWN)
    assert f"({FEWEST} to {MOST} steps)" in TEXT
    assert f"within {nemo.WITHIN_S:g} s" in TEXT
    assert f"within {promptfoo.WITHIN_S:g} s" in TEXT
    paths = set(re.findall(r"^\| `(/v1/fronts/\w+)`", TEXT, re.MULTILINE))
    assert paths == {path for path in create_app(settings_of()).openapi()["paths"] if "/fronts/" in path}
