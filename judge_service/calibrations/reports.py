"""Reports that are computed while nobody waits: named by what was asked, and taken up again after a crash."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING, Any, Literal

from judge_calibration.version import VERSION
from judge_service import errors
from judge_service.calibrations.library import dumps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_service.calibrations.keeping import Keeping

    Compute = Callable[[str, Mapping[str, object]], Awaitable[str]]

State = Literal["in_progress", "completed"]

_log = logging.getLogger(__name__)
_TELLABLE: dict[str, type[errors.RequestError]] = {
    kind.__name__: kind
    for kind in (errors.StudyNotFound, errors.NotEnough, errors.MapRejected, errors.BodyTooLarge)
}


class Reports:
    """Asks for reports, and finds them.

    The record of a report says what is asked until it holds the answer, so that any replica can take up what
    another has left; a lease keeps two from computing it at one time.
    """

    def __init__(self, archive: Keeping, compute: Compute) -> None:
        self._archive = archive
        self._compute = compute
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def submit(self, study_id: str, order: Mapping[str, object]) -> tuple[str, State]:
        """Ask for the report on a kept study; the same question is one report, and one that failed is asked anew.

        `order` holds options and what the report includes.
        """
        question = {"study": study_id, "order": dict(order)}
        report_id = hashlib.sha256(dumps([VERSION, _sorted(question)])).hexdigest()
        record = await self._asked(report_id, {"state": "in_progress", **question})
        if record["state"] == "in_progress":
            self._start(report_id)
        return report_id, record["state"]

    async def _asked(self, report_id: str, begun: dict[str, Any]) -> dict[str, Any]:
        """What is known of a report that was asked for or has been now."""
        while True:
            try:
                record = await self._archive.report(report_id)
            except errors.ReportNotFound:
                record = None
            if record is not None and record["state"] != "failed":
                return record
            if await self._archive.replace_report(report_id, record, begun):
                return begun

    async def find(self, report_id: str) -> str | None:
        """The report as JSON, or None while it is computed; what was at fault is raised."""
        record = await self._archive.report(report_id)
        match record["state"]:
            case "completed":
                return str(record["report"])
            case "in_progress":
                self._start(report_id)
                return None
            case _:
                raise _retold(record)

    async def drop(self, report_id: str) -> None:
        """Forget a report."""
        if report_id in self._under_way:
            self._under_way[report_id].cancel()
        await self._archive.drop_report(report_id)

    async def aclose(self) -> None:
        """Let go of what is under way; whoever looks for it takes it up."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, report_id: str) -> None:
        if report_id not in self._under_way:
            task = asyncio.create_task(self._work(report_id), name="calibration-report")
            self._under_way[report_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(report_id, None))

    async def _work(self, report_id: str) -> None:
        try:
            async with self._archive.claimed(report_id) as ours:
                if ours:
                    await self._complete(report_id)
        except errors.StoreError as exc:
            _log.warning("a report was left: %s", exc)

    async def _complete(self, report_id: str) -> None:
        try:
            record = await self._archive.report(report_id)
        except errors.ReportNotFound:
            return
        if record["state"] != "in_progress":  # another was done between the look and the claim
            return
        answer = await self._answer(record)
        # What was forgotten while it was computed stays forgotten.
        try:
            await self._archive.replace_report(report_id, record, answer)
        except errors.BodyTooLarge as exc:
            await self._archive.replace_report(report_id, record, _failed(exc))

    async def _answer(self, record: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {"state": "completed", "report": await self._compute(record["study"], record["order"])}
        except (errors.StudyRejected, errors.OptionRejected) as exc:
            return {"state": "failed", "kind": "OptionRejected", "detail": str(exc), "faults": exc.faults}
        except errors.RequestError as exc:
            return _failed(exc)
        except errors.JudgeServiceError:
            raise
        except Exception as exc:  # noqa: BLE001  a fault of ours is computed once
            _log.error("unexpected", exc_info=exc)
            return {"state": "failed", "kind": "", "detail": "a fault of ours"}


def _failed(exc: errors.RequestError) -> dict[str, Any]:
    return {"state": "failed", "kind": type(exc).__name__, "detail": str(exc)}


def _retold(record: Mapping[str, Any]) -> Exception:
    if record["kind"] == "OptionRejected":
        faults = tuple((str(pointer), str(detail)) for pointer, detail in record["faults"])
        return errors.OptionRejected(record["detail"], faults)
    return _TELLABLE.get(record["kind"], RuntimeError)(record["detail"])


def _sorted(value: object) -> object:
    """The same question has the same name, in whatever order its keys came."""
    if isinstance(value, dict):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
