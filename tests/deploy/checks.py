"""What must hold between the objects that are deployed together; each check gives the faults that it finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.kustomizing import Object, containers
from deploy.networking import Pod, matches
from jsonschema import Draft202012Validator

from judge_service import __version__
from judge_service.domain.job import PRIORITIES
from judge_service.main import SLOTS, create_app
from judge_service.serving import NOTICE_S
from judge_service.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

Faults = Iterator[str]
SCHEMAS = Path(__file__).parent / "schemas"
# What the queue of jobs calls its streams and their readers.
STREAMS = {f"js:jobs:todo:{priority}" for priority in PRIORITIES}
GROUP = "workers"
TOLERANCE = 1.1  # an autoscaler overlooks less
# Secrets that whoever installs makes (docs/deploy.md), with their keys.
BROUGHT = {"judge-store": {"url", "address", "username", "password"}}
ROUTES = set(create_app(Settings()).openapi()["paths"])
ROOM_S = 15  # beyond pause, notice and drain: closing what is open


@dataclass(frozen=True)
class Deployed:
    """The objects of one installation."""

    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] in kinds]

    def get(self, kind: str, name: str) -> Object | None:
        return next((one for one in self.of(kind) if one["metadata"]["name"] == name), None)

    @cached_property
    def workloads(self) -> list[Object]:
        return self.of("Deployment", "StatefulSet")

    @property
    def ours(self) -> list[Object]:
        return [one for one in self.workloads if labels_of(one)["app.kubernetes.io/name"] == "judge-service"]

    def selected(self, labels: Mapping[str, str]) -> list[Object]:
        return [one for one in self.workloads if matches({"matchLabels": labels}, labels_of(one))]

    def pod(self, name: str) -> Pod:
        """Stand in for a pod of a workload."""
        (one,) = (one for one in self.workloads if one["metadata"]["name"] == name)
        ports = {port["name"]: port["containerPort"] for port in containers(one)[0]["ports"]}
        return Pod(labels_of(one), ports=ports)

    def settings(self) -> dict[str, str]:
        found = self.get("ConfigMap", "judge-settings")
        return dict(found["data"]) if found else {}


def labels_of(workload: Object) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def spec_of(workload: Object) -> Object:
    spec: Object = workload["spec"]["template"]["spec"]
    return spec


def name(one: Object) -> str:
    return f"{one['kind']} {one['metadata']['name']}"


@cache
def rules(schema: str) -> Object:
    """Read a schema of this folder; checking it against its own takes as long as ten objects."""
    found: Object = json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(found)
    return found


def against(schema: str, document: Any, kind: str | None = None) -> list[str]:
    """Give what a schema has against a document; of a schema of several kinds, what that kind's part has."""
    asked = rules(schema)
    if kind is not None:
        part = {"$ref": f"#/$defs/{kind}"}
        if part not in asked["oneOf"]:
            return [f"no schema for {kind}"]
        asked = {**part, "$defs": asked["$defs"]}
    return [
        f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(asked).iter_errors(document)
    ]


def schemas(deployed: Deployed) -> Faults:
    for one in deployed.objects:
        schema = "keda" if one["apiVersion"].startswith("keda.sh/") else "kubernetes"
        yield from (f"{name(one)} {fault}" for fault in against(schema, one, one["kind"]))


def selectors(deployed: Deployed) -> Faults:
    for one in deployed.workloads:
        spreads = [each["labelSelector"] for each in spec_of(one).get("topologySpreadConstraints", [])]
        for selector in (one["spec"]["selector"], *spreads):
            if deployed.selected(selector["matchLabels"]) != [one]:
                yield f"{name(one)} does not select its own pods alone: {selector}"
    for one in deployed.of("Service", "PodDisruptionBudget", "NetworkPolicy"):
        selector = one["spec"].get("selector") or one["spec"]["podSelector"]
        count = len(deployed.selected(selector.get("matchLabels", selector)))
        if count == 0 or (count > 1 and one["kind"] != "NetworkPolicy"):
            yield f"{name(one)} selects {count} workloads"


def references(deployed: Deployed) -> Faults:
    for one in deployed.workloads:
        spec = spec_of(one)
        if not deployed.get("ServiceAccount", spec["serviceAccountName"]):
            yield f"{name(one)}: no such service account"
        if one["kind"] == "StatefulSet" and not deployed.get("Service", one["spec"]["serviceName"]):
            yield f"{name(one)}: no such service"
        claims = [claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])]
        volumes = [*(volume["name"] for volume in spec.get("volumes", [])), *claims]
        mounts = [mount["name"] for each in containers(one) for mount in each.get("volumeMounts", [])]
        if sorted(volumes) != sorted(mounts):
            yield f"{name(one)}: mounts {mounts} of {volumes}"
        maps = [volume["configMap"] for volume in spec.get("volumes", []) if "configMap" in volume]
        maps += [source["configMapRef"] for source in _sources(one) if "configMapRef" in source]
        yield from (f"{name(one)}: no {m['name']}" for m in maps if not deployed.get("ConfigMap", m["name"]))
        required = [source["secretRef"] for source in _sources(one) if "secretRef" in source]
        keys = [ref for ref in required if not ref.get("optional")] + _secret_keys(one)
        yield from (f"{name(one)}: no secret {key}" for key in keys if not _has(deployed, key))
    for one in deployed.of("TriggerAuthentication"):
        for ref in one["spec"]["secretTargetRef"]:
            if not _has(deployed, ref):
                yield f"{name(one)}: no secret {ref}"


def _sources(one: Object) -> list[Object]:
    return [source for each in containers(one) for source in each.get("envFrom", [])]


def _secret_keys(one: Object) -> list[Object]:
    entries = [entry for each in containers(one) for entry in each.get("env", [])]
    return [entry["valueFrom"]["secretKeyRef"] for entry in entries if "valueFrom" in entry]


def _has(deployed: Deployed, ref: Mapping[str, str]) -> bool:
    secret = deployed.get("Secret", ref["name"])
    keys = set(secret["stringData"]) if secret else BROUGHT.get(ref["name"], set())
    return ref.get("key") in keys


def settings(deployed: Deployed) -> Faults:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    environments = [_environment(one) for one in deployed.ours]
    if any(environment != environments[0] for environment in environments):
        yield "API and workers have different settings"
    named = {*deployed.settings(), *(entry["name"] for each in environments for entry in each["env"])}
    yield from (f"no setting {each}" for each in sorted(named - known))
    if PREFIX + "STORE_URL" not in named:
        yield "no store"
    folder, _, file = deployed.settings().get(PREFIX + "JUDGES", "").rpartition("/")
    judges = deployed.get("ConfigMap", "judge-judges")
    mounts = [[each["mountPath"] for each in containers(one)[0]["volumeMounts"]] for one in deployed.ours]
    if not all(folder in each for each in mounts) or not judges or file not in judges["data"]:
        yield "the judges are not where the setting says"


def _environment(one: Object) -> Object:
    (container,) = containers(one)
    return {"env": container.get("env", []), "envFrom": container.get("envFrom", [])}


def ports(deployed: Deployed) -> Faults:
    for one in deployed.ours:
        (container,) = containers(one)
        options = dict(zip(container["command"][2::2], container["command"][3::2], strict=True))
        if options != {"--host": "0.0.0.0", "--port": str(container["ports"][0]["containerPort"])}:  # noqa: S104  a pod's own
            yield f"{name(one)} does not listen where its port is"
    for one in deployed.workloads:
        (container,) = containers(one)
        doors = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if container[probe].get("httpGet", {"port": container["ports"][0]["name"]})["port"] not in doors:
                yield f"{name(one)}: {probe} asks a port that is not there"
    for one in deployed.of("Service"):
        for workload in deployed.selected(one["spec"]["selector"]):
            doors = {port["name"] for port in containers(workload)[0]["ports"]}
            yield from (
                f"{name(one)}: no {p['targetPort']}"
                for p in one["spec"]["ports"]
                if p["targetPort"] not in doors
            )


def probes(deployed: Deployed) -> Faults:
    wanted = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for one in deployed.ours:
        (container,) = containers(one)
        for probe, path in wanted.items():
            if container[probe].get("httpGet", {}).get("path") != path or path not in ROUTES:
                yield f"{name(one)}: {probe} is not {path}"
    for one in deployed.workloads:
        (container,) = containers(one)
        start, live = container["startupProbe"], container["livenessProbe"]
        if start["periodSeconds"] * start["failureThreshold"] < 60 or live["failureThreshold"] < 3:
            yield f"{name(one)} is killed too soon"


def stops(deployed: Deployed) -> Faults:
    drain = int(deployed.settings().get(PREFIX + "DRAIN_S", Settings.model_fields["drain_s"].default))
    for one in deployed.ours:
        (container,) = containers(one)
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if spec_of(one)["terminationGracePeriodSeconds"] < pause + NOTICE_S + drain + ROOM_S:
            yield f"{name(one)} is killed while it drains"
        if "serve" in container["command"] and pause < 5:
            yield f"{name(one)} stops while requests are still sent to it"
        if one["spec"]["strategy"]["rollingUpdate"] != {"maxUnavailable": 0, "maxSurge": 1}:
            yield f"{name(one)} has fewer pods while it is renewed"


def scaling(deployed: Deployed) -> Faults:
    scaled: list[str] = []
    for one in deployed.of("HorizontalPodAutoscaler", "ScaledObject"):
        spec, short = one["spec"], "Replicas" if one["kind"] == "HorizontalPodAutoscaler" else "ReplicaCount"
        target = deployed.get(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
        scaled.append(spec["scaleTargetRef"]["name"])
        if target is None or "replicas" in target["spec"]:
            yield f"{name(one)} scales nothing, or what has a number of its own"
        if not 1 <= spec[f"min{short}"] < spec[f"max{short}"]:
            yield f"{name(one)} has no room, or nobody left who takes over what a dead worker held"
    for one in deployed.of("Deployment"):
        if (scaled.count(one["metadata"]["name"]) == 1) == ("replicas" in one["spec"]):
            yield f"{name(one)} has no number of pods, or two who set it"
    for one in deployed.of("HorizontalPodAutoscaler"):
        if one["spec"]["minReplicas"] < 2:
            yield f"{name(one)} may leave one pod alone"
    budgets = [one["spec"]["selector"]["matchLabels"] for one in deployed.of("PodDisruptionBudget")]
    guarded = [one for labels in budgets for one in deployed.selected(labels)]
    yield from (f"{name(one)} has no budget" for one in deployed.ours if one not in guarded)


def images(deployed: Deployed) -> Faults:
    for one in deployed.workloads:
        image, _, tag = containers(one)[0]["image"].partition(":")
        if one in deployed.ours and (image.rpartition("/")[2], tag) != ("judge-service", __version__):
            yield f"{name(one)} runs {image}:{tag}, not this version"
        if tag in {"", "latest"}:
            yield f"{name(one)} runs an image that floats"


def streams(deployed: Deployed) -> Faults:
    for one in deployed.of("ScaledObject"):
        triggers = one["spec"]["triggers"]
        for kind in ("lagCount", "pendingEntriesCount"):
            read = sorted(each["metadata"]["stream"] for each in triggers if kind in each["metadata"])
            if read != sorted(STREAMS):
                yield f"{name(one)}: {kind} of {read}"
        if {each["metadata"]["consumerGroup"] for each in triggers} != {GROUP}:
            yield f"{name(one)} looks at another group"
        for trigger in triggers:
            if not deployed.get("TriggerAuthentication", trigger["authenticationRef"]["name"]):
                yield f"{name(one)}: {trigger['name']} cannot log in"


def filling(deployed: Deployed) -> Faults:
    for one in deployed.of("ScaledObject"):
        formula = one["spec"]["advanced"]["scalingModifiers"]
        if sorted(formula["formula"].split(" + ")) != sorted(
            each["name"] for each in one["spec"]["triggers"]
        ):
            yield f"{name(one)} does not add up its triggers"
        if not SLOTS / 2 <= int(formula["target"]) <= SLOTS / TOLERANCE:
            yield f"{name(one)}: full workers bring no more workers, or half empty ones do"


CHECKS = (schemas, selectors, references, settings, ports, probes, stops, scaling, images, streams, filling)
