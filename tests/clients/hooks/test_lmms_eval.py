"""The judge server, asked as the tasks of lmms-eval 0.7.3 ask it."""

from __future__ import annotations

import base64
import importlib
from typing import TYPE_CHECKING, Any

import pytest
from hookguide import at, examples, run_here
from serving import REFERENCE

if TYPE_CHECKING:
    from pathlib import Path

    from judge_client import JudgeClient

QUESTION = {"question": "What does it show?", "answer": REFERENCE}
WRONG = "A fracture of the left wrist."
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def hook(packages: None) -> Any:
    return importlib.import_module("judge_client.hooks.lmms_eval")


def test_what_reaches_the_mark_is_right(hook: Any, service: JudgeClient) -> None:
    server = hook.JudgeServer(service, "medical-qa")
    right = server.evaluate_binary(**QUESTION, prediction=REFERENCE, output_format="0/1", custom_prompt="?")
    assert (right["result"], right["success"], right["raw_response"]) == (1, True, "1")
    wrong = server.evaluate_binary(**QUESTION, prediction=WRONG)
    assert (wrong["result"], wrong["success"]) == (0, True)
    assert server.evaluate_binary(**QUESTION, prediction=WRONG, output_format="yes/no")["result"] is False
    low = hook.JudgeServer(service, "medical-qa", passing=0.3)
    assert low.evaluate_binary(**QUESTION, prediction=WRONG, output_format="1/0")["result"] == 1


@pytest.mark.parametrize(
    ("rubric", "options", "answer", "reason"),
    [
        ("medical-qa", {"judge": "away"}, REFERENCE, "provider_error: "),
        ("medical-qa", {}, "x", "abstained: "),
        ("medical-qa", {}, [REFERENCE], "TypeError: reference is a list"),
        ("no-such", {}, REFERENCE, "Refused: "),
    ],
)
def test_a_failure_ends_the_run_and_no_task_makes_a_0_of_it(
    hook: Any, service: JudgeClient, rubric: str, options: dict[str, str], answer: object, reason: str
) -> None:
    server = hook.JudgeServer(service, rubric, **options)

    def as_tasks_do() -> float:
        try:
            told = server.evaluate_binary(question="What?", answer=answer, prediction=REFERENCE)
            return float(told["result"])
        except Exception:  # noqa: BLE001  as they do
            return 0.0

    with pytest.raises(hook.NotJudgedSoStopped, match=f"^{reason}"):
        as_tasks_do()


def test_a_task_that_asks_for_something_else_ends_as_well(hook: Any, service: JudgeClient) -> None:
    server = hook.JudgeServer(service, "medical-qa")
    with pytest.raises(hook.NotJudgedSoStopped, match="prediction"):
        server.evaluate_comparative(question="Which?", response1="A.", response2="B.")


def test_pictures_go_along_as_a_path_as_base64_and_as_pillow_has_them(
    hook: Any, service: JudgeClient, tmp_path: Path
) -> None:
    from PIL import Image

    path = tmp_path / "x.png"
    path.write_bytes(PNG)
    images = [str(path), base64.b64encode(PNG), Image.new("RGB", (1, 1))]
    request = hook.Request(messages=[], **QUESTION, prediction=REFERENCE, images=images)
    told = hook.JudgeServer(service, "medical-qa").evaluate(request)
    assert (told.success, told.parsed_result, told.model_used) == (True, 1, "default")


def test_it_says_whether_the_service_is_there(hook: Any, service: JudgeClient, nobody: JudgeClient) -> None:
    assert hook.JudgeServer(service, "medical-qa").is_available()
    assert not hook.JudgeServer(nobody, "medical-qa").is_available()


def test_the_guides_example_is_found_by_its_name(service_url: str, tmp_path: Path) -> None:
    (example,) = examples("lmms-eval")
    asked = f"\nprint(server.evaluate_binary(question='?', answer={REFERENCE!r}, prediction={REFERENCE!r})['result'])"
    assert run_here(at(service_url, example) + asked, tmp_path) == "1\n"
