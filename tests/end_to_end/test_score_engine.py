"""`judge-service score --engine vllm`: the model is loaded by the run; a stand-in for vLLM answers."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from builders import REPOSITORY
from filescoring import case, jsonl, scores, words
from serving import command, environment, openai_judge
from stubjudge import StubJudge
from vllm_inside import PACKAGES

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

PYTHONPATH = os.pathsep.join(
    str(path) for path in (PACKAGES, PACKAGES.parent, REPOSITORY, REPOSITORY / "calibration")
)
ROWS = [*(case(at, prompt="What is it?") for at in range(1, 6)), case(6, response="")]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model's folder, as far as anybody but vLLM looks into it."""
    folder = tmp_path / "some-model"
    folder.mkdir()
    (folder / "config.json").write_text('{"max_position_embeddings": 4096}', "utf-8")
    return folder


def score(
    path: Path, *more: str, url: str = "http://127.0.0.1:9/v1", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Score a file with a judge behind this address, or in the run."""
    env = environment(path.parent, {"default": openai_judge(url, model="judge")}, **settings)
    return command(path.parent, *words(path, *more), env=env | {"PYTHONPATH": PYTHONPATH})


def inside(model: Path) -> list[str]:
    return ["--engine", "vllm", "--engine-model", str(model)]


def verdicts(path: Path) -> list[Any]:
    return [(line["row"], line["outcome"], line["score"], line["criteria"]) for line in scores(path)]


def test_every_row_gets_its_verdict_and_the_second_run_finds_it(tmp_path: Path, model: Path) -> None:
    path = jsonl(
        tmp_path / "in.jsonl", [*ROWS, case(7, response=" ".join(f"word{at}" for at in range(5000)))]
    )
    done = score(path, *inside(model))
    assert done.returncode == 0, done.stderr
    assert [line["outcome"] for line in scores(path)] == ["scored"] * 6 + ["rejected_input"]
    told = scores(path)[0]["provenance"]
    assert (told["model"], told["judge_kind"], told["instrument"]) == ("judge", "openai", "llm")
    assert told["model_fingerprint"].startswith("vllm-0.32.0-in-process-")
    assert told["usage"] == {"input_tokens": 321, "output_tokens": 30}
    first = verdicts(path)
    assert score(path, *inside(model), "--restart").returncode == 0
    assert [line["provenance"]["cache"] for line in scores(path)[:5]] == ["hit"] * 5
    assert verdicts(path)[:6] == first[:6]


async def test_the_verdicts_are_those_of_the_server_and_the_files_of_both_are_kept_apart(
    tmp_path: Path, model: Path
) -> None:
    path = jsonl(tmp_path / "in.jsonl", ROWS)
    assert score(path, *inside(model)).returncode == 0
    loaded = verdicts(path)
    async with StubJudge() as stub:
        stub.plays("normal")
        other = beside(path)
        served = await asyncio.to_thread(score, other, url=stub.url)
        mixed = await asyncio.to_thread(score, path, url=stub.url)
    assert served.returncode == 0, served.stderr
    assert verdicts(other) == loaded
    assert mixed.returncode == 2
    assert "give another --out, or --restart" in mixed.stderr


def beside(path: Path) -> Path:
    """The same rows in a folder of their own."""
    folder = path.parent / "http"
    folder.mkdir()
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return copy


def test_a_model_that_cannot_be_loaded_ends_the_run_before_anything_is_written(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}", "utf-8")
    path = jsonl(tmp_path / "in.jsonl", ROWS)
    done = score(path, *inside(broken))
    assert done.returncode == 2
    assert done.stderr.strip() == "judge-service: vLLM could not load 'judge': no weights here"
    assert not path.with_name("out.jsonl").exists()


def test_a_mistake_in_the_command_is_one_line(tmp_path: Path, model: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", ROWS)
    for more, told in (
        (["--engine", "other"], "--engine: 'other' is not known"),
        (["--engine", "vllm"], "the model 'judge' of judge 'default' is no folder"),
        (["--engine-model", str(model)], "--engine-model is for --engine"),
        (["--engine", "ray"], "--engine ray: Ray is not installed beside this service; install the extra"),
        (["--engine", "ray", "--engine-model", str(model)], "--engine-model is for --engine vllm"),
    ):
        done = score(path, *more)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert told in done.stderr
