"""Studies, maps and reports in the configured store, named by the hash of their content."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from judge_calibration.errors import MapRejected
from judge_calibration.maps.artefact import opened
from judge_service.calibrations.in_force import InForce, key_at, key_of
from judge_service.calibrations.keeping import MOST_LISTED
from judge_service.calibrations.sharing import SharedReads
from judge_service.errors import (
    BodyTooLarge,
    ConfigurationError,
    MapNotFound,
    ReportNotFound,
    StoreError,
    StudyNotFound,
)
from judge_service.stores.archive import MAX_DOCUMENT_BYTES, pack, unpack
from judge_service.stores.guard import Guard, Seldom
from judge_service.stores.leases import renewed
from judge_service.stores.patience import Patience
from judge_service.stores.records import RecordFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study
    from judge_service.calibrations.keeping import Standing
    from judge_service.stores.base import Store

T = TypeVar("T")
_log = logging.getLogger(__name__)
_REMEMBERED = 64  # opened maps; an artefact never changes
_SWAPS = 20
_SCORES_WAIT_S = 2.0  # a look at a file that others write to takes this long at worst
_LEASE_S = 30.0


class Archive:
    """What is kept of calibration. A failure of the store is a `StoreError`; what is too large, `BodyTooLarge`."""

    def __init__(self, store: Store, shipped: Mapping[str, CalibrationMap]) -> None:
        self._store = store
        self._shipped = shipped
        self._opened: OrderedDict[str, CalibrationMap] = OrderedDict()
        self._guard = Guard()
        self._pointers = SharedReads(self._look)
        self._artefacts = SharedReads(self._open)
        self._warnings = Seldom(_log)

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

    async def study_ids(self, after: str = "", limit: int = MOST_LISTED) -> list[str]:
        """Studies that are kept: by id, the first ones behind `after`."""
        return await self._ids("study:", after, limit)

    async def _ids(self, prefix: str, after: str, limit: int) -> list[str]:
        keys = await self._store.kept_keys(prefix, after=after and prefix + after, limit=limit)
        return [key.removeprefix(prefix) for key in keys]

    async def keep_map(self, artefact: Mapping[str, Any]) -> None:
        """Keep a sealed artefact under its id."""
        await self._write(f"map:{artefact['id']}", artefact, "map")

    async def find(self, map_id: str) -> CalibrationMap:
        """The map of that id, kept or shipped; `MapNotFound`."""
        return self._known(map_id) or await self._artefacts.get(map_id)

    def _known(self, map_id: str) -> CalibrationMap | None:
        if map_id in self._opened:
            self._opened.move_to_end(map_id)
        return self._shipped.get(map_id) or self._opened.get(map_id)

    async def _open(self, map_id: str) -> CalibrationMap:
        if (known := self._known(map_id)) is not None:  # opened while this read waited for the one before it
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

    async def maps(self, after: str = "", limit: int = MOST_LISTED) -> list[tuple[CalibrationMap, Standing]]:
        """Maps that are kept, and those that ship: by id, the first ones behind `after`."""
        kept = await self._ids("map:", after, limit)
        shipped = [map_id for map_id in self._shipped if map_id > after]
        places: dict[str, InForce] = {}
        told: list[tuple[CalibrationMap, Standing]] = []
        for map_id in sorted({*kept, *shipped})[:limit]:
            one = await self.find(map_id)
            key = key_of(one)
            if key is not None and key not in places:
                places[key] = (await self._in_force(key))[1]
            told.append((one, "kept" if key is None else places[key].standing(one)))
        return told

    async def standing(self, one: CalibrationMap) -> Standing:
        """Whether scores are calibrated by a map, or were."""
        key = key_of(one)
        return "kept" if key is None else (await self._in_force(key))[1].standing(one)

    async def rival(self, one: CalibrationMap) -> CalibrationMap | None:
        """The other map that is in force where this one might be; none is where it is lost."""
        key = key_of(one)
        held = None if key is None else (await self._in_force(key))[1].active.get(one.criterion)
        if held in {None, one.id}:
            return None
        with suppress(MapNotFound):
            return await self.find(str(held))
        return None

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        """The maps in force for a judge's name under a rubric's id; `StoreError`, `MapNotFound` for a lost one."""
        raw = await self._pointers.get(key_at(judge, rubric, mode))
        try:
            in_force = InForce.read(raw)
            return tuple([await self.find(map_id) for map_id in in_force.active.values()])
        except (StoreError, MapNotFound) as exc:
            self._warnings.warn("scores are not calibrated: %s", exc)
            raise

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force in place of the one before it; ValueError for one that is bound to nothing."""
        key = key_of(one)
        if key is None:
            raise ValueError("the map has no binding")
        await self._change(key, lambda in_force: in_force.with_active(one))

    async def retire(self, one: CalibrationMap) -> None:
        """Take a map out of force, if it is in."""
        key = key_of(one)
        if key is not None:
            await self._change(key, lambda in_force: in_force.without(one))

    async def replace_report(
        self, report_id: str, expected: Mapping[str, Any] | None, record: Mapping[str, Any]
    ) -> bool:
        """Keep what is known of a report in place of what was known, None: nothing; False when that has changed."""
        key = f"report:{report_id}"
        raw = await self._store.kept(key)
        found = None if raw is None else await self._unpacked(raw, "report")
        if found != expected:
            return False
        return await self._store.swap(key, raw, await self._packed(record, "report"))

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

    @asynccontextmanager
    async def claimed(self, report_id: str) -> AsyncIterator[bool]:
        """Whether its computation is ours as long as the block lasts; False when another replica has it."""
        key, token = f"calibration-report:{report_id}", secrets.token_hex(8)
        if not await self._store.lead(key, token, _LEASE_S):
            yield False
            return
        try:
            async with renewed(lambda: self._store.renew(key, token, _LEASE_S), _LEASE_S):
                yield True
        finally:
            with suppress(StoreError):
                await self._store.publish(key, token, None, 1)

    async def _look(self, key: str) -> bytes | None:
        """For scores: soon, or not at all. What a record holds is no fault of the store, and is read outside."""
        return await self._guard.ask(lambda: _promptly(self._store.kept(key)))

    async def _in_force(self, key: str) -> tuple[bytes | None, InForce]:
        raw = await self._store.kept(key)
        return raw, InForce.read(raw)

    async def _change(self, key: str, change: Callable[[InForce], InForce]) -> None:
        """Compare and set, again when another replica came between."""
        for _ in range(_SWAPS):
            raw, in_force = await self._in_force(key)
            wanted = change(in_force)
            if wanted == in_force:
                return
            if await self._store.swap(key, raw, wanted.written()):
                return
        raise StoreError("too many replicas change which maps are active at one time")

    async def _write(self, key: str, document: object, schema: str) -> None:
        await self._store.keep(key, await self._packed(document, schema))

    async def _read(self, key: str, schema: str) -> object:
        raw = await self._store.kept(key)
        return None if raw is None else await self._unpacked(raw, schema)

    async def _packed(self, document: object, schema: str) -> bytes:
        try:
            return await asyncio.to_thread(pack, document, schema=schema)
        except RecordFault as exc:
            if exc.kind == "too_large":
                most = MAX_DOCUMENT_BYTES // 2**20
                raise BodyTooLarge(
                    f"the {schema} is larger than the {most} MiB that are kept of one"
                ) from exc
            raise StoreError(f"a {schema} cannot be written: {exc.kind}") from exc

    async def _unpacked(self, raw: bytes, schema: str) -> object:
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
