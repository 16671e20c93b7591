"""Which maps are in force for a judge, rubric and mode, and which were: one record of the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.calibrations.binding import place_of
from judge_service.errors import StoreError
from judge_service.stores.archive import pack, unpack
from judge_service.stores.records import RecordFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_service.calibrations.keeping import Standing

_RETIRED = 200  # ids told as retired; those before them are told as kept
_SCHEMA = "active"


@dataclass(frozen=True, slots=True)
class InForce:
    """`active`: criterion → map id; `retired`: ids that were in force before."""

    active: Mapping[str, str]
    retired: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: bytes | None) -> InForce:
        """What a record says, None: nothing is in force; `StoreError` for bytes that are no such record."""
        if raw is None:
            return cls({})
        try:
            found = unpack(raw, schema=_SCHEMA)
        except RecordFault as exc:
            raise StoreError(f"the record of active maps cannot be read: {exc.kind}") from exc
        match found:
            case {"active": dict() as active, "retired": list() as retired}:
                return cls(active, tuple(retired))
            case _:
                raise StoreError("the record of active maps is none")

    def written(self) -> bytes:
        """The record."""
        return pack({"active": dict(self.active), "retired": list(self.retired)}, schema=_SCHEMA)

    def with_active(self, one: CalibrationMap) -> InForce:
        """The same with a map in force, in place of that of its criterion."""
        return self._but({**self.active, one.criterion: one.id})

    def without(self, one: CalibrationMap) -> InForce:
        """The same without a map."""
        return self._but({name: held for name, held in self.active.items() if held != one.id})

    def _but(self, active: dict[str, str]) -> InForce:
        held = set(active.values())
        known = dict.fromkeys((*self.retired, *self.active.values()))
        return InForce(active, tuple(each for each in known if each not in held)[-_RETIRED:])

    def standing(self, one: CalibrationMap) -> Standing:
        """Where a map stands."""
        if self.active.get(one.criterion) == one.id:
            return "active"
        return "retired" if one.id in self.retired else "kept"


def key_of(one: CalibrationMap) -> str | None:
    """The key of the record that a map belongs to; None for a map that is bound to nothing."""
    place = place_of(one)
    return None if place is None else key_at(*place)


def key_at(judge: str, rubric: str, mode: str) -> str:
    """The key of the record of a judge, rubric and mode."""
    return f"active:{json.dumps([judge, rubric, mode], ensure_ascii=False)}"
