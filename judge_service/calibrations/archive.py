"""Studies, maps and reports in the configured store, named by the hash of their content."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from judge_calibration.errors import MapRejected
from judge_calibration.maps.artefact import opened
from judge_service.calibrations.binding import place_of
from judge_service.calibrations.sharing import SharedReads
from judge_service.errors import ConfigurationError, MapNotFound, ReportNotFound, StoreError, StudyNotFound
from judge_service.stores.archive import pack, unpack
from judge_service.stores.guard import Guard
from judge_service.stores.patience import Patience
from judge_service.stores.records import RecordFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study
    from judge_service.calibrations.keeping import Standing
    from judge_service.stores.base import Store

T = TypeVar("T")
_REMEMBERED = 64  # opened maps; an artefact never changes
_SWAPS = 20
_RETIRED = 200  # ids told as retired; those before them are told as kept
_SCORES_WAIT_S = (
    2.0  # beside a large study that is being written, a look at the file takes this long at worst
)
_LEASE_S = 30.0


@dataclass(frozen=True, slots=True)
class _InForce:
    """What is kept for a judge, rubric and mode: criterion → map id, and which maps were in force before."""

    active: Mapping[str, str]
    retired: tuple[str, ...] = ()

    def with_active(self, one: CalibrationMap) -> _InForce:
        return self._but({**self.active, one.criterion: one.id})

    def without(self, one: CalibrationMap) -> _InForce:
        return self._but({name: held for name, held in self.active.items() if held != one.id})

    def _but(self, active: dict[str, str]) -> _InForce:
        held = set(active.values())
        known = dict.fromkeys((*self.retired, *self.active.values()))
        return _InForce(active, tuple(each for each in known if each not in held)[-_RETIRED:])

    def standing(self, one: CalibrationMap) -> Standing:
        if self.active.get(one.criterion) == one.id:
            return "active"
        return "retired" if one.id in self.retired else "kept"


class Archive:
    """What is kept of calibration. Every failure of the store is a `StoreError`."""

    def __init__(self, store: Store, shipped: Mapping[str, CalibrationMap]) -> None:
        self._store = store
        self._shipped = shipped
        self._opened: OrderedDict[str, CalibrationMap] = OrderedDict()
        self._guard = Guard()
        self._pointers = SharedReads(self._look)

    async def keep_study(self, study: Study, about: Mapping[str, Any]) -> None:
        """Keep a study under its digest, with what is told of it; the same one twice is one."""
        if not await self.has_study(study.digest):
            rows = await asyncio.to_thread(study.rows)
            await self._write(f"study:{study.digest}", {"rows": rows, "about": about}, "study")

    async def has_study(self, study_id: str) -> bool:
        """Whether a study is kept."""
        key = f"study:{study_id}"
        return key in await self._store.kept_keys(key, limit=1)

    async def study_document(self, study_id: str) -> object:
        """The document a study is read from again; `StudyNotFound`."""
        return (await self._study(study_id))["rows"]

    async def study_about(self, study_id: str) -> object:
        """What was told of a study when it came; `StudyNotFound`."""
        return (await self._study(study_id))["about"]

    async def _study(self, study_id: str) -> dict[str, Any]:
        found = await self._read(f"study:{study_id}", "study")
        if not isinstance(found, dict):
            raise StudyNotFound(f"no study is kept under {study_id!r}")
        return found

    async def drop_study(self, study_id: str) -> None:
        """Forget a study; `StudyNotFound`. Maps that were fitted on it stay."""
        if not await self.has_study(study_id):
            raise StudyNotFound(f"no study is kept under {study_id!r}")
        await self._store.release(f"study:{study_id}")

    async def study_ids(self) -> list[str]:
        """The first thousand studies that are kept."""
        return [key.partition(":")[2] for key in await self._store.kept_keys("study:")]

    async def keep_map(self, artefact: Mapping[str, Any]) -> None:
        """Keep a sealed artefact under its id."""
        await self._write(f"map:{artefact['id']}", artefact, "map")

    async def find(self, map_id: str) -> CalibrationMap:
        """The map of that id, kept or shipped; `MapNotFound`."""
        known = self._shipped.get(map_id) or self._opened.get(map_id)
        if known is not None:
            return known
        found = await self._read(f"map:{map_id}", "map")
        if found is None:
            raise MapNotFound(f"no calibration map has the id {map_id!r}")
        try:
            one = opened(found)
        except MapRejected as exc:
            raise StoreError("a kept map is not the one that its id names") from exc
        if one.id != map_id:
            raise StoreError("a kept map is not the one that its key names")
        self._opened[map_id] = one
        while len(self._opened) > _REMEMBERED:
            self._opened.popitem(last=False)
        return one

    async def maps(self) -> list[tuple[CalibrationMap, Standing]]:
        """The first thousand maps that are kept, and those that ship, by id."""
        kept = [key.partition(":")[2] for key in await self._store.kept_keys("map:")]
        places: dict[str, _InForce] = {}
        told: list[tuple[CalibrationMap, Standing]] = []
        for map_id in sorted({*kept, *self._shipped}):
            one = await self.find(map_id)
            key = _key(one)
            if key is not None and key not in places:
                places[key] = (await self._in_force(key))[1]
            told.append((one, "kept" if key is None else places[key].standing(one)))
        return told

    async def standing(self, one: CalibrationMap) -> Standing:
        """Whether scores are calibrated by a map, or were."""
        key = _key(one)
        return "kept" if key is None else (await self._in_force(key))[1].standing(one)

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        """The maps in force for a judge's name under a rubric's id; a map that is gone counts as none."""
        in_force = await self._pointers.get(_active_key(judge, rubric, mode))
        found = []
        for map_id in in_force.active.values():
            try:
                found.append(await self.find(map_id))
            except MapNotFound:
                continue
        return tuple(found)

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force in place of the one before it; ValueError for one that is bound to nothing."""
        key = _key(one)
        if key is None:
            raise ValueError("the map has no binding")
        await self._change(key, lambda in_force: in_force.with_active(one))

    async def retire(self, one: CalibrationMap) -> None:
        """Take a map out of force, if it is in."""
        key = _key(one)
        if key is not None:
            await self._change(key, lambda in_force: in_force.without(one))

    async def keep_report(self, report_id: str, record: Mapping[str, Any]) -> None:
        """Keep what is known of a report that was asked for."""
        await self._write(f"report:{report_id}", record, "report")

    async def report(self, report_id: str) -> dict[str, Any]:
        """What is known of such a report; `ReportNotFound`."""
        found = await self._read(f"report:{report_id}", "report")
        if not isinstance(found, dict):
            raise ReportNotFound(f"no report was asked for under {report_id!r}")
        return found

    async def drop_report(self, report_id: str) -> None:
        """Forget a report; `ReportNotFound`."""
        await self.report(report_id)
        await self._store.release(f"report:{report_id}")

    async def claim(self, report_id: str, token: str) -> bool:
        """Take on its computation, or lengthen that, for half a minute; False when another replica has it."""
        key = f"calibration-report:{report_id}"
        return await self._store.renew(key, token, _LEASE_S) or await self._store.lead(key, token, _LEASE_S)

    async def unclaim(self, report_id: str, token: str) -> None:
        """Let go of it."""
        await self._store.publish(f"calibration-report:{report_id}", token, None, 1)

    async def _look(self, key: str) -> _InForce:
        """For scores: soon, or not at all."""
        _, in_force = await self._guard.ask(lambda: _promptly(self._in_force(key)))
        return in_force

    async def _in_force(self, key: str) -> tuple[bytes | None, _InForce]:
        raw = await self._store.kept(key)
        if raw is None:
            return None, _InForce({})
        try:
            found = unpack(raw, schema="active")
        except RecordFault as exc:
            raise StoreError("the record of active maps cannot be read") from exc
        if not isinstance(found, dict):
            raise StoreError("the record of active maps cannot be read")
        return raw, _InForce(found["active"], tuple(found["retired"]))

    async def _change(self, key: str, change: Callable[[_InForce], _InForce]) -> None:
        """Compare and set, again when another replica came between."""
        for _ in range(_SWAPS):
            raw, in_force = await self._in_force(key)
            wanted = change(in_force)
            if wanted == in_force:
                return
            document = {"active": dict(wanted.active), "retired": list(wanted.retired)}
            if await self._store.swap(key, raw, pack(document, schema="active")):
                return
        raise StoreError("too many replicas change which maps are active at one time")

    async def _write(self, key: str, document: object, schema: str) -> None:
        try:
            packed = await asyncio.to_thread(pack, document, schema=schema)
        except RecordFault as exc:
            raise StoreError(f"what is to be kept cannot be written: {exc.kind}") from exc
        await self._store.keep(key, packed)

    async def _read(self, key: str, schema: str) -> object:
        raw = await self._store.kept(key)
        if raw is None:
            return None
        try:
            return await asyncio.to_thread(unpack, raw, schema=schema)
        except RecordFault as exc:
            raise StoreError(f"a kept {schema} cannot be read: {exc.kind}") from exc


async def _promptly(reading: Awaitable[T]) -> T:
    try:
        async with Patience(_SCORES_WAIT_S):
            return await reading
    except TimeoutError as exc:
        raise StoreError("the store did not say in time which maps are active") from exc


def _key(one: CalibrationMap) -> str | None:
    """Where the pointer to an active map is kept; None for a map that is bound to nothing."""
    place = place_of(one)
    return None if place is None else _active_key(*place)


def _active_key(judge: str, rubric: str, mode: str) -> str:
    return f"active:{json.dumps([judge, rubric, mode], ensure_ascii=False)}"


def shipped_maps(folder: Path) -> dict[str, CalibrationMap]:
    """The maps of a folder, by id; a folder that is not there has none; a file that is none is a mistake."""
    found: dict[str, CalibrationMap] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            one = opened(json.loads(path.read_text("utf-8")))
        except (MapRejected, ValueError, OSError) as exc:
            raise ConfigurationError(f"{path.name} is no calibration map: {exc}") from exc
        found[one.id] = one
    return found
