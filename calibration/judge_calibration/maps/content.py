"""What every artefact holds, whether it predicts physicians or equates judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.estimates import rounded
from judge_calibration.maps.artefact import FORMAT, KIND, sealed
from judge_calibration.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray


def told_knots(knots: tuple[FloatArray, FloatArray]) -> list[list[float | None]]:
    """Knots with rounded numbers, none twice."""
    raw, calibrated = knots
    pairs: dict[float | None, float | None] = {}
    for x, y in zip(raw.tolist(), calibrated.tolist(), strict=True):
        pairs[rounded(x)] = rounded(y)
    return [[x, y] for x, y in pairs.items()]


def sealed_map(
    *,
    purpose: str,
    method: str,
    parameters: Mapping[str, object],
    knots: tuple[FloatArray, FloatArray],
    domain: tuple[float, float, Mapping[str, list[str]]],
    conformal: Mapping[str, Any] | None,
    fit: Mapping[str, Any],
    criterion: str,
    scale: Mapping[str, Any],
    judge: str | None,
    fingerprint: Mapping[str, Any] | None,
    binding: Mapping[str, Any] | None,
    data_digest: str,
) -> dict[str, Any]:
    """Put an artefact together and seal it. `domain`: lowest and highest score fitted on, and subgroups' labels."""
    low, high, subgroups = domain
    return sealed(
        {
            "kind": KIND,
            "format": FORMAT,
            "criterion": criterion,
            "scale": dict(scale),
            "purpose": purpose,
            "method": method,
            "parameters": dict(parameters),
            "knots": told_knots(knots),
            "domain": {"low": rounded(low), "high": rounded(high), "subgroups": dict(subgroups)},
            "conformal": conformal,
            "fit": dict(fit),
            "judge": {
                "name": judge,
                "fingerprint": None if fingerprint is None else dict(fingerprint),
                "binding": None if binding is None else dict(binding),
            },
            "data_digest": data_digest,
            "library": VERSION,
        }
    )
