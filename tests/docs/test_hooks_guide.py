"""The guide to the hooks: an example for each hook, each run by a test, and every hook short."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hookguide import GUIDE, ROOT, examples

HOOKS = ROOT / "clients" / "python" / "judge_client" / "hooks"
LONGEST = 80
# Where the example under a heading is run.
RUN_BY = {
    "Inspect AI": "hooks/test_inspect_ai.py",
    "lm-eval": "hooks/test_lm_eval.py",
    "DeepEval": "hooks/test_deepeval.py",
    "MLflow": "hooks/test_mlflow.py",
    "lmms-eval": "clients/hooks/test_lmms_eval.py",
    "VLMEvalKit": "clients/hooks/test_vlmevalkit.py",
    "TRL": "clients/hooks/test_trl.py",
    "verl": "clients/hooks/test_verl.py",
}
ROWS = re.findall(r"^\| (\S.*?) \| `(\w+)` \|", GUIDE, re.MULTILINE)


def test_there_is_a_row_and_an_example_for_each_hook() -> None:
    modules = {path.stem for path in HOOKS.glob("*.py")} - {"__init__", "asking"}
    assert sorted(module for _, module in ROWS) == sorted(modules)
    assert [program for program, _ in ROWS] == list(RUN_BY)
    for program, module in ROWS:
        assert f"judge_client.hooks.{module} import" in examples(program)[0] or (
            f"from judge_client.hooks import {module}" in examples(program)[0]
        )


def test_each_example_is_run_by_a_test() -> None:
    for heading, place in RUN_BY.items():
        assert f'examples("{heading}")' in (ROOT / "tests" / place).read_text("utf-8"), heading


def test_no_hook_is_longer_than_a_reader_expects() -> None:
    long = {path.name for path in HOOKS.glob("*.py") if len(path.read_text("utf-8").splitlines()) > LONGEST}
    assert long <= {"asking.py"}, "which is none, and what all ask by"


def test_the_extras_that_it_names_are_those_of_the_client() -> None:
    named = set(re.findall(r"clients/python\[([\w-]+)\]", GUIDE))
    project = tomllib.loads((ROOT / "clients" / "python" / "pyproject.toml").read_text("utf-8"))["project"]
    assert named == project["optional-dependencies"].keys() - {"run", "litellm"}  # those are the driver's


def test_what_it_links_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ROOT / "clients" / Path(link)).resolve().is_file(), link
