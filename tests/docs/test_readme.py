"""Every block of the READMEs does what it says."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from judge_service.rubric_files import faults, pin
from judge_service.settings import PREFIX, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RUBRICS = (ROOT / "rubrics" / "README.md").read_text("utf-8")
METHODS = (ROOT / "calibration" / "README.md").read_text("utf-8")
BINARIES = Path(sys.executable).parent


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    clean |= {"PATH": f"{BINARIES}:{clean['PATH']}", "JUDGE_SERVICE_STORE_URL": "memory://", **env}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    clean = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    server = subprocess.Popen(
        [str(BINARIES / "judge-service"), "serve", "--port", str(free)],
        env=clean | {"JUDGE_SERVICE_STORE_URL": "memory://"},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{free}/readyz", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        yield free
    finally:
        server.terminate()
        server.wait(30)


def test_every_block_is_known_to_a_test_below() -> None:
    assert {language: len(blocks(README, language)) for language in ("bash", "json", "yaml", "python")} == {
        "bash": 5,
        "json": 1,
        "yaml": 0,
        "python": 0,
    }
    assert README.count("```") == 2 * 6
    assert len(blocks(RUBRICS, "yaml")) == 1
    assert len(blocks(RUBRICS, "bash")) == 1
    assert RUBRICS.count("```") == 2 * 2
    assert len(blocks(METHODS, "python")) == 1
    assert len(blocks(METHODS, "bash")) == 1
    assert METHODS.count("```") == 2 * 2


def test_the_two_commands_are_targets_that_make_can_plan(tmp_path: Path) -> None:
    # Running them here would run this test again; that make finds a plan for both is what can be asked.
    for command in blocks(README, "bash")[0].split("\n"):
        if command:
            planned = shell(f"{command} -n", ROOT)
            assert planned.returncode == 0, planned.stderr
            assert planned.stdout.strip()


def shortened(answer: dict[str, Any]) -> dict[str, Any]:
    shown = ("level", "value", "weight")
    return {
        "outcome": answer["outcome"],
        "score": answer["score"],
        "criteria": {key: {name: v[name] for name in shown} for key, v in answer["criteria"].items()},
        "provenance": {
            name: answer["provenance"][name] for name in ("rubric", "instrument", "is_llm", "cache")
        },
    }


def test_the_curl_gives_the_answer_shown(port: int, tmp_path: Path) -> None:
    asked = shell(blocks(README, "bash")[1].replace(":8080", f":{port}"), tmp_path)
    assert asked.returncode == 0, asked.stderr
    assert shortened(json.loads(asked.stdout)) == json.loads(blocks(README, "json")[0])


def test_the_judges_setting_is_valid() -> None:
    setting = re.search(r"JUDGE_SERVICE_JUDGES='(.*)'", blocks(README, "bash")[2], re.DOTALL)
    assert setting
    settings = load_settings(judges=setting[1])
    assert {name: spec.kind for name, spec in settings.judges.items()} == {
        "default": "openai",
        "remote": "litellm",
        "baseline": "embedded",
    }


def test_the_table_of_settings_is_complete() -> None:
    told = re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE)
    assert sorted(told) == sorted(name.upper() for name in Settings.model_fields)


def test_the_study_is_reported(tmp_path: Path) -> None:
    done = shell(blocks(README, "bash")[4], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("quality, J: ")
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_library_does_without_the_service(tmp_path: Path) -> None:
    code = blocks(METHODS, "python")[0] + "\nimport sys; assert 'judge_service' not in sys.modules\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    estimate, low, high = map(float, done.stdout.split())
    assert low < estimate < high


def test_the_methods_commands_work_on_the_study_that_ships() -> None:
    done = shell(blocks(METHODS, "bash")[0], ROOT)
    assert done.returncode == 0, done.stderr
    assert "ground_truth, steady: like a physician" in done.stdout


def test_the_file_is_scored(tmp_path: Path) -> None:
    done = shell(blocks(README, "bash")[3], tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = (tmp_path / "scores.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["criteria"]["support"]["level"] == "supported"


def test_linked_files_exist() -> None:
    for home, text in ((ROOT, README), (ROOT / "rubrics", RUBRICS), (ROOT / "calibration", METHODS)):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (home / target).exists(), target


def test_the_smallest_rubric_works(tmp_path: Path) -> None:
    folder = tmp_path / "rubrics"
    (folder / "prompts").mkdir(parents=True)
    template = ROOT / "rubrics" / "prompts" / "direct.jinja"
    (folder / "prompts" / "direct.jinja").write_text(template.read_text("utf-8"), "utf-8")
    (folder / "red-flags.yaml").write_text(blocks(RUBRICS, "yaml")[0], "utf-8")
    ran = shell(blocks(RUBRICS, "bash")[0], folder, JUDGE_SERVICE_RUBRICS_DIR=str(folder))
    assert ran.returncode == 0, ran.stderr
    assert "red_flags: Red flags" in ran.stdout
    assert faults(folder) == []
    pin(folder)
