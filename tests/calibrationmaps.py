"""Calibration maps for tests, and a shelf of them that can break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builders import a_stored_rubric

from judge_calibration.maps.artefact import CalibrationMap, opened, sealed
from judge_service.errors import MapNotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.rubric_store import StoredRubric

BINDING = {"judge": "default", "rubric": "plain", "mode": "text"}


def a_fingerprint(stored: StoredRubric | None = None, **fields: Any) -> dict[str, Any]:
    """Of the default judge of `test_scorer` under `a_rubric`."""
    stored = stored or a_stored_rubric()
    return {
        "rubric_digest": stored.digest,
        "prompt_digest": stored.prompt_digest,
        "judge_kind": "openai",
        "model": "judge-7b",
        "mode": "text",
        "sampling": {"temperature": 0.0, "max_tokens": 2048},
    } | fields


def an_artefact(criterion: str = "score", **fields: Any) -> dict[str, Any]:
    """Takes a tenth off; fitted from 40 to 100, on CT and MR; ± 5 points with nine in ten."""
    top = 100.0 if criterion == "score" else 5.0
    content: dict[str, Any] = {
        "kind": "judge-calibration-map",
        "format": 1,
        "criterion": criterion,
        "scale": {"kind": "interval", "low": 0, "high": top, "values": None},
        "method": "affine",
        "knots": [[0.0, 0.0], [top, 0.9 * top]],
        "domain": {"low": 0.4 * top, "high": top, "subgroups": {"modality": ["CT", "MR"]}},
        "conformal": {"alpha": 0.1, "by": None, "quantiles": {"": 0.05 * top}, "rounded": False},
        "judge": {"name": "default", "fingerprint": a_fingerprint(), "binding": BINDING},
        "fit": {"n_items": 60},
    }
    judge = content["judge"] | fields.pop("judge", {})
    return sealed(content | {"judge": judge} | fields)


def a_map(criterion: str = "score", **fields: Any) -> CalibrationMap:
    return opened(an_artefact(criterion, **fields))


class Shelf:
    """Maps in force and on demand; a broken one knows nothing of any."""

    def __init__(self, *active: CalibrationMap, kept: Mapping[str, CalibrationMap] | None = None) -> None:
        self.maps = active
        self.known = {one.id: one for one in active} | dict(kept or {})
        self.broken = False
        self.looks: list[tuple[str, str, str]] = []

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        self.looks.append((judge, rubric, mode))
        if self.broken:
            raise StoreError("away")
        return self.maps

    async def find(self, map_id: str) -> CalibrationMap:
        if self.broken:
            raise StoreError("away")
        if map_id not in self.known:
            raise MapNotFound("unknown")
        return self.known[map_id]
