"""The figures in the documentation are those that are measured."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "lexical"
TEXT = (ROOT / "docs" / "embedded-judge.md").read_text("utf-8")


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "embedded_figures", ROOT / "benchmarks" / "embedded_judge.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["embedded_figures"] = module
    spec.loader.exec_module(module)
    return module


def told(name: str) -> list[list[str]]:
    """Read the rows of the table behind a mark, without its head."""
    found = re.search(rf"<!-- figures: {name} -->\n((?:\|.*\n)+)", TEXT)
    assert found
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()[2:]]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def test_the_order_of_pairs(benchmark: ModuleType) -> None:
    rows = told("pairs")
    assert [row[0] for row in rows] == ["test_1", "test_2", "dev"]
    for name, *figures in rows:
        found = benchmark.measure(DATA / f"{name}.jsonl")
        order = f"{percent(found.pairwise)} of {found.pairs}"
        assert figures == [str(found.groups), order, f"{percent(found.danger)} of {found.dangers}"]


def test_the_means_by_kind(benchmark: ModuleType) -> None:
    means = [benchmark.measure(DATA / f"{name}.jsonl").means for name in ("test_1", "test_2")]
    rows = told("kinds")
    assert {row[0] for row in rows} == set(means[0])
    for kind, *figures, _ in rows:
        assert figures == [f"{mean[kind]:.2f}" for mean in means]


def test_the_properties_of_single_texts(benchmark: ModuleType) -> None:
    for name, prop, *figures in told("properties"):
        found = benchmark.mark(benchmark.read(DATA / f"{name}.jsonl"), prop)
        assert figures == [str(found.texts), percent(found.caught), percent(found.alarms)]
