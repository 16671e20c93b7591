"""Studies, maps and reports in the configured store, named by the hash of their content."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from judge_calibration.errors import MapRejected
from judge_calibration.maps.artefact import opened
from judge_service.errors import ConfigurationError, MapNotFound, ReportNotFound, StoreError, StudyNotFound
from judge_service.stores.archive import pack, unpack
from judge_service.stores.records import RecordFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study
    from judge_service.stores.base import Store

_REMEMBERED = 64  # opened maps; an artefact never changes
_SWAPS = 20
Pointers = dict[str, str]  # criterion → map id


class Archive:
    """What is kept of calibration. Every failure of the store is a `StoreError`."""

    def __init__(self, store: Store, shipped: Mapping[str, CalibrationMap]) -> None:
        self._store = store
        self._shipped = shipped
        self._opened: OrderedDict[str, CalibrationMap] = OrderedDict()

    async def keep_study(self, study: Study) -> None:
        """Keep a study under its digest; the same one twice is one."""
        key = f"study:{study.digest}"
        if await self._store.kept(key) is None:
            await self._write(key, study.rows(), "study")

    async def study_document(self, study_id: str) -> object:
        """The document a study is read from again; `StudyNotFound`."""
        found = await self._read(f"study:{study_id}", "study")
        if found is None:
            raise StudyNotFound(f"no study is kept under {study_id!r}")
        return found

    async def drop_study(self, study_id: str) -> None:
        """Forget a study; `StudyNotFound`. Maps that were fitted on it stay."""
        await self.study_document(study_id)
        await self._store.release(f"study:{study_id}")

    async def study_ids(self) -> list[str]:
        """Every study that is kept."""
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
        self._opened[map_id] = one
        while len(self._opened) > _REMEMBERED:
            self._opened.popitem(last=False)
        return one

    async def map_ids(self) -> list[str]:
        """Every map that is kept or ships."""
        kept = [key.partition(":")[2] for key in await self._store.kept_keys("map:")]
        return sorted({*kept, *self._shipped})

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        """The maps in force for a judge's name under a rubric's id; a map that is gone counts as none."""
        _, pointers = await self._pointers(_active_key(judge, rubric, mode))
        found = []
        for map_id in pointers.values():
            try:
                found.append(await self.find(map_id))
            except MapNotFound:
                continue
        return tuple(found)

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force in place of the one before it; one that is bound to nothing is `MapRejected`."""
        key = binding_key(one)
        if key is None:
            raise MapRejected("the map is bound to no judge, rubric and mode, so nothing can call for it")
        await self._change(key, lambda pointers: {**pointers, one.criterion: one.id})

    async def retire(self, one: CalibrationMap) -> None:
        """Take a map out of force, if it is in."""
        key = binding_key(one)
        if key is not None:
            await self._change(
                key,
                lambda pointers: {name: held for name, held in pointers.items() if held != one.id},
            )

    async def is_active(self, one: CalibrationMap) -> bool:
        """Whether scores are calibrated by it."""
        key = binding_key(one)
        return key is not None and (await self._pointers(key))[1].get(one.criterion) == one.id

    async def keep_report(self, report_id: str, answer: Mapping[str, Any]) -> None:
        """Keep what became of a report that was asked for: its answer, or its problem."""
        await self._write(f"report:{report_id}", answer, "report")

    async def report(self, report_id: str) -> Mapping[str, Any]:
        """What is known of such a report; `ReportNotFound`."""
        found = await self._read(f"report:{report_id}", "report")
        if not isinstance(found, dict):
            raise ReportNotFound(f"no report was asked for under {report_id!r}")
        return found

    async def _pointers(self, key: str) -> tuple[bytes | None, Pointers]:
        raw = await self._store.kept(key)
        if raw is None:
            return None, {}
        try:
            found = unpack(raw, schema="active")
        except RecordFault as exc:
            raise StoreError("the record of active maps cannot be read") from exc
        return raw, {str(name): str(held) for name, held in found.items()} if isinstance(found, dict) else {}

    async def _change(self, key: str, change: Any) -> None:
        """Compare and set, again when another replica came between."""
        for _ in range(_SWAPS):
            raw, pointers = await self._pointers(key)
            wanted = change(pointers)
            if wanted == pointers and raw is not None:
                return
            if await self._store.swap(key, raw, pack(wanted, schema="active")):
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


def binding_key(one: CalibrationMap) -> str | None:
    """Where the pointer to an active map is kept; None for a map that is bound to nothing."""
    binding = one.content["judge"]["binding"]
    if not binding:
        return None
    return _active_key(str(binding.get("judge")), str(binding.get("rubric")), str(binding.get("mode")))


def _active_key(judge: str, rubric: str, mode: str) -> str:
    return f"active:{json.dumps([judge, rubric, mode], ensure_ascii=False)}"


def shipped_maps(folder: Path) -> dict[str, CalibrationMap]:
    """The maps of a folder by id; none where there is no folder. A file that is no map stops the start."""
    found: dict[str, CalibrationMap] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            one = opened(json.loads(path.read_text("utf-8")))
        except (MapRejected, ValueError, OSError) as exc:
            raise ConfigurationError(f"{path.name} is no calibration map: {exc}") from exc
        found[one.id] = one
    return found
