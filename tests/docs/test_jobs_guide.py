"""The guide to jobs: its command works, and its tables name all there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

from serving import BINARY, environment, served

from judge_service.api.job_options import JobOptions
from judge_service.domain.job import JobState
from judge_service.job_commands.service import Service

TEXT = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text("utf-8")
SUBMIT, WORKER = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)


def test_the_command_scores_what_it_shows(tmp_path: Path) -> None:
    with served(tmp_path) as process:
        with Service(process.url, None) as service:
            service.jobs(1)
        env = environment(tmp_path) | {"JUDGE_URL": process.url}
        env["PATH"] = f"{BINARY.parent}:{env['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", SUBMIT],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"job_[0-9a-f]{24}\n", done.stdout)
    assert "completed: 2 of 2 answered" in done.stderr


def test_the_table_names_every_option() -> None:
    table = TEXT.partition("| option ")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(JobOptions.model_fields)


def test_every_state_is_told() -> None:
    states = TEXT.partition("States are those of OpenAI's batches:")[2].partition("\n\n")[0]
    assert [name for name in re.findall(r"`(\w+)`", states) if name != "workers"] == list(get_args(JobState))


def test_the_worker_is_started_as_the_command_line_has_it() -> None:
    assert "judge-service worker --host 0.0.0.0 --port 8081" in WORKER
