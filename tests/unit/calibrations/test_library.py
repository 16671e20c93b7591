"""The door to the statistics: threads, and errors in our words."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest

from judge_calibration import errors as theirs
from judge_service import errors
from judge_service.calibrations.library import Library, dumps, translated

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def library() -> Iterator[Library]:
    opened = Library()
    yield opened
    opened.close()


class Work:
    """Computations that begin, wait to be let go, and end; in the order in which that happened."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.gate = threading.Semaphore(0)
        self._loop = asyncio.get_running_loop()

    def do(self, name: str) -> None:
        self.events.append(f"begin {name}")
        self._loop.call_soon_threadsafe(self.begun.put_nowait, name)
        assert self.gate.acquire(timeout=10)
        self.events.append(f"end {name}")

    async def has_begun(self, count: int) -> None:
        async with asyncio.timeout(10):
            for _ in range(count):
                await self.begun.get()

    @property
    def most_at_once(self) -> int:
        return max(accumulate(1 if event.startswith("begin") else -1 for event in self.events))


async def test_no_more_is_computed_at_one_time_than_leaves_room_for_scores(library: Library) -> None:
    work = Work()
    jobs = [asyncio.create_task(library.do(partial(work.do, str(at)))) for at in range(8)]
    await work.has_begun(2)
    for _ in range(6):
        work.gate.release()
        await work.has_begun(1)
    work.gate.release(2)
    await asyncio.gather(*jobs)
    assert work.most_at_once == 2


async def test_who_leaves_while_waiting_begins_nothing_and_who_leaves_later_keeps_the_thread(
    library: Library,
) -> None:
    work = Work()
    names = ("a", "b", "left", "patient")
    first, second, waiting, patient = [
        asyncio.create_task(library.do(partial(work.do, name))) for name in names
    ]
    await work.has_begun(2)
    for leaving in (waiting, first):
        leaving.cancel()
    await asyncio.wait((waiting, first))
    work.gate.release(3)
    await asyncio.gather(second, patient)
    assert sorted(event for event in work.events if event.startswith("begin")) == [
        "begin a",
        "begin b",
        "begin patient",
    ]
    assert work.most_at_once == 2, "its thread is not free before its work is over"


def fault(**fields: object) -> theirs.RowFault:
    plain = {
        "table": "ratings",
        "row": 18,
        "field": "score",
        "code": "off_scale",
        "detail": "9 is not on the scale",
    }
    return theirs.RowFault(**(plain | fields))  # type: ignore[arg-type]  # texts and a number


def test_a_fault_of_a_row_is_pointed_to_from_0_and_told_from_1() -> None:
    found = translated(theirs.StudyRejected((fault(), fault(table="items", row=1, field="subgroups.a/b"))))
    assert isinstance(found, errors.StudyRejected)
    assert found.faults == (
        ("/ratings/17/score", "row 18: 9 is not on the scale"),
        ("/items/0/subgroups/a~1b", "row 1: 9 is not on the scale"),
    )


def test_a_hundred_faults_are_told_and_how_many_there_are() -> None:
    found = translated(theirs.StudyRejected(tuple(fault(row=at + 1) for at in range(300)), total=1234))
    assert isinstance(found, errors.StudyRejected)
    assert len(found.faults) == 100
    assert str(found).startswith("1234 rows are at fault")


@pytest.mark.parametrize(
    ("raised", "told", "faults"),
    [
        (theirs.OptionRejected("seed", "is a number"), errors.OptionRejected, (("/seed", "is a number"),)),
        (
            theirs.OptionRejected("scales.quality", "rises"),
            errors.OptionRejected,
            (("/scales/quality", "rises"),),
        ),
        (theirs.NotEnough("10 items are needed"), errors.NotEnough, ()),
        (theirs.MapRejected("no map"), errors.MapRejected, ()),
    ],
)
async def test_each_error_of_the_library_is_one_of_ours(
    library: Library,
    raised: theirs.CalibrationError,
    told: type[Exception],
    faults: tuple[tuple[str, str], ...],
) -> None:
    def work() -> None:
        raise raised

    with pytest.raises(told) as caught:
        await library.do(work)
    assert getattr(caught.value, "faults", ()) == faults
    assert str(raised) == str(caught.value)


async def test_a_text_that_is_no_utf_8_is_no_study(library: Library) -> None:
    with pytest.raises(errors.BodyRejected, match="UTF-8"):
        await library.study_of_text(b"item,criterion,rater,score\n\xff", "csv", {"q": [0, 1]})


def test_an_answer_that_holds_no_number_is_a_fault_of_ours() -> None:
    assert dumps({"ω": 0.5}) == '{"ω":0.5}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": float("nan")})
