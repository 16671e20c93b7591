from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from builders import RUBRICS

from judge_service.domain.judge import JudgeSpec
from judge_service.errors import ConfigurationError
from judge_service.settings import PREFIX, default_store_url, load_settings

SECRET = "sk-5up3r-53cr3t"  # noqa: S105  it stands for one
JUDGES = {"default": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_with_nothing_set_the_embedded_judge_is_the_default() -> None:
    settings = load_settings()
    assert list(settings.judges) == ["default"]
    assert settings.judges["default"].kind == "embedded"
    assert settings.rubrics_dir == RUBRICS
    assert settings.store_url == default_store_url()


def test_where_judges_are_configured_the_baseline_does_not_step_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_JUDGES", json.dumps({"big": JUDGES["default"]}))
    assert list(load_settings().judges) == ["big"]


@pytest.mark.parametrize("blank", ["", "  ", "{}"])
def test_a_blank_setting_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_JUDGES", blank)
    assert load_settings().judges["default"].kind == "embedded"


def test_judges_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "judges.json").write_text(json.dumps(JUDGES))
    monkeypatch.setenv("JUDGE_SERVICE_JUDGES", f" {tmp_path / 'judges.json'}\n")
    assert load_settings().judges["default"] == JudgeSpec.model_validate(JUDGES["default"])


@pytest.mark.parametrize("name", ["JUDGE_SERVICE_JUDGE", "JUDGE_SERVICE_STORE", "JUDGE_SERVICE_"])
def test_an_unknown_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, SECRET)
    with pytest.raises(
        ConfigurationError, match=f"unknown setting {name} .known: .*JUDGE_SERVICE_JUDGES"
    ) as error:
        load_settings()
    assert SECRET not in str(error.value)


def test_variables_of_tests_and_of_others_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_TEST_REDIS_URL", "redis://127.0.0.1")
    monkeypatch.setenv("JUDGE_SERVICES", "x")
    load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_HOST", "10.0.0.7"),
        ("SERVICE_PORT", "8080"),
        ("REDIS_SERVICE_HOST", "10.0.0.2"),
        ("REDIS_PORT_6379_TCP_ADDR", "10.0.0.2"),
        ("SERVICE_PORT_HTTP", "8080"),
        ("PORT", "tcp://10.0.0.7:8080"),
        ("PORT_8080_TCP", "tcp://10.0.0.7:8080"),
        ("PORT_8080_TCP_ADDR", "10.0.0.7"),
        ("PORT_8080_TCP_PORT", "8080"),
        ("PORT_8080_TCP_PROTO", "tcp"),
    ],
)
def test_what_kubernetes_sets_beside_a_service_of_our_name_is_let_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    load_settings()


@pytest.mark.parametrize("name", ["PORTS", "SERVICE_HOSTS", "SERVICE", "HOST", "A_PORTS"])
def test_what_only_looks_like_it_is_a_mistake(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(PREFIX + name, "1")
    with pytest.raises(ConfigurationError, match=f"unknown setting {PREFIX}{name} "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("JUDGES", '{"default": {"kind": "openai"', "JUDGE_SERVICE_JUDGES: Value error, the text is not"),
        ("JUDGES", '{"default": {"kind": "openai"}}', "needs base_url and model"),
        ("JUDGES", '{"default": {"kind": "oracle"}}', r"JUDGE_SERVICE_JUDGES\.default\.kind"),
        ("JUDGES", '{"default": {"kind": "embedded", "api_key": "' + SECRET + '"}}', "api_key: Extra inputs"),
        ("JUDGES", '{"": {"kind": "embedded"}}', "a judge's name is printable"),
        ("JUDGES", '{"a\\u0000": {"kind": "embedded"}}', "a judge's name is printable"),
        ("JUDGES", '{"' + "x" * 65 + '": {"kind": "embedded"}}', "a judge's name is printable"),
        ("JUDGES", "/there/is/no/such/file", "JUDGE_SERVICE_JUDGES: FileNotFoundError"),
        ("JUDGES", "[]", "JUDGE_SERVICE_JUDGES"),
        ("CACHE_TTL_DAYS", "0", "JUDGE_SERVICE_CACHE_TTL_DAYS: Input should be greater than 0"),
        ("CACHE_TTL_DAYS", "long", "JUDGE_SERVICE_CACHE_TTL_DAYS"),
        ("BODY_CAP_MIB", "1000", "JUDGE_SERVICE_BODY_CAP_MIB"),
        ("LOG_LEVEL", "CHATTY", "JUDGE_SERVICE_LOG_LEVEL"),
    ],
)
def test_a_mistake_is_told_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ConfigurationError, match=told) as error:
        load_settings()
    assert SECRET not in str(error.value)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_FENCE_KEY", SECRET)
    settings = load_settings()
    assert settings.fence_key.get_secret_value() == SECRET
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


def test_two_starts_without_a_fence_key_have_two() -> None:
    keys = {load_settings().fence_key.get_secret_value() for _ in range(2)}
    assert len(keys) == 2
    assert min(len(key) for key in keys) == 32


def test_the_cache_lies_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert load_settings().store_url == f"file://{tmp_path}/judge-service"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert load_settings().store_url == f"file://{Path.home()}/.cache/judge-service"


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_STORE_URL", "redis://127.0.0.1")
    assert load_settings(store_url="memory://").store_url == "memory://"
