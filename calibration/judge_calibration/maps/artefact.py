"""A fitted map as data that stands by itself: applied without numpy, named by the hash of its content.

Whatever the method, a map is served as knots (raw, calibrated) with straight lines between them: exact where
a map of ours is piecewise linear, and one way to apply them all. The id is `sha256:` and the hash of the
canonical form without the id. Canonical form: JSON in UTF-8 with sorted keys, no blanks and no NaN, where a
whole number has no fraction (5.0 is written 5), so that no reader of JSON changes it: `jq -cS 'del(.id)'`
prints it. Numbers that were computed have at most ten significant digits before they get here.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from judge_calibration.errors import MapRejected, OptionRejected

KIND = "judge-calibration-map"
FORMAT = 1
PURPOSES = ("predict", "equate")
FEW_ITEMS = "few_items"
_MOST = 1e300  # NaN is not above it; the canonical form has none
_SLACK = 1e-9  # a score that a sum of weights brought may miss the end of the domain by rounding

Status = Literal["calibrated", "out_of_domain"]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a map makes of one score. The interval is None where the map has none.

    Flags: `extrapolated` (outside the scores it was fitted on; the end of the map is told), `unseen_subgroup`
    (a label it was not fitted on), `subgroup_unknown` (no label given: the interval is that of all groups),
    `few_items` (the method was asked for by name, and has fewer items than it takes when it is chosen).
    """

    score: float
    low: float | None
    high: float | None
    level: float | None
    flags: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class CalibrationMap:
    """An opened artefact. `content` is the artefact itself, with its id."""

    id: str
    criterion: str
    content: Mapping[str, Any]
    _raw: tuple[float, ...]
    _calibrated: tuple[float, ...]
    _warnings: tuple[str, ...] = ()

    @property
    def purpose(self) -> str:
        """`predict` what physicians would say, or `equate` one judge's scores with another's."""
        return str(self.content.get("purpose", PURPOSES[0]))

    def apply(self, raw: float, subgroups: Mapping[str, str] | None = None) -> Applied:
        """Calibrate one score. Never falls as the score rises, and never leaves the scale."""
        if not math.isfinite(raw):
            raise OptionRejected("score", "is a finite number")
        labels, domain = subgroups or {}, self.content["domain"]
        flags: list[str] = []
        if not domain["low"] - _SLACK <= raw <= domain["high"] + _SLACK:
            flags.append("extrapolated")
        if self._has_unseen(labels):
            flags.append("unseen_subgroup")
        out = bool(flags)
        score = self._value(raw)
        low, high, level = self._interval(score, labels, flags)
        flags.extend(self._warnings)
        if out:  # how often the interval holds is known of scores and groups like those of the study
            return Applied(score, None, None, None, tuple(flags), "out_of_domain")
        return Applied(score, low, high, level, tuple(flags), "calibrated")

    def matches(self, fingerprint: Mapping[str, Any]) -> bool:
        """Whether the map is of this instrument: everything it names of its own must be equal."""
        own = self.content["judge"].get("fingerprint")
        if not own:
            return False
        return all(value is None or fingerprint.get(name) == value for name, value in own.items())

    def _has_unseen(self, labels: Mapping[str, str]) -> bool:
        """Whether an item has a label, of a variable that the map knows, which no fitted item had."""
        if not labels:
            return False
        known = self.content["domain"]["subgroups"]
        conformal = self.content.get("conformal") or {}
        by = conformal.get("by")
        if by and by not in known:
            known = {**known, by: conformal["quantiles"]}
        return any(labels.get(name) is not None and labels[name] not in known[name] for name in known)

    def _value(self, raw: float) -> float:
        at = bisect_right(self._raw, raw)
        if at == 0:
            return self._calibrated[0]
        if at == len(self._raw):
            return self._calibrated[-1]
        x0, x1 = self._raw[at - 1], self._raw[at]
        y0, y1 = self._calibrated[at - 1], self._calibrated[at]
        return min(y1, y0 + (y1 - y0) * ((raw - x0) / (x1 - x0)))

    def _interval(
        self, score: float, labels: Mapping[str, str], flags: list[str]
    ) -> tuple[float | None, float | None, float | None]:
        conformal = self.content.get("conformal")
        if conformal is None:
            return None, None, None
        by, quantiles = conformal.get("by"), conformal["quantiles"]
        label = labels.get(by) if by else None
        if by and label is None:
            flags.append("subgroup_unknown")
        half = quantiles[label if label in quantiles else ""]
        scale = self.content["scale"]
        if half is None:
            low, high = scale["low"], scale["high"]
        else:
            low, high = within_scale(score - half, score + half, scale, inward=conformal["rounded"])
        return low, high, 1 - conformal["alpha"]


def within_scale(
    low: float, high: float, scale: Mapping[str, Any], *, inward: bool = True
) -> tuple[float, float]:
    """Cut an interval to the scale; with `inward` to the outermost values that it holds, if it holds any."""
    low, high = max(low, scale["low"]), min(high, scale["high"])
    values = scale.get("values") if inward else None
    held = [value for value in values or () if low - _SLACK <= value <= high + _SLACK]
    return (held[0], held[-1]) if held else (low, high)


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The artefact of a content: the same with its id. Raises MapRejected when it is no map."""
    artefact = {key: value for key, value in content.items() if key != "id"}
    artefact["id"] = identity(artefact)
    opened(artefact)
    return artefact


def identity(artefact: Mapping[str, Any]) -> str:
    """The id of an artefact, from all of it but the id."""
    return f"sha256:{hashlib.sha256(canonical(artefact).encode()).hexdigest()}"


def canonical(artefact: Mapping[str, Any]) -> str:
    """The text that is hashed; MapRejected where the content cannot be written as JSON."""
    try:
        content = {key: _plain(value) for key, value in artefact.items() if key != "id"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        text.encode()  # half of a surrogate pair has no UTF-8
    except (TypeError, ValueError, RecursionError) as exc:
        raise MapRejected("the artefact holds what is no JSON") from exc
    return text


def opened(artefact: object) -> CalibrationMap:
    """Check an artefact's shape and its id, and make it ready; MapRejected says what is wrong."""
    if not isinstance(artefact, Mapping):
        raise MapRejected("a map is an object")
    if artefact.get("kind") != KIND or artefact.get("format") != FORMAT:
        raise MapRejected(f"a map is of kind {KIND!r} and format {FORMAT}")
    if artefact.get("id") != identity(artefact):
        raise MapRejected("the content of the map is not the one that its id names")
    criterion = artefact.get("criterion")
    if not isinstance(criterion, str) or not criterion:
        raise MapRejected("'criterion' is a text")
    if artefact.get("purpose", PURPOSES[0]) not in PURPOSES:
        raise MapRejected(f"'purpose' is one of {', '.join(PURPOSES)}")
    low, high = _check_scale(artefact)
    _check_domain(artefact)
    raw, calibrated = _knots(artefact, low, high)
    _check_conformal(artefact)
    judge = _object(artefact, "judge")
    if not isinstance(judge.get("fingerprint"), Mapping | None):
        raise MapRejected("'judge.fingerprint' is an object or null")
    warnings = _warnings(artefact)
    return CalibrationMap(str(artefact["id"]), criterion, dict(artefact), raw, calibrated, warnings)


def _plain(value: object) -> object:
    """A value as JSON has it, with whole numbers as integers; TypeError, ValueError for what JSON has not."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("names are texts")
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} is no JSON")


def _check_scale(artefact: Mapping[str, Any]) -> tuple[float, float]:
    scale = _object(artefact, "scale")
    low, high = _ends(scale, "scale")
    values = scale.get("values")
    if not isinstance(values, list | None):
        raise MapRejected("'scale.values' is a list or null")
    if not _rising([_number(each, "scale.values") for each in values or ()]):
        raise MapRejected("the values of the scale rise")
    if values and not low <= values[0] <= values[-1] <= high:
        raise MapRejected("the values of the scale lie between its ends")
    return low, high


def _check_domain(artefact: Mapping[str, Any]) -> None:
    domain = _object(artefact, "domain")
    _ends(domain, "domain")
    for known in _object(domain, "subgroups").values():
        if not isinstance(known, list) or not all(isinstance(label, str) for label in known):
            raise MapRejected("'domain.subgroups' is an object of lists of texts")


def _knots(
    artefact: Mapping[str, Any], low: float, high: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    knots = artefact.get("knots")
    if not isinstance(knots, list) or not knots:
        raise MapRejected("'knots' is a list of pairs")
    if not all(isinstance(knot, list) and len(knot) == 2 for knot in knots):  # noqa: PLR2004  raw, calibrated
        raise MapRejected("'knots' is a list of pairs")
    raw = tuple(_number(knot[0], "knots") for knot in knots)
    calibrated = tuple(_number(knot[1], "knots") for knot in knots)
    if not _rising(raw) or any(b < a for a, b in pairwise(calibrated)):
        raise MapRejected("knots rise in the raw score and do not fall in the calibrated one")
    if min(calibrated) < low or max(calibrated) > high:
        raise MapRejected("knots stay on the scale")
    return raw, calibrated


def _warnings(artefact: Mapping[str, Any]) -> tuple[str, ...]:
    """What every score through the map is flagged with."""
    fit = artefact.get("fit")
    found = fit.get("warnings", []) if isinstance(fit, Mapping) else []
    if found not in ([], [FEW_ITEMS]):
        raise MapRejected(f"'fit.warnings' is empty or holds {FEW_ITEMS!r}")
    return tuple(found)


def _check_conformal(artefact: Mapping[str, Any]) -> None:
    conformal = artefact.get("conformal")
    if conformal is None:
        return
    if not isinstance(conformal, Mapping):
        raise MapRejected("'conformal' is an object or null")
    if not 0 < _number(conformal.get("alpha"), "conformal.alpha") < 1:
        raise MapRejected("'conformal.alpha' is between 0 and 1")
    if not isinstance(conformal.get("by"), str | None):
        raise MapRejected("'conformal.by' is the name of a variable or null")
    # Told or refused: an interval that is rounded inward by mistake covers less than it promises.
    if not isinstance(conformal.get("rounded"), bool):
        raise MapRejected("'conformal.rounded' is true or false")
    _check_quantiles(_object(conformal, "quantiles"))


def _check_quantiles(quantiles: Mapping[str, Any]) -> None:
    if "" not in quantiles:
        raise MapRejected("'conformal.quantiles' has one of all groups, under the empty name")
    for half in quantiles.values():
        if half is not None and _number(half, "conformal.quantiles") < 0:
            raise MapRejected("'conformal.quantiles' are not negative")


def _object(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    if not isinstance(found, Mapping):
        raise MapRejected(f"{name!r} is an object")
    return found


def _ends(of: Mapping[str, Any], name: str) -> tuple[float, float]:
    low, high = _number(of.get("low"), name), _number(of.get("high"), name)
    if low > high:
        raise MapRejected(f"{name!r} has 'low' below 'high'")
    return low, high


def _number(value: object, name: str) -> float:
    """A finite float; a whole number beyond what a float holds is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MOST:
        raise MapRejected(f"{name!r} holds what is no finite number")
    return float(value)


def _rising(values: tuple[float, ...] | list[float]) -> bool:
    return all(a < b for a, b in pairwise(values))
