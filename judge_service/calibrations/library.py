"""The one door to the statistics: runs them off the event loop, and tells their errors as ours."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from judge_calibration import errors as theirs
from judge_service import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_calibration.study import Study

T = TypeVar("T")
Format = Literal["json", "ndjson", "csv"]
_AT_ONCE = 2  # computations; numpy holds a core for seconds, and scores must be served beside it
_TOLD = 100  # faults of rows


class Library:
    """Calls into `judge_calibration`, which loads numpy and scipy at the first one."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def study(self, document: object) -> Study:
        """Read a document; `StudyRejected`, `OptionRejected`."""

        def read() -> Study:
            from judge_calibration.ingest import study_from  # noqa: PLC0415  numpy: paid when used

            return study_from(document)

        return await self._run(read)

    async def study_of_text(self, text: str, kind: Format, scales: Mapping[str, object] | None) -> Study:
        """Read NDJSON or CSV."""

        def read() -> Study:
            from judge_calibration.ingest import study_from_text  # noqa: PLC0415  likewise

            return study_from_text(text, kind, scales)

        return await self._run(read)

    async def run(self, name: str, study: Study | None, given: Mapping[str, object]) -> dict[str, Any]:
        """Run an operation by its name."""

        def compute() -> dict[str, Any]:
            from judge_calibration.operations import run  # noqa: PLC0415  likewise

            return run(name, study, given)

        return await self._run(compute)

    async def page(self, report: Mapping[str, Any]) -> str:
        """A report as one HTML page."""

        def render() -> str:
            from judge_calibration.page import page  # noqa: PLC0415  likewise

            return page(report)

        return await self._run(render)

    async def written(self, answer: object) -> bytes:
        """An answer as JSON: the same bytes for the same answer."""
        return await self._run(lambda: dumps(answer))

    async def _run(self, work: Callable[[], T]) -> T:
        # A caller who leaves while waiting takes nothing; what has begun runs to its end.
        async with self._slots:
            try:
                return await asyncio.to_thread(work)
            except theirs.CalibrationError as exc:
                raise translated(exc) from exc


def dumps(answer: object) -> bytes:
    """JSON in UTF-8; a NaN in it is a fault of ours and raises."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def translated(exc: theirs.CalibrationError) -> errors.RequestError:
    """The service's error for one of the library's."""
    match exc:
        case theirs.StudyRejected():
            faults = tuple(
                (_pointer(fault), f"row {fault.row}: {fault.detail}") for fault in exc.faults[:_TOLD]
            )
            return errors.StudyRejected(f"{exc.total} rows are at fault: {exc}", faults)
        case theirs.OptionRejected():
            return errors.OptionRejected(str(exc), ((f"/{exc.option.replace('.', '/')}", exc.detail),))
        case theirs.NotEnough():
            return errors.NotEnough(str(exc))
        case _:
            return errors.MapRejected(str(exc))


def _pointer(fault: theirs.RowFault) -> str:
    """A JSON pointer counts rows from 0; in a text it is the line that is meant, and the words say so."""
    place = f"/{fault.table}/{fault.row - 1}"
    return f"{place}/{fault.field.replace('.', '/')}" if fault.field else place
