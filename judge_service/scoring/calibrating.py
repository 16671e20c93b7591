"""From a raw score to what physicians would have said, by the maps of the instrument that answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from judge_service.domain.score import Calibrated, CalibratedCriterion, Interval
from judge_service.domain.verdict import Scored
from judge_service.errors import MapNotFound, StaleMap, StoreError
from judge_service.scoring.instrument import Instrument, unnamed
from judge_service.scoring.judgement import GUARDED
from judge_service.scoring.pooling import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import Applied, CalibrationMap
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.rubric import Rubric
    from judge_service.domain.score import Provenance
    from judge_service.domain.verdict import Unscored
    from judge_service.scoring.aggregate import Total
    from judge_service.scoring.answering import Configured
    from judge_service.scoring.judgement import Judgement

TOTAL = "score"  # the criterion under which a map of the weighted total goes
UNAVAILABLE = "calibration_unavailable"
NO_NUMBER = "no_number"
_LOOK_UP_S = 0.05  # for the maps in force, when the judge has used up the time
_DIGITS = 9


class Maps(Protocol):
    """Where maps come from."""

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        """The maps in force for a judge's name under a rubric's id, at most one a criterion.

        `StoreError`; `MapNotFound` when one of them is lost.
        """
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
class Calibration:
    """What an answer says of calibration."""

    calibrated: Calibrated = field(default_factory=Calibrated)
    interval: Interval | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A case that was judged: what answered, and what it said."""

    rubric: Rubric
    judge: Configured
    judgement: Judgement
    provenance: Provenance
    verdicts: Mapping[str, Scored | Unscored]
    total: Total

    @property
    def has_numbers(self) -> bool:
        """Whether a judge said any number; what the guard says is no judge's score."""
        verdicts = self.judgement.verdicts.values()
        return GUARDED not in self.judgement.flags and any(
            isinstance(verdict, Scored) and verdict.value is not None for verdict in verdicts
        )


class Calibrator:
    """Finds the maps that a request is to be answered with, and applies them."""

    def __init__(self, maps: Maps) -> None:
        self._maps = maps

    async def demanded(
        self, map_id: str, rubric: Rubric, judge: Configured, expected: Provenance
    ) -> CalibrationMap:
        """The map that a request names; one that the settings show to be stale costs no judge."""
        found = await self._maps.find(map_id)
        demand(found, Instrument.expected(expected, judge, found), rubric)
        return found

    async def calibrate(
        self, request: ScoreRequest, answer: Answered, demanded: CalibrationMap | None, deadline: float
    ) -> Calibration:
        """Calibrate an answer; without its store a score is not calibrated, and says so."""
        if request.calibration == "none":
            return Calibration()
        if not answer.has_numbers:
            return Calibration() if demanded is None else _without_number(demanded)
        instrument = Instrument.of(answer.provenance, answer.judge, answer.judgement)
        if demanded is not None:
            demand(demanded, instrument, answer.rubric)
            maps: tuple[CalibrationMap, ...] = (demanded,)
        else:
            try:
                maps = await self._in_force(answer, deadline)
            except MapNotFound:
                return _unavailable("map_lost")
            except StoreError:
                return _unavailable("store_failed")
            except TimeoutError:
                return _unavailable("no_time_left")
        return calibrate(maps, instrument, answer.total, answer.verdicts, request.case.subgroups)

    async def _in_force(self, answer: Answered, deadline: float) -> tuple[CalibrationMap, ...]:
        ends = max(deadline, asyncio.get_running_loop().time() + _LOOK_UP_S)
        async with asyncio.timeout_at(ends):
            return await self._maps.active(answer.judge.name, answer.rubric.id, answer.provenance.mode)


def demand(one: CalibrationMap, instrument: Instrument, rubric: Rubric) -> None:
    """Raise `StaleMap` unless the map is of this instrument and of something that the rubric scores."""
    if open_parts := unnamed(one):
        raise StaleMap(
            f"map {one.id!r} does not name the {' and '.join(open_parts)} that it was fitted for; fit a new one "
            "with 'bind'"
        )
    if not instrument.fits(one):
        raise StaleMap(
            f"map {one.id!r} was fitted for another rubric text, prompt, judge, mode or sampling than this "
            "answer's; fit a new one, or ask with calibration: auto"
        )
    if one.purpose != "predict":
        raise StaleMap(
            f"map {one.id!r} puts one judge's scores on another's scale; it says nothing of physicians"
        )
    if one.criterion not in {TOTAL, *(criterion.id for criterion in rubric.criteria)}:
        raise StaleMap(f"map {one.id!r} is of the criterion {one.criterion!r}, which {rubric.ref!r} has not")


def _unavailable(reason: str) -> Calibration:
    """Nobody knows which maps are in force, or one of them cannot be had."""
    return Calibration(Calibrated(flags=(reason,)), flags=(UNAVAILABLE,))


def _without_number(one: CalibrationMap) -> Calibration:
    """What a demanded map makes of an answer that has no number: none, and it is told of."""
    if one.criterion == TOTAL:
        return Calibration(_no_total(one, NO_NUMBER))
    return Calibration(Calibrated(criteria={one.criterion: _no_level(one)}))


def calibrate(
    maps: tuple[CalibrationMap, ...],
    instrument: Instrument,
    total: Total,
    verdicts: Mapping[str, Scored | Unscored],
    subgroups: Mapping[str, str],
) -> Calibration:
    """Apply every map that there is. What is stale or outside its domain gets a status and no number."""
    by_criterion = {one.criterion: one for one in maps}
    criteria = {
        name: _criterion(one, instrument, verdicts.get(name), subgroups)
        for name, one in by_criterion.items()
        if name != TOTAL
    }
    of_total = by_criterion.get(TOTAL)
    told, interval = (
        (Calibrated(), None) if of_total is None else _total(of_total, instrument, total, verdicts, subgroups)
    )
    return Calibration(told.model_copy(update={"criteria": criteria}), interval)


def _total(
    one: CalibrationMap,
    instrument: Instrument,
    total: Total,
    verdicts: Mapping[str, Scored | Unscored],
    subgroups: Mapping[str, str],
) -> tuple[Calibrated, Interval | None]:
    if not instrument.fits(one):
        return Calibrated(map=one.id, status="stale"), None
    if total.score is None:
        return _no_total(one, NO_NUMBER), None
    if total.left_out:  # a total over fewer criteria than the map's is another quantity
        return _no_total(one, "partial_total"), None
    if any(_is_incomplete(verdict) for verdict in verdicts.values()):
        return _no_total(one, INCOMPLETE), None
    applied = one.apply(total.score, subgroups)
    told = Calibrated(
        score=_number(applied, applied.score), map=one.id, status=applied.status, flags=applied.flags
    )
    return told, _interval(applied)


def _no_total(one: CalibrationMap, flag: str) -> Calibrated:
    return Calibrated(map=one.id, status="out_of_domain", flags=(flag,))


def _criterion(
    one: CalibrationMap,
    instrument: Instrument,
    verdict: Scored | Unscored | None,
    subgroups: Mapping[str, str],
) -> CalibratedCriterion:
    if not instrument.fits(one):
        return CalibratedCriterion(map=one.id, status="stale")
    if not isinstance(verdict, Scored) or type(verdict.level) is not int:
        return _no_level(one)
    if _is_incomplete(verdict):
        return _no_level(one, INCOMPLETE)
    applied = one.apply(float(verdict.level), subgroups)
    return CalibratedCriterion(
        value=_number(applied, applied.score),
        low=_number(applied, applied.low),
        high=_number(applied, applied.high),
        level=_number(applied, applied.level),
        map=one.id,
        status=applied.status,
        flags=applied.flags,
    )


def _no_level(one: CalibrationMap, flag: str = NO_NUMBER) -> CalibratedCriterion:
    return CalibratedCriterion(map=one.id, status="out_of_domain", flags=(flag,))


def _is_incomplete(verdict: Scored | Unscored) -> bool:
    """Whether a panel came to it without one of its members: the map is of all of them."""
    return isinstance(verdict, Scored) and INCOMPLETE in verdict.flags


def _number(applied: Applied, value: float | None) -> float | None:
    return round(value, _DIGITS) if applied.status == "calibrated" and value is not None else None


def _interval(applied: Applied) -> Interval | None:
    low, high, level = (_number(applied, each) for each in (applied.low, applied.high, applied.level))
    if low is None or high is None or level is None:
        return None
    return Interval(low=low, high=high, level=level, source="conformal")
