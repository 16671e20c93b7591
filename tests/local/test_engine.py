"""Files through vLLM's engine in the run's own process: the verdicts that its server gives, and the same failures."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from builders import REPOSITORY, a_picture, an_image, encoded
from filescoring import jsonl
from local_python import inside, judge_service
from serving import BINARY, environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from local_server import Local

LONG = " ".join(f"word{at}" for at in range(4000))
LATE_MS = "300000"


def judged(
    home: Path, command: Sequence[object], rows: Sequence[object], server: Local, *more: str
) -> list[dict[str, Any]]:
    """Score rows one after another with one of the two commands, both bound to the same judge."""
    home.mkdir()
    path, out = jsonl(home / "in.jsonl", rows), home / "out.jsonl"
    spec = json.loads(server.binding.partition("=")[2].strip("'"))["default"]
    judges = {"default": spec | {"attempt_timeout_s": 120, "text_cap": 40}}
    words = [*map(str, command), str(path), "--out", str(out), "--deadline-ms", LATE_MS, "--concurrency", "1"]
    # The fence's name is part of the prompt, and by default of a key that each process draws for itself.
    env = environment(home, judges, store_url="memory://", fence_key="one for both")
    env["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "calibration")])
    done = subprocess.run([*words, *more], env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    # Noise holds line separators of other kinds, which are no ends of a line here.
    return [json.loads(line) for line in out.read_bytes().splitlines()]


def both(
    home: Path, model: Path, server: Local, rows: Sequence[object], *more: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The scores of the server and those of the engine, without the first row: it fills the cache of prefixes."""
    served = judged(home / "http", [BINARY, "score"], rows, server, *more)
    engine = ("--engine", "vllm", "--engine-model", str(model))
    loaded = judged(home / "engine", judge_service("score"), rows, server, *more, *engine)
    return served[1:], loaded[1:]


def told(scores: list[dict[str, Any]]) -> list[Any]:
    return [(score["outcome"], score["score"], score["flags"], score["criteria"]) for score in scores]


def test_texts_get_the_verdicts_that_the_server_gives(
    tmp_path: Path, models: Path, text_server: Local
) -> None:
    rows = [
        {"prompt": "What does it show?", "response": f"Finding {at}: a nodule.", "reference": "A nodule."}
        for at in range(8)
    ]
    rows.append({"response": LONG, "reference": "A nodule."})
    served, loaded = both(tmp_path, models / "text", text_server, rows, "--rubric", "medical-qa")
    outcomes = [score["outcome"] for score in served]
    assert outcomes[-1] == "rejected_input"
    assert set(outcomes[:-1]) <= {"scored", "abstained"}
    assert told(loaded[:-1]) == told(served[:-1])
    assert [score["outcome"] for score in loaded] == outcomes
    assert loaded[-1]["failure"]["code"] == served[-1]["failure"]["code"] == "context_too_long"
    for one, other in zip(loaded, served, strict=True):
        assert one["provenance"]["usage"] == other["provenance"]["usage"]
        assert one["provenance"].keys() == other["provenance"].keys()
    assert "in-process" in loaded[0]["provenance"]["model_fingerprint"]


def test_pictures_get_the_verdicts_that_the_server_gives(
    tmp_path: Path, models: Path, vision_server: Local
) -> None:
    rows = [
        {
            "prompt": "What is seen?",
            "response": f"A nodule, {at}.",
            "images": [
                an_image(encoded(a_picture(size=(56, 56), colour=(at, 9, 9)))).model_dump(mode="json")
            ],
        }
        for at in (0, 100, 200)
    ]
    more = ("--rubric", "med-cmr", "--mode", "image")
    served, loaded = both(tmp_path, models / "vision", vision_server, rows, *more)
    assert {score["outcome"] for score in served} <= {"scored", "abstained", "missing_input"}
    assert told(loaded) == told(served)
    assert [score["provenance"]["images"] for score in loaded] == [
        score["provenance"]["images"] for score in served
    ]


INSIDE = "from local.inside import main; main()"


@pytest.fixture(scope="module")
def account(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the door to a real engine did under the calls of `inside.py`."""
    command = inside(INSIDE, str(models / "text"))
    env = environment(tmp_path_factory.mktemp("inside"))
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_many_at_once_are_answered_in_the_form_that_was_asked_for(account: dict[str, Any]) -> None:
    assert account["finishes"] == ["stop"] * 40
    assert account["criteria"] == [["accuracy", "safety"]] * 40
    assert account["together_s"] < account["one_by_one_s"]


def test_what_is_left_or_too_late_is_taken_out_and_the_engine_goes_on(account: dict[str, Any]) -> None:
    assert account["cancelled"] == "CancelledError"
    assert account["late"] == "BackendTimeout"
    assert account["unfinished"] == 0
    assert account["afterwards"] == "stop"


def test_a_picture_for_a_model_that_sees_none_is_the_inputs_fault(account: dict[str, Any]) -> None:
    assert account["picture"] == ["BackendRejected", "bad_image"]


def test_a_door_that_is_closed_says_so(account: dict[str, Any]) -> None:
    assert account["closed"] == "BackendUnavailable"
