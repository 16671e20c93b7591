"""The installations of deploy/kustomize: each object as its schema says, and all of them fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from deploy.checks import CHECKS, Deployed, against, schemas
from deploy.kustomizing import build, containers, documents, patched
from deploy.networking import HERE, End, Pod, may
from typer.main import get_command

from judge_service.cli import app
from judge_service.settings import load_settings
from judge_service.stores.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kustomize"
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
INSTALLATIONS = {
    name: Deployed(build(FOLDER / name)) for name in ("base", "overlays/trial", "overlays/example")
}
EACH = pytest.mark.parametrize("deployed", INSTALLATIONS.values(), ids=INSTALLATIONS)
TRIAL, EXAMPLE = INSTALLATIONS["overlays/trial"], INSTALLATIONS["overlays/example"]

OUTSIDE = "203.0.113.7"
METADATA = "169.254.169.254"
DNS = Pod({"k8s-app": "kube-dns"}, "kube-system")
ELSEWHERE = Pod({}, "elsewhere")
INGRESS = Pod({}, "ingress", {"judge-service/clients": "true"})
PROMETHEUS = Pod({}, "watching", {"judge-service/monitoring": "true"})
CLIENT = Pod({"judge-service/client": "true"})
NEIGHBOUR = Pod({})
VLLM = Pod({"judge-service/judge": "true"}, "models")
KEDA = Pod({}, "keda")
API, WORKER, REDIS = TRIAL.pod("judge-api"), TRIAL.pod("judge-worker"), TRIAL.pod("judge-redis")


def test_every_file_is_read_by_an_installation() -> None:
    read: set[Path] = set()

    def follow(folder: Path) -> None:
        (orders,) = documents(folder / "kustomization.yaml")
        assert against("kustomize", orders, orders["kind"]) == []
        made = [file for order in orders.get("configMapGenerator", []) for file in _sources(order)]
        read.update([folder / "kustomization.yaml", *(folder / file for file in made)])
        for entry in [*orders.get("resources", []), *orders.get("components", [])]:
            path = (folder / entry).resolve()
            if path.is_dir():
                follow(path)
            else:
                read.add(path)

    for installation in INSTALLATIONS:
        follow(FOLDER / installation)
    assert read == {path for path in FOLDER.rglob("*") if path.is_file()}


def _sources(order: dict[str, Any]) -> list[str]:
    return [*order.get("files", []), *order.get("envs", [])]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@EACH
def test_there_is_no_fault(deployed: Deployed, check: Callable[[Deployed], Any]) -> None:
    assert list(check(deployed)) == []


POD = "/spec/template/spec"
CONTAINER = f"{POD}/containers/0"
APP = "app.kubernetes.io"
# Which check sees it, in which object, where, and what is put there (None: it is taken away).
PLANTED: list[tuple[str, str, str, Any]] = [
    ("schemas", "Deployment/judge-api", "/spec/stratgy", {}),
    ("schemas", "Deployment/judge-api", "/apiVersion", "extensions/v1beta1"),
    ("schemas", "Deployment/judge-api", f"{CONTAINER}/securityContext/readOnlyRootFilesystem", None),
    ("schemas", "Deployment/judge-api", f"{CONTAINER}/securityContext/capabilities/drop", ["NET_RAW"]),
    ("schemas", "Deployment/judge-worker", f"{CONTAINER}/securityContext/privileged", True),
    ("schemas", "Deployment/judge-worker", f"{POD}/securityContext/runAsUser", 0),
    ("schemas", "Deployment/judge-worker", f"{POD}/automountServiceAccountToken", True),
    ("schemas", "Deployment/judge-worker", f"{POD}/hostNetwork", True),
    ("schemas", "Deployment/judge-worker", f"{CONTAINER}/resources/limits/memory", None),
    ("schemas", "Deployment/judge-worker", f"{CONTAINER}/livenessProbe", None),
    ("schemas", "NetworkPolicy/judge-to-dns", "/spec/policyTypes/0", "egress"),
    ("schemas", "PodDisruptionBudget/judge-api", "/spec/minAvailable", 1),
    ("schemas", "ScaledObject/judge-worker", "/spec/triggers/0/metadata/lagCount", 32),
    ("schemas", "ScaledObject/judge-worker", "/spec/triggers/0/metadata/activationLagCount", "0"),
    ("schemas", "ScaledObject/judge-worker", "/spec/triggers/0/metadata/activationLagCount", None),
    ("selectors", "Deployment/judge-api", f"/spec/selector/matchLabels/{APP}~1component", "web"),
    ("selectors", "Deployment/judge-api", f"/spec/template/metadata/labels/{APP}~1component", "worker"),
    ("selectors", "Service/judge-api", f"/spec/selector/{APP}~1component", None),
    ("selectors", "PodDisruptionBudget/judge-worker", f"/spec/selector/matchLabels/{APP}~1component", "work"),
    ("selectors", "NetworkPolicy/judge-to-dns", f"/spec/podSelector/matchLabels/{APP}~1name", "judge"),
    (
        "selectors",
        "Deployment/judge-api",
        f"{POD}/topologySpreadConstraints/0/labelSelector/matchLabels/{APP}~1component",
        "worker",
    ),
    ("references", "Deployment/judge-api", f"{POD}/serviceAccountName", "default"),
    ("references", "Deployment/judge-api", f"{POD}/volumes/0/configMap/name", "judges"),
    ("references", "Deployment/judge-api", f"{POD}/volumes/1", None),
    ("references", "Deployment/judge-worker", f"{CONTAINER}/env/0/valueFrom/secretKeyRef/key", "uri"),
    ("references", "Deployment/judge-worker", f"{CONTAINER}/envFrom/0/configMapRef/name", "settings"),
    ("references", "Deployment/judge-worker", f"{CONTAINER}/envFrom/1/secretRef/optional", None),
    ("references", "TriggerAuthentication/judge-store", "/spec/secretTargetRef/0/key", "host"),
    ("references", "StatefulSet/judge-redis", "/spec/serviceName", "redis"),
    ("settings", "ConfigMap/judge-settings", "/data/JUDGE_SERVICE_DRAIN", "25"),
    ("settings", "ConfigMap/judge-settings", "/data/JUDGE_SERVICE_JUDGES", "/etc/judge-service/judge.json"),
    ("settings", "Deployment/judge-api", f"{CONTAINER}/env/0/name", "JUDGE_SERVICE_STORE"),
    ("settings", "Deployment/judge-worker", f"{CONTAINER}/envFrom/1", None),
    ("settings", "Deployment/judge-api", f"{CONTAINER}/volumeMounts/0/mountPath", "/judges"),
    ("ports", "Deployment/judge-api", f"{CONTAINER}/ports/0/containerPort", 8000),
    ("ports", "Deployment/judge-worker", f"{CONTAINER}/command/3", "127.0.0.1"),
    ("ports", "Deployment/judge-worker", f"{CONTAINER}/ports/0/name", "web"),
    ("ports", "Service/judge-api", "/spec/ports/0/targetPort", "web"),
    ("probes", "Deployment/judge-api", f"{CONTAINER}/readinessProbe/httpGet/path", "/ready"),
    ("probes", "Deployment/judge-worker", f"{CONTAINER}/livenessProbe/httpGet/path", "/readyz"),
    ("probes", "Deployment/judge-api", f"{CONTAINER}/startupProbe/failureThreshold", 5),
    ("stops", "Deployment/judge-worker", f"{POD}/terminationGracePeriodSeconds", 30),
    ("stops", "ConfigMap/judge-settings", "/data/JUDGE_SERVICE_DRAIN_S", "60"),
    ("stops", "Deployment/judge-api", f"{CONTAINER}/lifecycle", None),
    ("stops", "Deployment/judge-api", "/spec/strategy/rollingUpdate/maxUnavailable", 1),
    ("scaling", "HorizontalPodAutoscaler/judge-api", "/spec/scaleTargetRef/name", "api"),
    ("scaling", "HorizontalPodAutoscaler/judge-api", "/spec/minReplicas", 1),
    ("scaling", "Deployment/judge-api", "/spec/replicas", 2),
    ("scaling", "Deployment/judge-worker", "/spec/replicas", None),
    ("scaling", "ScaledObject/judge-worker", "/spec/minReplicaCount", 0),
    ("scaling", "PodDisruptionBudget/judge-worker", f"/spec/selector/matchLabels/{APP}~1component", "api"),
    ("images", "Deployment/judge-worker", f"{CONTAINER}/image", "judge-service:0.0.9"),
    ("images", "StatefulSet/judge-redis", f"{CONTAINER}/image", "redis"),
    ("streams", "ScaledObject/judge-worker", "/spec/triggers/0/metadata/stream", "js:jobs:todo:higher"),
    ("streams", "ScaledObject/judge-worker", "/spec/triggers/5/metadata/consumerGroup", "worker"),
    ("streams", "ScaledObject/judge-worker", "/spec/triggers/3", None),
    ("filling", "ScaledObject/judge-worker", "/spec/triggers/1/name", "high_waiting"),
    ("filling", "ScaledObject/judge-worker", "/spec/advanced/scalingModifiers/target", "96"),
    (
        "filling",
        "ScaledObject/judge-worker",
        "/spec/advanced/scalingModifiers/formula",
        "high_waiting + low_waiting",
    ),
    ("streams", "ScaledObject/judge-worker", "/spec/triggers/2/authenticationRef/name", "judge-redis"),
]


@pytest.mark.parametrize(("check", "place", "path", "value"), PLANTED, ids=lambda value: str(value)[-60:])
def test_a_planted_fault_is_found(check: str, place: str, path: str, value: Any) -> None:
    checks = {each.__name__: each for each in CHECKS}
    operation = (
        {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}
    )
    if path.rpartition("/")[2].isdigit() and value is not None:
        operation["op"] = "replace"
    kind, _, name = place.partition("/")
    before = TRIAL if TRIAL.get(kind, name) else EXAMPLE
    found = before.get(kind, name)
    assert found is not None
    after = [patched(one, [operation]) if one is found else one for one in before.objects]
    assert set(checks[check](Deployed(after))) - set(checks[check](before))


def test_every_check_has_a_planted_fault() -> None:
    assert {check for check, *_ in PLANTED} == {check.__name__ for check in CHECKS}


@EACH
def test_the_service_accepts_its_settings(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    judges = deployed.get("ConfigMap", "judge-judges")
    assert judges is not None
    for name, value in deployed.settings().items():
        monkeypatch.setenv(name, value.replace("/etc/judge-service", str(tmp_path)))
    for name, text in judges["data"].items():
        (tmp_path / name).write_text(text, "utf-8")
    settings = load_settings()
    assert settings.judges.keys() == json.loads(judges["data"]["judges.json"]).keys()


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        (CLIENT, API, 8080),
        (INGRESS, API, 8080),
        (PROMETHEUS, API, 8080),
        (PROMETHEUS, WORKER, 8081),
        (API, DNS, 53),
        (WORKER, DNS, 53),
        (API, REDIS, 6379),
        (WORKER, REDIS, 6379),
        (KEDA, REDIS, 6379),
        (API, OUTSIDE, 443),
        (WORKER, OUTSIDE, 443),
        (WORKER, "2001:db8::7", 443),
        (API, VLLM, 8000),
        (WORKER, VLLM, 8000),
    ],
)
def test_the_network_lets_through_what_is_needed(source: Pod, target: End, port: int) -> None:
    policies = TRIAL.of("NetworkPolicy")
    assert may(policies, source, target, port)
    assert not may(policies, source, target, port + 1)


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        (NEIGHBOUR, API, 8080),
        (ELSEWHERE, API, 8080),
        (CLIENT, WORKER, 8081),
        (INGRESS, WORKER, 8081),
        (NEIGHBOUR, REDIS, 6379),
        (ELSEWHERE, REDIS, 6379),
        (PROMETHEUS, REDIS, 6379),
        (API, WORKER, 8081),
        (WORKER, API, 8080),
        (API, OUTSIDE, 80),
        (API, METADATA, 443),
        (API, "10.0.0.1", 443),
        (WORKER, "fd00::1", 443),
        (API, ELSEWHERE, 443),
        (WORKER, ELSEWHERE, 8000),
        (REDIS, OUTSIDE, 443),
        (REDIS, DNS, 53),
        (REDIS, API, 8080),
    ],
)
def test_the_network_lets_nothing_else_through(source: Pod, target: End, port: int) -> None:
    assert not may(TRIAL.of("NetworkPolicy"), source, target, port)


@pytest.mark.parametrize("left_out", [one["metadata"]["name"] for one in TRIAL.of("NetworkPolicy")])
def test_every_policy_decides_something(left_out: str) -> None:
    pods = [API, WORKER, REDIS, CLIENT, NEIGHBOUR, INGRESS, PROMETHEUS, KEDA, DNS, VLLM]
    ends: list[End] = [*pods, OUTSIDE, METADATA]
    ways = [(a, b, port) for a in pods for b in ends for port in (53, 443, 6379, 8000, 8080, 8081)]
    all_of_them = TRIAL.of("NetworkPolicy")
    others = [one for one in all_of_them if one["metadata"]["name"] != left_out]
    assert any(may(all_of_them, *way) != may(others, *way) for way in ways)


def test_the_example_reaches_its_managed_redis_and_no_pod_instead() -> None:
    policies = EXAMPLE.of("NetworkPolicy")
    assert may(policies, EXAMPLE.pod("judge-worker"), "10.20.30.5", 6379)
    assert not may(policies, EXAMPLE.pod("judge-worker"), "10.20.31.5", 6379)
    assert not may(policies, EXAMPLE.pod("judge-worker"), REDIS, 6379)


def test_the_example_is_in_its_namespace_and_from_its_registry() -> None:
    (space,) = EXAMPLE.of("Namespace")
    others = [one for one in EXAMPLE.objects if one is not space]
    assert {one["metadata"]["namespace"] for one in others} == {space["metadata"]["name"]} != {HERE}
    assert {containers(one)[0]["image"].rpartition("/")[0] for one in EXAMPLE.ours} == {
        "registry.example.org/medical"
    }


async def test_the_trial_redis_is_where_its_secret_says_and_keeps_as_the_one_of_compose() -> None:
    secret = TRIAL.get("Secret", "judge-store")
    assert secret is not None
    address = secret["stringData"]["address"]
    assert secret["stringData"]["url"] == f"redis://{address}/{_database()}"
    name, _, port = address.partition(":")
    service = TRIAL.get("Service", name)
    assert service is not None
    assert service["spec"]["ports"][0]["port"] == int(port)
    await RedisStore.at(secret["stringData"]["url"], prefix="js").aclose()
    (container,) = containers(next(one for one in TRIAL.workloads if one not in TRIAL.ours))
    there = COMPOSE["services"]["redis"]
    assert (container["image"], container["command"]) == (there["image"], there["command"])
    assert re.match(
        r"redis:[7-9]\.", container["image"]
    )  # KEDA reads the lag, which Redis 7 was first to tell


def _database() -> str:
    (scaled,) = EXAMPLE.of("ScaledObject")
    (index,) = {trigger["metadata"]["databaseIndex"] for trigger in scaled["spec"]["triggers"]}
    return str(index)


def test_no_secret_is_kept_here() -> None:
    for path in FOLDER.rglob("*.*"):
        for line in path.read_text("utf-8").splitlines():
            found = re.search(
                r"(?i)(password|api_?key(?!_env)|fence_key|token)\w*\"?\s*[:=]\s*\"?([^\"\s]*)", line
            )
            assert not found or found[2] in {"", "false"}, f"{path}: {line}"


def test_what_the_api_runs_is_a_command_with_these_options() -> None:
    (container,) = containers(next(one for one in TRIAL.ours if one["metadata"]["name"] == "judge-api"))
    program, command, *options = container["command"]
    assert program == "judge-service"
    known = {option for each in get_command(app).commands[command].params for option in each.opts}  # type: ignore[attr-defined]  # a group
    assert set(options[::2]) <= known


def test_a_kind_without_a_schema_is_a_fault() -> None:
    stranger = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"}, "spec": {}}
    assert list(schemas(Deployed([stranger]))) == ["Pod alone no schema for Pod"]
