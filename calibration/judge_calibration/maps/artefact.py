"""A fitted map as data that stands by itself: applied without numpy, named by the hash of its content.

Whatever the method, a map is served as knots (raw, calibrated) with straight lines between them: exact for every map
of ours, and one way to apply them all. Canonical form: JSON with sorted keys, no blanks, UTF-8, numbers with at
most ten significant digits, no NaN. The id is `sha256:` and the hash of that form without the id.
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

from judge_calibration.errors import MapRejected

KIND = "judge-calibration-map"
FORMAT = 1
_SLACK = 1e-9  # a score that a sum of weights brought may miss the end of the domain by rounding

Status = Literal["calibrated", "out_of_domain"]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a map makes of one score. The interval is None where the map has none.

    Flags: `extrapolated` (outside the scores it was fitted on; the end of the map is told), `unseen_subgroup`
    (a label it was not fitted on), `subgroup_unknown` (no label given: the interval is that of all groups).
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

    def apply(self, raw: float, subgroups: Mapping[str, str] | None = None) -> Applied:
        """Calibrate one score. Never falls as the score rises, and never leaves the scale."""
        domain, labels = self.content["domain"], dict(subgroups or {})
        flags: list[str] = []
        if not domain["low"] - _SLACK <= raw <= domain["high"] + _SLACK:
            flags.append("extrapolated")
        for variable, known in domain["subgroups"].items():
            if variable in labels and labels[variable] not in known:
                flags.append("unseen_subgroup")
                break
        out = bool(flags)
        score = self._value(raw)
        low, high, level = self._interval(score, labels, flags)
        return Applied(score, low, high, level, tuple(flags), "out_of_domain" if out else "calibrated")

    def matches(self, fingerprint: Mapping[str, Any]) -> bool:
        """Whether the map is of this instrument: everything it names of its own must be equal."""
        own = self.content["judge"]["fingerprint"]
        if not own:
            return False
        return all(value is None or fingerprint.get(name) == value for name, value in own.items())

    def _value(self, raw: float) -> float:
        at = bisect_right(self._raw, raw)
        if at == 0:
            return self._calibrated[0]
        if at == len(self._raw):
            return self._calibrated[-1]
        x0, x1 = self._raw[at - 1], self._raw[at]
        y0, y1 = self._calibrated[at - 1], self._calibrated[at]
        return min(y1, y0 + (y1 - y0) * (raw - x0) / (x1 - x0))

    def _interval(
        self, score: float, labels: Mapping[str, str], flags: list[str]
    ) -> tuple[float | None, float | None, float | None]:
        conformal = self.content["conformal"]
        if conformal is None:
            return None, None, None
        by, quantiles = conformal["by"], conformal["quantiles"]
        label = labels.get(by) if by else None
        if by and label is None:
            flags.append("subgroup_unknown")
        half = quantiles.get(label if label in quantiles else "", quantiles[""])
        scale = self.content["scale"]
        if half is None:
            low, high = scale["low"], scale["high"]
        else:
            low, high = within_scale(score - half, score + half, scale)
        return low, high, 1 - conformal["alpha"]


def within_scale(low: float, high: float, scale: Mapping[str, Any]) -> tuple[float, float]:
    """Cut an interval to the scale; on countable values to the outermost that it holds, if it holds any."""
    low, high = max(low, scale["low"]), min(high, scale["high"])
    values = [value for value in scale["values"] or () if low - _SLACK <= value <= high + _SLACK]
    return (values[0], values[-1]) if values else (low, high)


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
    """The text that is hashed."""
    content = {key: value for key, value in artefact.items() if key != "id"}
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise MapRejected("the artefact holds what is no JSON") from exc


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
    scale, domain = _object(artefact, "scale"), _object(artefact, "domain")
    low, high = _ends(scale, "scale")
    _ends(domain, "domain")
    if scale.get("values") is not None and not _rising([_number(each, "scale") for each in scale["values"]]):
        raise MapRejected("the values of the scale rise")
    _check_labels(domain)
    raw, calibrated = _knots(artefact, low, high)
    _check_conformal(artefact)
    judge = _object(artefact, "judge")
    if judge.get("fingerprint") is not None and not isinstance(judge["fingerprint"], Mapping):
        raise MapRejected("'judge.fingerprint' is an object or null")
    return CalibrationMap(str(artefact["id"]), criterion, dict(artefact), raw, calibrated)


def _knots(
    artefact: Mapping[str, Any], low: float, high: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    knots = artefact.get("knots")
    if not isinstance(knots, list) or not knots:
        raise MapRejected("'knots' is a list of pairs")
    if not all(isinstance(knot, list) and len(knot) == 2 for knot in knots):  # noqa: PLR2004  raw and calibrated
        raise MapRejected("'knots' is a list of pairs")
    raw = tuple(_number(knot[0], "knots") for knot in knots)
    calibrated = tuple(_number(knot[1], "knots") for knot in knots)
    if not _rising(raw) or any(b < a for a, b in pairwise(calibrated)):
        raise MapRejected("knots rise in the raw score and do not fall in the calibrated one")
    if min(calibrated) < low - _SLACK or max(calibrated) > high + _SLACK:
        raise MapRejected("knots stay on the scale")
    return raw, calibrated


def _check_labels(domain: Mapping[str, Any]) -> None:
    labels = _object(domain, "subgroups")
    for known in labels.values():
        if not isinstance(known, list) or not all(isinstance(label, str) for label in known):
            raise MapRejected("'domain.subgroups' is an object of lists of texts")


def _check_conformal(artefact: Mapping[str, Any]) -> None:
    conformal = artefact.get("conformal")
    if conformal is None:
        return
    if not isinstance(conformal, Mapping):
        raise MapRejected("'conformal' is an object or null")
    if not 0 < _number(conformal.get("alpha"), "conformal.alpha") < 1:
        raise MapRejected("'conformal.alpha' is between 0 and 1")
    quantiles = _object(conformal, "quantiles")
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
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise MapRejected(f"{name!r} holds what is no finite number")
    return float(value)


def _rising(values: tuple[float, ...] | list[float]) -> bool:
    return all(a < b for a, b in pairwise(values))
