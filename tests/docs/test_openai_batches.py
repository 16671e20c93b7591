"""The guide to OpenAI's batches: its example prints what it says, and what it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from serving import environment, served, speaking_to

from judge_service.api.fronts.orders import BatchOrder
from judge_service.api.job_options import JobPace

TEXT = (Path(__file__).parents[2] / "docs" / "openai-batches.md").read_text("utf-8")
(EXPORTS,) = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


async def test_the_example_prints_what_it_says(tmp_path: Path) -> None:
    variables = dict(re.findall(r"(\w+)=(\S+)", EXPORTS))
    assert variables["OPENAI_BASE_URL"] == "http://127.0.0.1:8080/v1"
    with served(tmp_path) as process:
        async with speaking_to(process.url):
            pass
        done = subprocess.run(
            [sys.executable, "-c", EXAMPLE],
            env=environment(tmp_path) | variables | {"OPENAI_BASE_URL": f"{process.url}/v1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert f"It prints `{done.stdout.strip()}`" in TEXT


def test_it_names_what_a_batch_may_be_told_beyond_openai() -> None:
    (named,) = re.findall(r"^\* (.*) of jobs go into the body", TEXT, re.MULTILINE)
    assert re.findall(r"`(\w+)`", named) == list(JobPace.model_fields)
    assert set(JobPace.model_fields) < set(BatchOrder.model_fields)
