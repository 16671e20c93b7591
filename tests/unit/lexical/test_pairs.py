"""The floor the baseline must keep on groups of answers of known quality."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from judge_service.lexical import agreement

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data" / "lexical"
# Floors by file: share of pairs in the right order, share of wrong twins below the right answer.
# test_1 and test_2 were written by somebody who had not seen the measures, and were not looked into while
# these were developed: they keep the floor that was set before anybody knew the figures.
FLOORS = {"dev.jsonl": (0.94, 0.97)}
UNSEEN_FLOOR = (0.80, 0.85)
OTHERS = {"properties_dev.jsonl", "properties_test.jsonl", "guards_dev.jsonl"}
PAIRS = sorted(path for path in DATA.glob("*.jsonl") if path.name not in OTHERS)
# Of marked texts: the least share of bad ones caught, the largest share of good ones blamed.
PROPERTIES = {"consistency": (0.8, 0.05), "coherence": (0.7, 0.05)}


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("embedded_judge", ROOT / "benchmarks" / "embedded_judge.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["embedded_judge"] = module
    spec.loader.exec_module(module)
    return module


benchmark = _benchmark()


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.name)
def test_order_of_answers_keeps_its_floor(path: Path) -> None:
    pairwise, danger = FLOORS.get(path.name, UNSEEN_FLOOR)
    found = benchmark.measure(path)
    assert found.groups > 0
    assert found.pairwise >= pairwise
    assert found.danger >= danger


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.name)
def test_kinds_stand_in_their_order_on_average(path: Path) -> None:
    means = benchmark.measure(path).means
    assert means["close"] > means["paraphrase"] > means["partial"]
    assert means["paraphrase"] > means["changed"] > means["wrong"]
    assert means["partial"] > max(means["wrong"], means["nonsense"])
    assert means["empty"] == 0.0


def test_dev_file_holds_every_kind_and_twins_for_each_change() -> None:
    groups = benchmark.read(DATA / "dev.jsonl")
    kinds = {"paraphrase", "longer", "close", "partial", "changed", "negated", "wrong", "nonsense", "empty"}
    assert len(groups) >= 14
    assert len({group["id"] for group in groups}) == len(groups)
    for group in groups:
        assert {answer["kind"] for answer in group["answers"]} == kinds
    changes = {answer["change"] for group in groups for answer in group["answers"]}
    assert changes == {None, "side", "dose", "site", "negation"}


def test_a_scorer_that_never_differs_gets_half(tmp_path: Path) -> None:
    same = '{"reference": "Pneumonia.", "answers": ['
    same += '{"kind": "close", "quality": 1.0, "text": "Pneumonia.", "danger_of": null},'
    same += '{"kind": "negated", "quality": 0.1, "text": "Pneumonia.", "danger_of": "close"}]}'
    path = tmp_path / "same.jsonl"
    path.write_text(same, encoding="utf-8")
    found = benchmark.measure(path)
    assert found.pairwise == 0.5
    assert found.danger == 0.0


def _marked() -> list[dict[str, str]]:
    return [dict(row) for row in benchmark.read(DATA / "properties_dev.jsonl")]


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_bad_texts_are_caught_and_good_ones_left_alone(name: str) -> None:
    caught, alarms = PROPERTIES[name]
    found = benchmark.mark(_marked(), name)
    assert found.texts >= 28
    assert found.caught >= caught
    assert found.alarms <= alarms


def test_marked_texts_are_balanced_and_distinct() -> None:
    rows = _marked()
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)
    for name in PROPERTIES:
        good = sum(row["quality"] == "good" for row in rows if row["property"] == name)
        assert 2 * good == sum(row["property"] == name for row in rows)


@pytest.mark.parametrize("extra_is_fine", [False, True])
@pytest.mark.parametrize("row", benchmark.read(DATA / "guards_dev.jsonl"), ids=lambda row: row["id"])
def test_a_guard_fires_only_where_the_same_thing_differs(row: dict[str, str], *, extra_is_fine: bool) -> None:
    flags = agreement(row["response"], row["reference"], extra_is_fine=extra_is_fine).flags
    if row["guard"] is None:
        assert flags == ()
    else:
        assert row["guard"] in flags
