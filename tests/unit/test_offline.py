"""Which judges can be loaded by a run itself, and what tells them from each other."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_spec
from lines import FakeCache, FakeLine
from serving import settings_of
from vllm_inside import PACKAGES, put_in_place

from judge_service.domain.judge import JudgeSpec
from judge_service.errors import ConfigurationError
from judge_service.local.weights import digest_of
from judge_service.offline import in_process
from judge_service.prompts import Prompts
from judge_service.scoring.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from judge_service.settings import Settings

LOCAL = {"kind": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": "judge", "text_cap": 400}


def a_model(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"max_position_embeddings": 4096}', "utf-8")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vLLM and a torch, here and for the program that looks at the machine."""
    put_in_place(monkeypatch)
    paths = [str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def settings(**judges: Mapping[str, Any]) -> Settings:
    return settings_of({"default": LOCAL, **judges})


def identity(settings: Settings, version: str = "") -> str:
    spec = settings.judges["default"]
    assert isinstance(spec, JudgeSpec)
    return Judge("default", spec, FakeLine(), Prompts(b""), FakeCache(), version=version).identity


def loaded(folder: Path, **changed: Any) -> str:
    """Identity of the judge as the run loads it from a folder."""
    found, doors = in_process(settings(default=LOCAL | changed), "default", "vllm", str(folder))
    return identity(found, doors["default"].version)


def test_a_judge_loaded_from_a_folder_is_another_one_than_the_servers_and_than_another_folders(
    tmp_path: Path,
) -> None:
    one, same, other = (
        a_model(tmp_path / name, weights) for name, weights in (("a", b"1"), ("b", b"1"), ("c", b"2"))
    )
    assert loaded(one) == loaded(same)
    assert len({loaded(one), loaded(other), loaded(one, text_cap=60), identity(settings())}) == 4


def test_the_servers_address_does_not_matter_where_it_is_not_asked(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model")
    assert loaded(folder) == loaded(folder, base_url="http://127.0.0.1:9/v1")


def test_only_the_judge_that_was_named_is_loaded(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model")
    found, doors = in_process(settings(other=LOCAL), "default", "vllm", str(folder))
    assert list(doors) == ["default"]
    assert found.judges["other"] == settings(other=LOCAL).judges["other"]
    assert found.judges["default"] == a_spec(**LOCAL).model_copy(update={"base_url": None})


def test_the_engine_is_started_as_the_server_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    folder = a_model(tmp_path / "model")
    _, doors = in_process(settings(), "default", "vllm", str(folder))
    loading = doors["default"].backend._work._loading  # type: ignore[attr-defined]  # what vLLM is given
    assert loading.options["structured_outputs_config"] == {
        "backend": "guidance",
        "disable_any_whitespace": True,
        "disable_additional_properties": True,
    }
    assert (loading.options["model"], loading.options["max_model_len"]) == (str(folder), 4096)
    assert loading.environment["HF_HUB_OFFLINE"] == "1"
    assert loading.weights == digest_of(folder)
    assert int(loading.environment["OMP_NUM_THREADS"]) == max(1, (os.cpu_count() or 1) - 1)


def test_the_users_number_of_threads_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    _, doors = in_process(settings(), "default", "vllm", str(a_model(tmp_path / "model")))
    assert "OMP_NUM_THREADS" not in doors["default"].backend._work._loading.environment  # type: ignore[attr-defined]


def test_a_judge_whose_model_is_a_folder_needs_no_other_name_for_it(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model")
    found, _ = in_process(settings(default=LOCAL | {"model": str(folder)}), "default", "vllm", None)
    spec = found.judges["default"]
    assert isinstance(spec, JudgeSpec)
    assert spec.model == str(folder)


@pytest.mark.parametrize(
    ("judge", "engine", "place", "told"),
    [
        ("default", "sglang", ".", "'sglang' is not known (known: ray, vllm)"),
        ("nobody", "vllm", ".", "no judge is configured under 'nobody' (known: default, played, special)"),
        ("played", "vllm", ".", "a judge of kind 'openai'; 'played' is of kind 'scripted'"),
        ("special", "vllm", ".", "the field 'guided_json' of extra_body is one of a server's"),
        ("default", "vllm", None, "'judge' of judge 'default' is no folder; name the one that its server"),
        ("default", "vllm", "/nowhere", "--engine-model: /nowhere is no folder"),
        ("default", "vllm", "empty", "holds no readable config.json"),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_the_remedy(
    tmp_path: Path, judge: str, engine: str, place: str | None, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    special = LOCAL | {"extra_body": {"guided_json": {}}}
    where = None if place is None else str(tmp_path / place)
    with pytest.raises(ConfigurationError) as caught:
        in_process(settings(played={"kind": "scripted"}, special=special), judge, engine, where)
    assert told in str(caught.value)


def test_without_vllm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_model(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ConfigurationError, match=r"install the extra judge-service\[local\]"):
        in_process(settings(), "default", "vllm", str(folder))
