"""The reader of kustomizations: what it does not know it refuses, and patches go where they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from deploy.kustomizing import build, patched

if TYPE_CHECKING:
    from pathlib import Path

POD = {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"parts": [1, 2], "with/slash": 3}}


def write(folder: Path, **orders: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "one.yaml").write_text(yaml.safe_dump(POD), "utf-8")
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"kind": "Kustomization", **orders}), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("operation", "spec"),
    [
        ({"op": "add", "path": "/spec/new", "value": 0}, {"parts": [1, 2], "with/slash": 3, "new": 0}),
        ({"op": "add", "path": "/spec/parts/0", "value": 0}, {"parts": [0, 1, 2], "with/slash": 3}),
        ({"op": "add", "path": "/spec/parts/-", "value": 0}, {"parts": [1, 2, 0], "with/slash": 3}),
        ({"op": "replace", "path": "/spec/parts/1", "value": 0}, {"parts": [1, 0], "with/slash": 3}),
        ({"op": "replace", "path": "/spec/with~1slash", "value": 0}, {"parts": [1, 2], "with/slash": 0}),
        ({"op": "remove", "path": "/spec/parts"}, {"with/slash": 3}),
    ],
)
def test_a_patch_goes_where_it_says_and_leaves_the_original(operation: Any, spec: Any) -> None:
    assert patched(POD, [operation])["spec"] == spec
    assert POD["spec"] == {"parts": [1, 2], "with/slash": 3}


@pytest.mark.parametrize("op", ["replace", "remove"])
@pytest.mark.parametrize("path", ["/spec/other", "/spec/parts/2"])
def test_a_patch_of_what_is_not_there_is_an_error(op: str, path: str) -> None:
    with pytest.raises((KeyError, IndexError)):
        patched(POD, [{"op": op, "path": path, "value": 0}])


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ({"namePrefix": "x-"}, "does not know"),
        ({"resources": ["one.yaml", "one.yaml"]}, "one name"),
        ({"patches": [{"target": {"kind": "Deployment", "name": "b"}, "patch": "[]"}]}, "nothing to patch"),
        ({"configMapGenerator": [{"name": "b", "behavior": "replace", "literals": ["A=1"]}]}, "replace of b"),
        ({"configMapGenerator": [{"name": "b", "literals": ["A=1"]}] * 2}, "create of b"),
    ],
)
def test_a_mistake_is_an_error(tmp_path: Path, orders: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build(write(tmp_path, **{"resources": ["one.yaml"], **orders}))


def test_what_is_generated_is_merged_and_replaced(tmp_path: Path) -> None:
    below = write(tmp_path / "base", configMapGenerator=[{"name": "m", "literals": ["A=1", "B=2"]}])
    for behavior, data in (("merge", {"A": "1", "B": "3"}), ("replace", {"B": "3"})):
        order = {"name": "m", "behavior": behavior, "literals": ["B=3"]}
        above = write(tmp_path / behavior, resources=[f"../{below.name}"], configMapGenerator=[order])
        assert [one["data"] for one in build(above)] == [data]
