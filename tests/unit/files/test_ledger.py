"""The output file survives being cut anywhere."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.errors import ConfigurationError
from judge_service.files.ledger import Ledger


def answer(outcome: str = "scored", **fields: object) -> str:
    return json.dumps({"outcome": outcome, **fields})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def opened(path: Path) -> Ledger:
    ledger = Ledger(path)
    ledger.resume()
    return ledger


def rows(path: Path) -> list[int]:
    return [json.loads(line)["row"] for line in path.read_text("utf-8").splitlines()]


def test_lines_end_up_in_the_order_of_the_rows(path: Path) -> None:
    ledger = opened(path)
    for row in (3, 1, 10, 2):
        ledger.append(row, f"asked {row}", answer(reason=f"é {row}"))
    ledger.close()
    assert rows(path) == [1, 2, 3, 10]
    assert json.loads(path.read_text("utf-8").splitlines()[0]) == {
        "row": 1,
        "asked": "asked 1",
        "outcome": "scored",
        "reason": "é 1",
    }


def test_a_line_is_there_as_soon_as_it_is_added(path: Path) -> None:
    ledger = opened(path)
    ledger.append(1, "a", answer())
    assert rows(path) == [1]
    ledger.close()
    ledger.close()


@pytest.mark.parametrize("outcome", ["provider_error", "timeout"])
def test_what_asking_again_may_change_is_not_settled(path: Path, outcome: str) -> None:
    ledger = opened(path)
    ledger.append(1, "a", answer(outcome))
    ledger.append(2, "b", answer("refused"))
    ledger.close()
    again = opened(path)
    assert again.settled == {2: "b"}
    assert not again.holds(1, "a")
    assert again.holds(2, "b")
    again.close()
    assert rows(path) == [2]


def test_a_row_that_was_another_question_is_named(path: Path) -> None:
    ledger = opened(path)
    ledger.append(1, "a", answer())
    ledger.close()
    again = opened(path)
    with pytest.raises(ConfigurationError, match="row 1"):
        again.holds(1, "b")
    again.close()


def test_a_ledger_that_is_not_open_takes_nothing(path: Path) -> None:
    with pytest.raises(ValueError, match="not open"):
        Ledger(path).append(1, "a", answer())


@pytest.mark.parametrize("text", ['{"row": 1}\n', "[1]\n", "3\n", '"row, asked, outcome"\n'])
def test_lines_that_are_no_scores_are_refused_and_kept(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="no scores"):
        opened(path)
    assert path.read_text() == text


@given(st.lists(st.integers(1, 50), unique=True, min_size=1, max_size=12), st.data())
def test_a_file_cut_at_any_byte_keeps_its_whole_lines(numbers: list[int], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.jsonl"
        ledger = opened(path)
        for row in numbers:
            ledger.append(row, f"asked {row}", answer(reason="ü"))
        whole = path.read_bytes()
        ledger.close()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        again = opened(path)
        kept = whole[:cut].count(b"\n")
        assert again.settled == {row: f"asked {row}" for row in numbers[:kept]}
        for row in numbers[kept:]:
            again.append(row, f"asked {row}", answer())
        again.close()
        assert rows(path) == sorted(numbers)
