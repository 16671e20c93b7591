"""The compose file: a service, its workers and their Redis, each with the least it needs."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.checks import against

from judge_service import __version__
from judge_service.settings import PREFIX, Settings, load_settings
from judge_service.stores.redis import RedisStore

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EACH = pytest.mark.parametrize("name", sorted(SERVICES))
OURS = pytest.mark.parametrize("name", ["service", "worker"])


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return int(found[1])


def with_defaults(text: str) -> str:
    """Put in what compose puts in when the caller's environment names none of it."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_has_the_service_its_workers_and_their_redis() -> None:
    assert set(SERVICES) == {"service", "worker", "redis"}


def test_is_as_its_schema_says() -> None:
    assert against("compose", COMPOSE) == []


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("worker", "profile", ["workers"]),
        ("worker", "deploy", {"replica": 2}),
        ("worker", "mem_limit", 2),
        ("service", "ports", ["8080:8080"]),
        ("service", "environment", {"JUDGE_SERVICE_DRAIN_S": 25}),
        ("redis", "restart", "allways"),
        ("redis", "healthcheck", {"test": "redis-cli ping", "interval": "5s", "timeout": "3s", "retries": 5}),
    ],
)
def test_the_schema_sees_a_mistake(name: str, field: str, value: Any) -> None:
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"][name][field] = value
    assert against("compose", wrong)


def test_two_workers_come_with_their_profile_and_nothing_else_has_one() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "worker": ["workers"]
    }
    assert SERVICES["worker"]["deploy"] == {"replicas": 2}
    assert "ports" not in SERVICES["worker"]  # two could not have one


def test_a_worker_is_the_service_with_another_command() -> None:
    own = {"profiles", "command", "deploy", "healthcheck", "ports"}
    service, worker = (
        {field: value for field, value in SERVICES[name].items() if field not in own}
        for name in ("service", "worker")
    )
    assert worker == service
    assert SERVICES["worker"]["command"][:2] == ["judge-service", "worker"]


def test_a_worker_is_asked_where_it_answers() -> None:
    words = SERVICES["worker"]["command"]
    address = ":".join(words[words.index(option) + 1] for option in ("--host", "--port"))
    there = SERVICES["worker"]["healthcheck"]["test"][-1]
    assert there == SERVICES["service"]["healthcheck"]["test"][-1].replace("127.0.0.1:8080", address)


@EACH
def test_each_runs_with_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert int(service["user"].split(":")[0]) > 0
    assert service["mem_limit"]
    assert service["pids_limit"]


@EACH
def test_each_has_a_health_check_without_a_shell_that_ends_before_the_next(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["test"][1] in {"python", "redis-cli"}
    assert seconds(check["timeout"]) < seconds(check["interval"])
    assert check["retries"] >= 2


@EACH
def test_no_image_floats(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.search(r":\d+\.\d+\.\d+(-[a-z]+)?$", image), image


@OURS
def test_the_image_is_that_of_this_version(name: str) -> None:
    assert SERVICES[name]["image"] == f"judge-service:{__version__}"


def test_the_health_check_and_the_user_are_those_of_the_image() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    image = json.loads(text.partition("HEALTHCHECK")[2].partition("CMD ")[2].splitlines()[0])
    assert SERVICES["service"]["healthcheck"]["test"][1:] == image
    assert f"USER {SERVICES['service']['user']}\n" in text


def test_the_service_is_built_from_this_repository() -> None:
    build = SERVICES["service"]["build"]
    context = (FOLDER / build["context"]).resolve()
    assert context == ROOT.resolve()
    assert (context / build["dockerfile"]).is_file()


@OURS
def test_waits_for_a_healthy_redis(name: str) -> None:
    assert SERVICES[name]["depends_on"]["redis"]["condition"] == "service_healthy"


def test_only_the_service_and_its_workers_reach_redis_and_only_this_host_the_service() -> None:
    assert SERVICES["redis"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"]["internal"] is True
    assert "ports" not in SERVICES["redis"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["service"]["ports"])


def test_redis_forgets_judgements_before_it_is_full_and_keeps_jobs_studies_and_maps() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--maxmemory-policy"] == "volatile-lru"
    assert options["--save"] == ""
    assert options["--appendonly"] == "yes"
    volume, _, folder = SERVICES["redis"]["volumes"][0].partition(":")
    assert folder == "/data"
    assert volume in COMPOSE["volumes"]
    limit = int(SERVICES["redis"]["mem_limit"].removesuffix("m"))
    assert int(options["--maxmemory"].removesuffix("mb")) < limit


@OURS
def test_every_setting_named_exists(name: str) -> None:
    named = [setting for setting in SERVICES[name]["environment"] if setting.startswith(PREFIX)]
    assert named
    for setting in named:
        assert setting.removeprefix(PREFIX).lower() in Settings.model_fields


async def test_the_service_accepts_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES["service"]["environment"].items():
        monkeypatch.setenv(name, with_defaults(value))
    settings = load_settings()
    assert settings.judges["default"].kind == "embedded"
    await RedisStore.at(settings.store_url, prefix="js").aclose()


def test_redis_is_named_as_the_service_asks_for_it() -> None:
    url = SERVICES["service"]["environment"]["JUDGE_SERVICE_STORE_URL"]
    assert url.startswith("redis://redis:6379/")


@OURS
def test_a_stop_waits_longer_than_the_drain(name: str) -> None:
    service = SERVICES[name]
    assert seconds(service["stop_grace_period"]) > int(service["environment"]["JUDGE_SERVICE_DRAIN_S"])


def test_carries_no_secret() -> None:
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    assert not re.search(r"(?i)(api[_-]?key|password|secret|token)\w*\s*[:=]", text)
