"""Judges are swapped under a pipeline that does not know of them, and what is not alike is named."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from serving import openai_judge
from stubjudge import StubJudge
from stubshapes import answering

from examples.swap import SETTINGS, differences, shape

ROOT = Path(__file__).parents[2]
SCORED: dict[str, Any] = {
    "outcome": "scored",
    "level": 4,
    "value": 80.0,
    "weight": 1.0,
    "rationale": "Yes.",
    "flags": [],
}
UNSCORED: dict[str, Any] = {
    "outcome": "abstained",
    "level": None,
    "value": None,
    "weight": 1.0,
    "reason": "No.",
    "flags": [],
}
SCORE: dict[str, Any] = {
    "outcome": "scored",
    "score": 80.0,
    "failure": None,
    "criteria": {"accuracy": SCORED, "clarity": SCORED},
    "provenance": {"model": None, "sampling": {}},
}


def swap(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "examples/swap.py", *words],
        cwd=ROOT,
        env=os.environ | {"JUDGE_SERVICE_JUDGES": "{broken"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_three_judges_answer_one_pipeline_in_one_shape() -> None:
    async with StubJudge() as stub:
        stub.plays(answering({"ground_truth": 5}))
        remote = json.dumps(openai_judge(stub.url, model="med-70b"))
        done = await asyncio.to_thread(swap, f"remote={remote}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert stub.count > 15  # every case that has something to judge
    told = done.stdout
    assert "Every answer has the same shape." in told
    for words in (
        ("embedded", "lexical-baseline"),
        ("scripted", "scripted"),
        ("remote", "llm", "med-70b-001"),
    ):
        assert any(all(word in line for word in words) for line in told.splitlines()), words


def test_a_pipeline_that_fails_is_told_with_its_judge() -> None:
    nobody = json.dumps(openai_judge("http://127.0.0.1:9/v1"))
    done = swap(f"remote={nobody}")
    assert done.returncode == 1
    assert "remote: the pipeline ended with 3" in done.stderr


def test_the_pipeline_names_no_judge_and_the_settings_no_rubric() -> None:
    pipeline = (ROOT / "examples" / "pipeline.py").read_text("utf-8")
    assert not [name for name in (*SETTINGS, "--judge", "openai", "litellm", "vllm") if name in pipeline]
    assert "med-cmr" not in json.dumps(SETTINGS)


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The score with one value changed; without the key, if it becomes `...`."""
    score = deepcopy(SCORE)
    inner = score
    for key in path[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return score


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (changed("score", to=None), []),
        (changed("score", to=80), []),
        (changed("provenance", "model", to="judge"), []),
        (changed("provenance", "sampling", to={"temperature": 0}), []),
        (changed("criteria", "clarity", to=UNSCORED), []),
        (changed("failure", to={"code": "timeout"}), []),
        (changed("score", to="80"), [".score is number and string"]),
        (changed("score", to=True), [".score is boolean and number"]),
        (changed("score", to=...), [".score is there only once"]),
        (changed("extra", to=1), [".extra is there only once"]),
        (changed("provenance", "model", to=...), [".provenance.model is there only once"]),
        (changed("criteria", "clarity", to=...), [".criteria.clarity is there only once"]),
        (
            changed("criteria", "clarity", to=SCORED | {"level": "4"}),
            [".criteria.clarity(scored).level is number and string"],
        ),
        (
            changed("criteria", "clarity", to=SCORED | {"note": "x"}),
            [".criteria.clarity(scored).note is there only once"],
        ),
    ],
)
def test_only_what_has_another_shape_is_a_difference(other: dict[str, Any], told: list[str]) -> None:
    assert differences(shape([SCORE]), shape([other])) == told
    assert differences(shape([other]), shape([SCORE])) == told


def test_a_shape_is_of_all_answers_together() -> None:
    both = shape([SCORE, changed("criteria", "clarity", to=UNSCORED)])
    assert both[".criteria.clarity(scored).value"] == {"number"}
    assert both[".criteria.clarity(unscored).value"] == {"null"}
    assert both[".score"] == {"number"}
