"""The one door to the statistics: runs them off the event loop, and tells their errors as ours."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from judge_calibration import errors as theirs
from judge_service import errors
from judge_service.strict_json import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from judge_calibration.study import Study

T = TypeVar("T")
Format = Literal["ndjson", "csv"]
_AT_ONCE = 2  # numpy holds a core for seconds, and scores must be served beside it
_TOLD = 100  # faults of rows


class Library:
    """Calls into `judge_calibration`, which loads numpy and scipy at the first one.

    Who leaves while waiting for a thread takes none; what has begun in one runs to its end, and others wait.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="calibration")

    async def study(self, document: object) -> Study:
        """Read a document; `StudyRejected`, `OptionRejected`."""

        def read() -> Study:
            from judge_calibration.ingest import study_from  # noqa: PLC0415  numpy: paid when used

            return study_from(document)

        return await self.do(read)

    async def study_of_text(self, text: bytes, kind: Format, scales: Mapping[str, object] | None) -> Study:
        """Read NDJSON or CSV; `BodyRejected` for what is no text, and as `study`."""

        def read() -> Study:
            from judge_calibration.ingest import study_from_text  # noqa: PLC0415  likewise

            return study_from_text(decoded(text), kind, scales)

        return await self.do(read)

    async def run(
        self, name: str, study: Study | None, given: Mapping[str, object], beside: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Run an operation by its name. `beside`: what a request may hold besides, told with what is known."""

        def compute() -> dict[str, Any]:
            from judge_calibration.operations import run  # noqa: PLC0415  likewise

            try:
                return run(name, study, given)
            except theirs.UnknownOption as exc:
                if exc.option in given:  # and not in something that is given
                    raise theirs.UnknownOption(exc.option, (*exc.known, *beside)) from exc
                raise

        return await self.do(compute)

    async def page(self, report: Mapping[str, Any]) -> str:
        """A report as one HTML page."""

        def render() -> str:
            from judge_calibration.page import page  # noqa: PLC0415  likewise

            return page(report)

        return await self.do(render)

    async def do(self, work: Callable[[], T]) -> T:
        """Do in a thread whatever takes time."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except theirs.CalibrationError as exc:
            raise translated(exc) from exc

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def dumps(answer: object) -> bytes:
    """JSON in UTF-8: the same bytes for the same answer; a NaN in it is a fault of ours and raises."""
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
            return errors.OptionRejected(str(exc), ((_path(exc.option), exc.detail),))
        case theirs.NotEnough():
            return errors.NotEnough(str(exc))
        case _:
            return errors.MapRejected(str(exc))


def _pointer(fault: theirs.RowFault) -> str:
    """A JSON pointer counts rows from 0; in a text it is the line that is meant, and the words say so."""
    return f"{_path(fault.table)}/{fault.row - 1}" + (_path(fault.field) if fault.field else "")


def _path(dotted: str) -> str:
    """A JSON pointer of a dotted name."""
    return "/" + dotted.replace("~", "~0").replace("/", "~1").replace(".", "/")
