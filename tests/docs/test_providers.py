"""What the guide says a provider costs is what the doors that exist have cost."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BACKENDS = ROOT / "judge_service" / "backends"
CONTRACT = ROOT / "tests" / "contract" / "test_backend.py"
ROW = re.compile(r"^\| ([^|`]+) \| `(\w+\.py)` \| (\d+) \| `(\w+)` \| (\d+) \| (\d+) \|$", re.MULTILINE)
TOLD = ROW.findall((ROOT / "docs" / "judges.md").read_text("utf-8"))
CLASSES = {
    node.name: node
    for node in ast.parse(CONTRACT.read_text("utf-8")).body
    if isinstance(node, ast.ClassDef) and node.name.startswith(("Test", "Backend", "Door"))
}
NEAR = 0.1  # a line more or less makes no guide wrong


def inherited(name: str) -> set[str]:
    """Tests of a class and of those above it."""
    node = CLASSES[name]
    own = {part.name for part in node.body if isinstance(part, ast.AsyncFunctionDef)}
    above = [inherited(base.id) for base in node.bases if isinstance(base, ast.Name)]
    return {test for test in own if test.startswith("test_")}.union(*above)


@pytest.mark.parametrize("row", TOLD, ids=[row[1] for row in TOLD])
def test_a_door_has_about_the_lines_that_are_told(row: tuple[str, ...]) -> None:
    _, module, lines, name, own, tests = row
    node = CLASSES[name]
    counted = (
        len((BACKENDS / module).read_text("utf-8").splitlines()),
        (node.end_lineno or node.lineno) - node.lineno + 1,
        len(inherited(name)),
    )
    for told, count in zip((lines, own, tests), counted, strict=True):
        assert int(told) == pytest.approx(count, rel=NEAR, abs=1.5), counted


def test_every_door_under_the_contract_is_told() -> None:
    under = {name for name in CLASSES if name.startswith("Test")}
    assert {row[3] for row in TOLD} == under
    assert len(under) >= 4


def test_the_kinds_are_opened_in_one_place_and_nowhere_else_is_a_door_named() -> None:
    """The guide's other promise: but `judges.py`, and what loads a model by itself, no module imports a door."""
    doors = {Path(row[1]).stem for row in TOLD}
    importing = {
        path.relative_to(ROOT / "judge_service").as_posix()
        for path in (ROOT / "judge_service").rglob("*.py")
        if any(f"judge_service.backends.{door} import" in path.read_text("utf-8") for door in doors)
    }
    assert importing == {"judges.py", "offline.py"}
