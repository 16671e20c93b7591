"""The openai SDK of its own environment, with nothing changed but its address: graders, files and batches."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from hookguide import PROGRAMS, ROOT, examples, run

if TYPE_CHECKING:
    from pathlib import Path


def asked(guide: str, heading: str, url: str, folder: Path) -> tuple[str, str]:
    """What the example of a guide prints, and the guide."""
    text = (ROOT / "docs" / guide).read_text("utf-8")
    program = folder / "program.py"
    program.write_text(examples(heading, text)[1], "utf-8")
    return run("openai", program, folder, **of(url)), text


def of(url: str) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "any"}


def test_graders_give_rewards_and_a_failure_is_none(url: str, tmp_path: Path) -> None:
    said, text = asked("fronts.md", "OpenAI's graders", url, tmp_path)
    reward, failure = said.splitlines()
    assert f"It prints `{reward}` and `{failure}`." in text


def test_a_batch_goes_from_a_file_to_its_scores(url: str, tmp_path: Path) -> None:
    said, text = asked("openai-batches.md", "An example", url, tmp_path)
    (printed,) = re.findall(r"It prints `(.*?)`\.", text)
    assert said == f"{printed}\n"


def test_while_the_judge_is_away_there_is_no_reward_and_no_score(away: str, tmp_path: Path) -> None:
    told = json.loads(run("openai", PROGRAMS / "openai_failing.py", tmp_path, **of(away)))
    assert "reward" not in told
    assert (told["valid"], told["status"]) == ("correct", 502)
    assert told["before"][1] is told["results"] is None
    assert told["counts"] == {"total": 1, "completed": 0, "failed": 1}
    assert (told["error"]["response"], told["error"]["error"]["code"]) == (None, "cancelled")
