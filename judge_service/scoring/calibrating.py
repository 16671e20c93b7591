"""From a raw score to what physicians would have said, by the maps of the instrument that answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from judge_service.domain.score import Calibrated, CalibratedCriterion, Interval
from judge_service.domain.verdict import Scored
from judge_service.errors import StaleMap, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import Applied, CalibrationMap
    from judge_service.domain.score import Provenance
    from judge_service.domain.verdict import Unscored

TOTAL = "score"  # the criterion under which a map of the weighted total goes
Fingerprint = dict[str, object]
UNAVAILABLE = "calibration_unavailable"


class Maps(Protocol):
    """Where maps come from."""

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        """The maps in force for a judge's name under a rubric's id, at most one a criterion; `StoreError`."""
        ...

    async def find(self, map_id: str) -> CalibrationMap:
        """The map of that id; `MapNotFound`, `StoreError`."""
        ...


class NoMaps:
    """Nothing is calibrated: for scorers that stand without a store."""

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:  # noqa: ARG002  the protocol's
        """None."""
        return ()

    async def find(self, map_id: str) -> CalibrationMap:
        """Never."""
        raise StoreError(f"no store of calibration maps is open, so {map_id!r} cannot be looked up")


@dataclass(frozen=True, slots=True)
class Instrument:
    """What answered, in the two forms in which a map may name it: the model that answered, and the asked."""

    answered: Fingerprint
    asked: Fingerprint

    @classmethod
    def of(cls, provenance: Provenance, asked_model: str | None) -> Instrument:
        """From an answer's provenance."""
        shared: Fingerprint = {
            "rubric_digest": provenance.rubric_digest,
            "prompt_digest": provenance.prompt_digest,
            "judge_kind": provenance.judge_kind,
            "mode": provenance.mode,
            "sampling": provenance.sampling,
        }
        return cls(shared | {"model": provenance.model}, shared | {"model": asked_model})

    def fits(self, one: CalibrationMap) -> bool:
        """Whether the map is of this instrument."""
        return one.matches(self.answered) or one.matches(self.asked)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an answer says of calibration."""

    calibrated: Calibrated = field(default_factory=Calibrated)
    interval: Interval | None = None


def demand(one: CalibrationMap, instrument: Instrument) -> None:
    """Raise `StaleMap` unless the map is of this instrument."""
    if not instrument.fits(one):
        raise StaleMap(
            f"map {one.id!r} was fitted for another rubric text, prompt, judge, mode or sampling than this "
            "answer's; fit a new one, or ask with calibration: auto"
        )


def calibrate(
    maps: tuple[CalibrationMap, ...],
    instrument: Instrument,
    score: float | None,
    verdicts: Mapping[str, Scored | Unscored],
    subgroups: Mapping[str, str],
) -> Calibration:
    """Apply every map that there is. What is stale or outside its domain gets a status and no number."""
    by_criterion = {one.criterion: one for one in maps}
    criteria = {
        name: _criterion(one, instrument, verdict, subgroups)
        for name, one in by_criterion.items()
        if isinstance(verdict := verdicts.get(name), Scored) and type(verdict.level) is int
    }
    total = by_criterion.get(TOTAL)
    if total is None or score is None:
        return Calibration(Calibrated(criteria=criteria))
    if not instrument.fits(total):
        return Calibration(Calibrated(map=total.id, status="stale", criteria=criteria))
    applied = total.apply(score, subgroups)
    told = Calibrated(
        score=_number(applied), map=total.id, status=applied.status, flags=applied.flags, criteria=criteria
    )
    return Calibration(told, _interval(applied))


def _criterion(
    one: CalibrationMap, instrument: Instrument, verdict: Scored, subgroups: Mapping[str, str]
) -> CalibratedCriterion:
    if not instrument.fits(one):
        return CalibratedCriterion(map=one.id, status="stale")
    applied = one.apply(float(verdict.level), subgroups)
    if applied.status != "calibrated":
        return CalibratedCriterion(map=one.id, status=applied.status, flags=applied.flags)
    return CalibratedCriterion(
        value=_number(applied),
        low=applied.low,
        high=applied.high,
        level=applied.level,
        map=one.id,
        status=applied.status,
        flags=applied.flags,
    )


def _number(applied: Applied) -> float | None:
    return round(applied.score, 9) if applied.status == "calibrated" else None


def _interval(applied: Applied) -> Interval | None:
    if applied.status != "calibrated" or applied.low is None or applied.high is None or applied.level is None:
        return None
    low, high = round(applied.low, 9), round(applied.high, 9)
    return Interval(low=low, high=high, level=round(applied.level, 9), source="conformal")
