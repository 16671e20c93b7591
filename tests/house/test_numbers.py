"""The house numbers that a tool can count: lengths, and what is excused from a check."""

from __future__ import annotations

import ast
import io
import re
import statistics
import tokenize
from typing import TYPE_CHECKING

import pytest
from house.tree import ROOT, name, sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE_CAP = 300
TEST_MODULE_CAP = 400  # a test module is a list, read in pieces
FUNCTION_CAP = 60
FUNCTION_MEDIAN_CAP = 10
README_CAP = 150
DECISION_CAP = 40
# Made by a program from what is counted elsewhere, and read as a list of shapes, one at a time.
GENERATED = {"clients/python/judge_client/models.py"}

Function = ast.FunctionDef | ast.AsyncFunctionDef

UNCODED = {
    "noqa": re.compile(r"#\s*(?:ruff:\s*)?noqa(?!:\s*[A-Z]+[0-9]+)", re.IGNORECASE),
    "type: ignore": re.compile(r"#\s*type:\s*ignore(?!\[[a-z-]+)"),
    "whole file": re.compile(r"#\s*(?:ruff|flake8):\s*noqa|#\s*mypy:\s*(?:ignore|disable)", re.IGNORECASE),
}


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function with its number of lines, its decorators not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            yield (
                f"{name(path)}:{node.lineno} {node.name}",
                (node.end_lineno or node.lineno) - node.lineno + 1,
            )


def comments(path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_there_is_something_to_count() -> None:
    assert len(sources("judge_service")) > 30


def test_no_module_is_longer_than_a_reader_holds() -> None:
    counts = {name(path): lines_of(path) for path in sources() if name(path) not in GENERATED}
    long = {path for path, count in counts.items() if count > MODULE_CAP and not path.startswith("tests/")}
    long |= {path for path, count in counts.items() if count > TEST_MODULE_CAP}
    assert long == set()


def test_what_is_excused_from_the_count_is_there_and_says_what_made_it() -> None:
    for path in GENERATED:
        assert "never edit by hand" in (ROOT / path).read_text("utf-8").splitlines()[0]


def test_no_function_is_longer_than_a_screen() -> None:
    code = [path for path in sources() if not name(path).startswith("tests/")]
    long = dict(found for path in code for found in functions(path) if found[1] > FUNCTION_CAP)
    assert long == {}


def test_half_of_the_functions_are_short() -> None:
    counts = [
        count for path in sources("judge_service", "calibration", "clients") for _, count in functions(path)
    ]
    assert statistics.median(counts) <= FUNCTION_MEDIAN_CAP


@pytest.mark.parametrize("kind", UNCODED)
def test_every_excuse_says_which_check_it_is_from(kind: str) -> None:
    found = [
        f"{name(path)}:{line}"
        for path in sources()
        for line, text in comments(path)
        if UNCODED[kind].search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "uncoded"),
    [
        ("# noqa", True),
        ("# noqa: because", True),
        ("# noqa: PLC0415  paid when used", False),
        ("# type: ignore", True),
        ("# type: ignore[arg-type]  # pydantic checks it", False),
        ("# ruff: noqa: E501", True),
        ("# mypy: ignore-errors", True),
        ("# why this is so", False),
    ],
)
def test_an_excuse_without_a_code_is_seen(text: str, uncoded: bool) -> None:
    assert any(pattern.search(text) for pattern in UNCODED.values()) is uncoded


def test_the_readme_is_short() -> None:
    assert lines_of(ROOT / "README.md") < README_CAP


def test_every_decision_is_short_and_has_its_number() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{i:04d}" for i in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= DECISION_CAP, path.name
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        for heading in ("## Context", "## Decision", "## Consequences"):
            assert heading in text, path.name
