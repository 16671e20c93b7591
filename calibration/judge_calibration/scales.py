"""The declared scale of a criterion: which values a score may take, and their order. Never inferred."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from judge_calibration.errors import OptionRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from judge_calibration.arrays import FloatArray

Kind = Literal["ordinal", "binary", "nominal", "interval"]
Number = int | float

MOST_VALUES = 101
MOST_SCALES = 200
LONGEST_LABEL = 256
_FARTHEST = 1e12  # beyond it, sums of squares over a study lose the digits that are told
_LEAST_GAP = 1e-4  # between values: sums of squares of lesser ones drown in rounding
_POINTS = 2.0  # a scale this wide, in points or half points, counts in points


@dataclass(frozen=True, slots=True)
class Scale:
    """What a criterion's scores may be.

    `values` stand in their declared order and are empty on an interval scale. `low` and `high` are the
    numeric ends: 0 and 1 on a binary scale whatever its words, None on a nominal one.
    """

    kind: Kind
    values: tuple[float, ...] | tuple[str, ...]
    low: float | None
    high: float | None

    @property
    def is_numeric(self) -> bool:
        """Whether differences and means of scores have a meaning."""
        return self.kind != "nominal"

    @property
    def is_discrete(self) -> bool:
        """Whether the admissible values can be counted."""
        return self.kind != "interval"

    @property
    def size(self) -> int:
        """How many values there are; 0 on an interval scale."""
        return len(self.values)

    @property
    def is_worded(self) -> bool:
        """Whether the values are words."""
        return bool(self.values) and isinstance(self.values[0], str)

    @property
    def numeric(self) -> FloatArray:
        """The values as they stand in arrays: numbers, or codes from 0 where the values are words."""
        if self.is_worded:
            return np.arange(self.size, dtype=np.float64)
        return np.array(self.values, dtype=np.float64)

    @property
    def unit(self) -> float:
        """One point: 1 where values are points or half points and some lie no more than 1 apart, else the least gap.

        An interval scale declares no step: what a point of 0 to 100 is worth nobody said, and its unit is its width.
        """
        if self.low is None or self.high is None:
            return 1.0
        width = self.high - self.low
        if self.kind == "interval":
            return width
        values = self.numeric
        least = float(np.min(np.diff(values)))
        if width >= _POINTS and least <= 1 and bool(np.all(values * 2 == np.round(values * 2))):
            return 1.0
        return least

    @property
    def has_points(self) -> bool:
        """Whether an answer can be more than a point off; never on a binary or interval scale, one unit wide."""
        return self.low is not None and self.high is not None and self.unit < self.high - self.low

    def spans(self, point: float) -> bool:
        """Whether a number lies between the ends, these among it; never on a scale without order."""
        return self.low is not None and self.high is not None and self.low <= point <= self.high

    def code(self, value: object) -> int | None:
        """The position of a value on the scale, from 0; None when it has none there.

        3 and 3.0 are one value, "3" is another. true and false are 1 and 0 on a binary scale only.
        """
        if isinstance(value, str):
            return self.values.index(value) if value in self.values else None
        number = self._number(value)
        if number is None or self.kind in {"nominal", "interval"}:
            return None
        values = (0.0, 1.0) if self.kind == "binary" else self.values
        return values.index(number) if number in values else None

    def store(self, value: object) -> float | None:
        """What stands in the arrays for a value: its number, or the code of a word; None off the scale."""
        if self.kind == "interval":
            number = self._number(value)
            low, high = cast("float", self.low), cast("float", self.high)
            return number if number is not None and low <= number <= high else None
        code = self.code(value)
        if code is None:
            return None
        return float(code) if self.is_worded else float(self.values[code])

    def told(self, stored: float) -> Number | str:
        """The value for which a stored number stands: the inverse of `store`."""
        return cast("str", self.values[int(stored)]) if self.is_worded else plain_number(stored)

    def as_json(self) -> dict[str, object]:
        """Plain data, from which `scale_from` reads the same scale again."""
        if self.kind == "interval":
            return {
                "kind": self.kind,
                "low": plain_number(cast("float", self.low)),
                "high": plain_number(cast("float", self.high)),
            }
        values = [value if isinstance(value, str) else plain_number(value) for value in self.values]
        return {"kind": self.kind, "values": values}

    def _number(self, value: object) -> float | None:
        return finite_number(value, booleans=self.kind == "binary")


def plain_number(value: float) -> Number:
    """An integral number as an integer, so that 3 and 3.0 are written alike."""
    return int(value) if float(value).is_integer() else float(value)


def finite_number(value: object, *, booleans: bool = False) -> float | None:
    """Any number as a finite float; None for all else. A boolean is 1 or 0 only when asked for."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return float(value) if booleans else None
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None  # no negative zero


def is_label(text: str) -> bool:
    """Whether a text can name something: 1 to 256 characters, none of them half of a surrogate pair."""
    return 0 < len(text) <= LONGEST_LABEL and not any("\ud800" <= letter <= "\udfff" for letter in text)


def scales_from(specs: object) -> dict[str, Scale]:
    """Read every criterion's scale, in the order of names; OptionRejected says what is wrong."""
    if not isinstance(specs, Mapping):
        raise OptionRejected("scales", "is an object: criterion -> scale")
    if not specs:
        raise OptionRejected("scales", "names no criterion; no scale is inferred from scores")
    if len(specs) > MOST_SCALES:
        raise OptionRejected("scales", f"has {len(specs)} criteria; {MOST_SCALES} is the most")
    for criterion in specs:
        if not isinstance(criterion, str) or not is_label(criterion):
            raise OptionRejected("scales", f"criteria are names of 1 to {LONGEST_LABEL} characters")
    return {name: scale_from(specs[name], option=f"scales.{name}") for name in sorted(specs)}


def scale_from(spec: object, *, option: str = "scales") -> Scale:
    """Read one scale: a list of rising numbers, or an object with a kind; OptionRejected names what is wrong.

    `[0, 1, 2]`, `{"kind": "ordinal", "values": [0, 1, 2]}`, `{"kind": "binary"}`,
    `{"kind": "binary", "values": ["unmet", "met"]}`, `{"kind": "nominal", "values": ["a", "b"]}`,
    `{"kind": "interval", "low": 0, "high": 100}`. A `Scale` is returned as it is.
    """
    if isinstance(spec, Scale):
        return spec
    if isinstance(spec, list | tuple):
        return _ordinal({"values": spec}, option)
    if not isinstance(spec, Mapping):
        raise OptionRejected(option, "is a list of rising numbers, or an object with 'kind'")
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise OptionRejected(option, f"'kind' is one of {', '.join(_READERS)}")
    reader, fields = _READERS[kind]
    unknown = [key for key in spec if key not in {"kind", *fields}]
    if unknown:
        raise OptionRejected(
            option, f"kind {kind!r} has no field {str(unknown[0])[:60]!r} (known: {', '.join(fields)})"
        )
    return reader(spec, option)


def _ordinal(given: Mapping[str, object], option: str) -> Scale:
    values = [_bounded(value, option) for value in _listed(given, option)]
    if any(after - before < _LEAST_GAP for before, after in pairwise(values)):
        raise OptionRejected(option, "values rise from the first to the last")
    return Scale("ordinal", tuple(values), values[0], values[-1])


def _binary(given: Mapping[str, object], option: str) -> Scale:
    if given.get("values") is None:
        return Scale("binary", (0.0, 1.0), 0.0, 1.0)
    values = _listed(given, option)
    if len(values) == 2 and all(isinstance(value, str) for value in values):  # noqa: PLR2004  binary means two
        return Scale("binary", _words(values, option), 0.0, 1.0)
    if [finite_number(value, booleans=True) for value in values] != [0.0, 1.0]:
        raise OptionRejected(option, "binary values are [false, true], [0, 1], or two words: unmet, then met")
    return Scale("binary", (0.0, 1.0), 0.0, 1.0)


def _nominal(given: Mapping[str, object], option: str) -> Scale:
    return Scale("nominal", _words(_listed(given, option), option), None, None)


def _interval(given: Mapping[str, object], option: str) -> Scale:
    low, high = _bounded(given.get("low"), option), _bounded(given.get("high"), option)
    if high - low < _LEAST_GAP:
        raise OptionRejected(option, "'low' is less than 'high'")
    return Scale("interval", (), low, high)


def _listed(given: Mapping[str, object], option: str) -> Sequence[object]:
    values = given.get("values")
    if not isinstance(values, list | tuple):
        raise OptionRejected(option, "'values' is a list")
    if not 2 <= len(values) <= MOST_VALUES:  # noqa: PLR2004  a scale of one value measures nothing
        raise OptionRejected(option, f"has {len(values)} values; a scale has 2 to {MOST_VALUES}")
    return values


def _words(values: Sequence[object], option: str) -> tuple[str, ...]:
    words = [value for value in values if isinstance(value, str) and is_label(value)]
    if len(words) != len(values) or len(set(words)) != len(words):
        raise OptionRejected(option, f"values are different words of 1 to {LONGEST_LABEL} characters")
    return tuple(words)


def _bounded(value: object, option: str) -> float:
    number = finite_number(value)
    if number is None or abs(number) > _FARTHEST:
        raise OptionRejected(option, "its values and bounds are numbers, at most 1e12 from 0")
    return number


_READERS: Mapping[str, tuple[Callable[[Mapping[str, object], str], Scale], tuple[str, ...]]] = {
    "ordinal": (_ordinal, ("values",)),
    "binary": (_binary, ("values",)),
    "nominal": (_nominal, ("values",)),
    "interval": (_interval, ("low", "high")),
}
