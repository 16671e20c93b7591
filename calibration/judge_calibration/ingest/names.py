"""Numbers for names: items, raters and judges in the order in which they are met; scores on scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_calibration.ingest.source import ID_RULE, Faults, quoted, spelled
from judge_calibration.scales import Scale, finite_number, plain_number

if TYPE_CHECKING:
    from collections.abc import Collection

_LISTED = 12


class Seen(dict[tuple[type, object], float]):
    """What stands in the arrays for each score met so far; a KeyError for one that is off the scale.

    Keys hold the type beside the value, for True, 1 and 1.0 are one key otherwise.
    """

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self._scale = scale

    def __missing__(self, key: tuple[type, object]) -> float:
        value = self._scale.store(key[1])
        if value is None:
            raise KeyError(key)
        return self.setdefault(key, value)


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion's number, scale and the scores met so far."""

    at: int
    scale: Scale
    seen: Seen


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands, for its faults."""

    faults: Faults
    table: str
    row: int

    def fault(self, name: str, code: str, detail: str) -> None:
        """Note what is wrong with a field of this row."""
        self.faults.add(self.table, self.row, name, code, detail)


class Names:
    """What is known by name so far. Readers look names up in the dictionaries; here new ones are let in."""

    def __init__(self, scales: Mapping[str, Scale]) -> None:
        self.items: dict[str, int] = {}
        self.raters: dict[str, int] = {}
        self.judges: dict[str, int] = {}
        self.criteria = {
            name: Criterion(at, scale, Seen(scale)) for at, (name, scale) in enumerate(scales.items())
        }

    def numbered(
        self, row: Mapping[str, object], name: str, known: dict[str, int], place: Place
    ) -> int | None:
        """The number of the id in a field, the next one if it is new; None, with a fault, if it is no id."""
        if name not in row:
            return None  # told already, as a missing field
        text = spelled(row[name])
        if text is None:
            place.fault(name, "bad_id", f"{quoted(row[name])}: {ID_RULE}")
            return None
        return known.setdefault(text, len(known))

    def criterion(self, row: Mapping[str, object], place: Place) -> Criterion | None:
        """The criterion that a row names; None, with a fault, when no scale is declared for it."""
        if "criterion" not in row:
            return None
        name = row["criterion"]
        found = self.criteria.get(name) if isinstance(name, str) else None
        if found is None:
            declared = ", ".join(list(self.criteria)[:_LISTED])
            place.fault(
                "criterion",
                "unknown_criterion",
                f"no scale is declared for {quoted(name)} (declared: {declared})",
            )
        return found


def fields_of(
    row: object, needed: Collection[str], known: Collection[str], place: Place
) -> Mapping[str, object] | None:
    """The row, after every missing and every unknown field has been noted; None when it is no object."""
    if not isinstance(row, Mapping):
        place.fault("", "bad_row", f"a row is an object, not {quoted(row)}")
        return None
    for name in needed:
        if name not in row:
            place.fault(name, "missing_field", "the field is missing")
    for name in row:
        if name not in known:
            place.fault(str(name)[:60], "unknown_field", f"no such field (known: {', '.join(known)})")
    return row


def stored(criterion: Criterion, score: object, place: Place) -> float | None:
    """What stands in the arrays for a score; None, with a fault that says why, off the scale."""
    value = criterion.scale.store(score)
    if value is None:
        code, why = _misfit(criterion.scale, score)
        place.fault("score", code, f"{quoted(score)} {why}")
        return None
    return value


def _misfit(scale: Scale, score: object) -> tuple[str, str]:
    if scale.is_worded:
        return "off_scale", f"is not on the scale {_listed(scale)}"
    if finite_number(score, booleans=scale.kind == "binary") is not None:
        return "off_scale", f"is not on the scale {_listed(scale)}"
    if isinstance(score, int | float) and not isinstance(score, bool):
        return "not_finite", "is no finite number"
    return "not_numeric", f"is no number; the scale is {_listed(scale)}"


def _listed(scale: Scale) -> str:
    if not scale.is_discrete:
        return f"from {plain_number(scale.low or 0.0)} to {plain_number(scale.high or 0.0)}"
    values = [str(scale.told(value)) for value in scale.numeric.tolist()]
    return ", ".join(values if len(values) <= _LISTED else [*values[: _LISTED - 1], "…", values[-1]])
