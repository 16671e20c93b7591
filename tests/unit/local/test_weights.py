"""A model is served under a name that no other weights have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from judge_service.domain.families import families_of
from judge_service.domain.judge import JudgeSpec
from judge_service.local.weights import digest_of, model_name, served_name

if TYPE_CHECKING:
    from pathlib import Path


def a_model(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", "utf-8")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_the_digest_is_of_every_file_and_its_name_and_of_nothing_hidden(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model")
    found = [digest_of(folder)]
    (folder / ".cache").mkdir()
    (folder / ".cache" / "lock").write_text("x", "utf-8")
    assert digest_of(folder) == found[0]
    (folder / "tokenizer.json").write_text(json.dumps({}), "utf-8")
    found.append(digest_of(folder))
    (folder / "tokenizer.json").rename(folder / "tokens.json")
    found.append(digest_of(folder))
    (folder / "parts").mkdir()
    (folder / "tokens.json").rename(folder / "parts" / "tokens.json")
    found.append(digest_of(folder))
    (folder / "model.safetensors").write_bytes(b"Weights")
    found.append(digest_of(folder))
    assert len(set(found)) == 5


def test_two_folders_of_one_name_and_other_weights_are_two_models(tmp_path: Path) -> None:
    one, other, same = (
        a_model(tmp_path / at / "Qwen2.5-7B", weights)
        for at, weights in (("a", b"one"), ("b", b"other"), ("c", b"one"))
    )
    assert served_name(str(one)) != served_name(str(other))
    assert served_name(str(one)) == served_name(str(same)) == f"Qwen2.5-7B-{digest_of(one)[:12]}"


@pytest.mark.parametrize(
    ("folder", "name", "plain"),
    [
        ("My model (v2)", "My model (v2)", "My-model-v2"),
        ("\u6a21\u578b", "\u6a21\u578b", "model"),
        ("models--Qwen--Qwen2.5-7B/snapshots/0a1b2c", "Qwen/Qwen2.5-7B", "Qwen2.5-7B"),
        ("snapshots/0a1b2c", "0a1b2c", "0a1b2c"),
    ],
)
def test_a_folders_name_is_made_one_of_plain_characters(
    tmp_path: Path, folder: str, name: str, plain: str
) -> None:
    place = a_model(tmp_path / folder)
    assert model_name(str(place)) == name
    assert served_name(str(place)) == f"{plain}-{digest_of(place)[:12]}"


def test_the_folder_that_one_is_in_has_its_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(a_model(tmp_path / "llama-judge"))
    assert served_name(".").startswith("llama-judge-")


def test_a_name_of_a_hub_is_served_as_it_is() -> None:
    assert served_name("Qwen/Qwen2.5-7B") == model_name("Qwen/Qwen2.5-7B") == "Qwen/Qwen2.5-7B"


def test_a_served_name_keeps_the_family_and_answers_for_itself_alone(tmp_path: Path) -> None:
    one, other = (
        served_name(str(a_model(tmp_path / at / "Llama-3-8B", at.encode()))) for at in ("one", "other")
    )
    assert families_of(one) == {"llama"}
    judge = JudgeSpec(kind="openai", base_url="http://127.0.0.1:8000/v1", model=one)
    assert (judge.answers_for(one), judge.answers_for(other)) == (True, False)
