"""The output file survives being cut anywhere."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from filescoring import room_for
from hypothesis import given
from hypothesis import strategies as st

from judge_service.errors import ConfigurationError
from judge_service.files.ledger import Ledger


def answer(outcome: str = "scored", **fields: object) -> str:
    return json.dumps({"outcome": outcome, **fields})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def opened(path: Path, *again: str, restart: bool = False) -> Ledger:
    ledger = Ledger(path, again=frozenset(again))
    ledger.open(restart=restart)
    return ledger


def left(path: Path, outcome: str = "scored", row: int = 1) -> bytes:
    """Leave one line of an earlier run."""
    ledger = opened(path)
    ledger.append(row, "a", answer(outcome))
    ledger.close()
    return path.read_bytes()


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
    left(path, outcome)
    left(path, "refused", row=2)
    again = opened(path)
    assert again.settled == {2: "a"}
    assert not again.holds(1, "a")
    assert again.holds(2, "a")
    again.append(1, "a", answer("scored"))
    again.close()
    assert [json.loads(line)["outcome"] for line in path.read_text().splitlines()] == ["scored", "refused"]


def test_a_line_stays_until_another_takes_its_place(path: Path) -> None:
    before = left(path, "timeout")
    opened(path).close()
    assert path.read_bytes() == before


def test_a_row_marked_as_unread_is_not_settled(path: Path) -> None:
    ledger = opened(path)
    ledger.append(1, "a", answer("rejected_input", unread=True))
    ledger.close()
    again = opened(path)
    assert not again.holds(1, "mended")
    again.close()


def test_outcomes_that_are_to_be_asked_again_are(path: Path) -> None:
    left(path, "refused")
    left(path, "scored", row=2)
    again = opened(path, "refused")
    assert (again.holds(1, "a"), again.holds(2, "a")) == (False, True)
    with pytest.raises(ConfigurationError, match="row 1"):
        again.holds(1, "another question")
    again.close()


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


FOREIGN = [
    "Notes on the trial.\n\nSecond line.\n",
    "one line without its end",
    '{"row": 1, "name": "no score, and no end"}',
    '{"rows": [',
    '{"row": 1}\n',
    "[1]\n",
    "3\n",
    "\n",
    '"row, asked, outcome"\n',
    '{"row": "1", "asked": "a", "outcome": "scored"}\n',
    '{"row": true, "asked": "a", "outcome": "scored"}\n',
    '{"row": 1, "asked": 2, "outcome": "scored"}\n',
    '{"row": 1, "asked": "a", "outcome": []}\n',
    '{"row": 1, "asked": "a", "outc\n{"row": 2, "asked": "b", "outcome": "scored"}\n',
    "[" * 100_000 + "\n",
    "\udcff\n",
]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("text", FOREIGN, ids=range(len(FOREIGN)))
def test_a_file_that_is_no_ledger_is_refused_and_kept(path: Path, text: str, restart: bool) -> None:
    raw = text.encode("utf-8", "surrogateescape")
    path.write_bytes(raw)
    with pytest.raises(ConfigurationError, match="give another one"):
        opened(path, restart=restart)
    assert path.read_bytes() == raw
    assert list(path.parent.iterdir()) == [path]


def test_a_foreign_line_after_ours_is_refused_and_named(path: Path) -> None:
    raw = left(path) + b"my remark\n"
    path.write_bytes(raw)
    with pytest.raises(ConfigurationError, match="line 2"):
        opened(path)
    assert path.read_bytes() == raw


def test_a_restart_begins_anew(path: Path) -> None:
    left(path)
    again = opened(path, restart=True)
    assert again.settled == {}
    again.append(7, "b", answer())
    again.close()
    assert rows(path) == [7]


@pytest.mark.parametrize("restart", [False, True])
def test_a_device_or_a_folder_is_refused(tmp_path: Path, restart: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for path in (Path("/dev/null"), tmp_path / "null", tmp_path / "pipe", tmp_path):
        with pytest.raises(ConfigurationError, match="is no file"):
            opened(path, restart=restart)
    assert Path("/dev/null").is_char_device()


def test_a_place_that_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FileNotFoundError"):
        opened(tmp_path / "no such folder" / "out.jsonl")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        opened(tmp_path / "loop")


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link, place = tmp_path / "out.jsonl", tmp_path / "far" / "scores.jsonl"
    link.symlink_to(place)
    ledger = opened(link)
    for row in (2, 1):
        ledger.append(row, "a", answer())
    ledger.close()
    assert link.is_symlink()
    assert rows(place) == [1, 2]


def test_what_may_read_the_file_is_kept_as_it_is(path: Path) -> None:
    path.touch()
    path.chmod(0o640)
    ledger = opened(path)
    for row in (2, 1):
        ledger.append(row, "a", answer())
    ledger.close()
    assert (rows(path), path.stat().st_mode & 0o777) == ([1, 2], 0o640)
    assert list(path.parent.iterdir()) == [path]


def test_two_runs_do_not_write_one_file(path: Path) -> None:
    first = opened(path)
    first.append(2, "a", answer())
    for restart in (False, True):
        with pytest.raises(ConfigurationError, match="another run"):
            opened(path, restart=restart)
    first.append(1, "a", answer())
    first.close()
    assert rows(path) == [1, 2]
    opened(path).close()


@pytest.mark.parametrize("length", [10, 40_000], ids=["in the buffer", "past the buffer"])
def test_on_a_full_disk_the_run_ends_and_the_next_one_goes_on(path: Path, length: int) -> None:
    ledger = opened(path)
    ledger.append(2, "asked 2", answer())
    with room_for(path.stat().st_size + 30):
        for row in (1, 3):  # the second is of a task that has not heard of the first
            with pytest.raises(
                ConfigurationError, match=r"--out out.jsonl cannot be written \(File too large\)"
            ):
                ledger.append(row, f"asked {row}", answer(reason="x" * length))
        ledger.close()
    assert path.read_bytes().count(b"\n") == 1
    again = opened(path)
    assert again.settled == {2: "asked 2"}
    again.append(1, "asked 1", answer())
    again.close()
    assert rows(path) == [1, 2]


def test_without_room_to_put_them_in_order_the_lines_stay_as_they_are(path: Path) -> None:
    ledger = opened(path)
    for row in (2, 1):
        ledger.append(row, "a", answer())
    with room_for(10), pytest.raises(ConfigurationError, match="cannot be written"):
        ledger.close()
    assert (rows(path), list(path.parent.iterdir())) == ([2, 1], [path])
    opened(path).close()
    assert rows(path) == [1, 2]


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
