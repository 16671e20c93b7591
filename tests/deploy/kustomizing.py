"""Reads a kustomization as kustomize does, as far as ours go; a field that it does not know is an error.

What differs: a generated ConfigMap keeps its plain name, where kustomize adds a digest to it and to whatever names it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Object = dict[str, Any]
_HEADER = {"apiVersion", "kind"}
_WITHOUT_NAMESPACE = {"Namespace"}


def documents(path: Path) -> list[Object]:
    return [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document is not None]


def build(folder: Path) -> list[Object]:
    """Give the objects that would be applied."""
    return _with(folder, [])


def _with(folder: Path, objects: list[Object]) -> list[Object]:
    (orders,) = documents(folder / "kustomization.yaml")
    unknown = set(orders) - _HEADER - set(_STEPS) - {"resources"}
    if unknown:
        raise ValueError(f"{folder.name}: this reader does not know {sorted(unknown)}")
    for resource in orders.get("resources", []):
        path = folder / resource
        objects = [*objects, *(build(path) if path.is_dir() else documents(path))]
    # kustomize has an order of its own, whatever the order in the file.
    for name, step in _STEPS.items():
        if name in orders:
            objects = step(folder, objects, orders[name])
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    if len(set(names)) < len(names):
        raise ValueError(f"{folder.name}: two objects have one name")
    return objects


def _generated(folder: Path, objects: list[Object], orders: Sequence[Object]) -> list[Object]:
    for order in orders:
        made = _data(folder, order)
        behavior = order.get("behavior", "create")
        found = [
            one for one in objects if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", order["name"])
        ]
        if (behavior == "create") == bool(found):
            raise ValueError(f"{folder.name}: {behavior} of {order['name']}, of which there are {len(found)}")
        old = found[0]["data"] if behavior == "merge" else {}
        new = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": order["name"]},
            "data": old | made,
        }
        objects = [*(one for one in objects if one not in found), new]
    return objects


def _data(folder: Path, order: Object) -> dict[str, str]:
    data = {name: (folder / name).read_text("utf-8") for name in order.get("files", [])}
    lines = [
        line for name in order.get("envs", []) for line in (folder / name).read_text("utf-8").splitlines()
    ]
    pairs = [line.partition("=") for line in [*lines, *order.get("literals", [])] if line and line[0] != "#"]
    return data | {name: value for name, _, value in pairs}


def _with_components(folder: Path, objects: list[Object], components: Sequence[str]) -> list[Object]:
    for component in components:
        objects = _with(folder / component, objects)
    return objects


def _patched(_: Path, objects: list[Object], patches: Sequence[Object]) -> list[Object]:
    for order in patches:
        target, operations = order["target"], yaml.safe_load(order["patch"])
        hits = [(one["kind"], one["metadata"]["name"]) == (target["kind"], target["name"]) for one in objects]
        if not any(hits):
            raise ValueError(f"nothing to patch: {target}")
        objects = [patched(one, operations) if hit else one for one, hit in zip(objects, hits, strict=True)]
    return objects


def patched(document: Object, operations: Sequence[Mapping[str, Any]]) -> Object:
    """Apply JSON patches (`add`, `replace`, `remove`) to a copy; a place that is not there is a `KeyError`."""
    result = copy.deepcopy(document)
    for operation in operations:
        *way, last = (_unescaped(part) for part in operation["path"].split("/")[1:])
        place: Any = result
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        _change(place, last, operation)
    return result


def _change(place: Any, last: str, operation: Mapping[str, Any]) -> None:
    key: Any = last if isinstance(place, dict) else len(place) if last == "-" else int(last)
    if operation["op"] == "add" and isinstance(place, list):
        place.insert(key, operation["value"])
        return
    if operation["op"] != "add":
        place[key]  # it has to be there
    if operation["op"] == "remove":
        del place[key]
    else:
        place[key] = operation["value"]


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _in_namespace(_: Path, objects: list[Object], namespace: str) -> list[Object]:
    return [
        one
        if one["kind"] in _WITHOUT_NAMESPACE
        else {**one, "metadata": {**one["metadata"], "namespace": namespace}}
        for one in objects
    ]


def _with_images(_: Path, objects: list[Object], orders: Sequence[Object]) -> list[Object]:
    renamed = copy.deepcopy(objects)
    for container in (one for each in renamed for one in containers(each)):
        for order in orders:
            name, _, tag = container["image"].partition(":")
            if name == order["name"]:
                container["image"] = f"{order.get('newName', name)}:{order.get('newTag', tag)}"
    return renamed


def containers(one: Object) -> list[Object]:
    template = one.get("spec", {}).get("template", {})
    found: list[Object] = template.get("spec", {}).get("containers", [])
    return found


_STEPS: dict[str, Callable[[Path, list[Object], Any], list[Object]]] = {
    "configMapGenerator": _generated,
    "components": _with_components,
    "patches": _patched,
    "namespace": _in_namespace,
    "images": _with_images,
}
