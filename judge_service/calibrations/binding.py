"""Where a map is in force: a judge's name, a rubric, a mode; and which instrument stands there now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from judge_service.calibrations.rubric_scales import scale_of
from judge_service.errors import MapRejected, OptionRejected
from judge_service.scoring.calibrating import TOTAL
from judge_service.scoring.instrument import unnamed

if TYPE_CHECKING:
    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study
    from judge_service.domain.rubric import Mode, Rubric
    from judge_service.scoring.scorer import Scorer

_PARTS = ("judge", "rubric", "mode")
_TOP = 100.0  # of a total


def place_of(one: CalibrationMap) -> tuple[str, str, Mode] | None:
    """Judge, rubric and mode for which a map may be in force; None for a map that is bound to nothing."""
    binding = one.content["judge"].get("binding")
    if not isinstance(binding, Mapping):
        return None
    judge, rubric, mode = (binding.get(part) for part in _PARTS)
    if not isinstance(judge, str) or not isinstance(rubric, str) or mode not in {"text", "image"}:
        return None
    return judge, rubric, "image" if mode == "image" else "text"


def bound(scorer: Scorer, bind: object, carried: Mapping[str, object] | None) -> dict[str, Any]:
    """Binding and fingerprint of a judge as it is configured now, unless the study's rows carry one."""
    if not isinstance(bind, Mapping) or set(bind) - set(_PARTS) or not {"judge", "rubric"} <= set(bind):
        raise _rejected("is an object of judge, rubric and mode")
    if not all(isinstance(value, str) for value in bind.values()):
        raise _rejected("has texts for judge, rubric and mode")
    judge, stored = scorer.judge(bind["judge"]), scorer.rubrics.get(bind["rubric"])
    mode = bind.get("mode", stored.rubric.modes[0])
    if mode not in stored.rubric.modes:
        raise _rejected(f"rubric {stored.rubric.ref!r} has no mode {mode!r}")
    return {
        "fingerprint": dict(carried or scorer.fingerprint(stored.rubric.ref, judge.name, mode)),
        "binding": {"judge": judge.name, "rubric": stored.rubric.id, "mode": mode},
    }


def implied(scorer: Scorer, judge: str, study: Study) -> dict[str, Any]:
    """The binding that rows of our own answers imply: their judge, and the rubric of their digest."""
    carried = study.fingerprints.get(judge)
    if carried is None or judge not in scorer.judges:
        return {}
    for stored in scorer.rubrics.all():
        if stored.digest == carried.get("rubric_digest"):
            place = {"judge": judge, "rubric": stored.rubric.id, "mode": str(carried.get("mode"))}
            return {"binding": place}
    return {}


def _rejected(detail: str) -> OptionRejected:
    return OptionRejected(f"option 'bind': {detail}", (("/bind", detail),))


def check_usable(scorer: Scorer, one: CalibrationMap) -> None:
    """Raise `MapRejected` for a map that no score could ever be calibrated by."""
    place = place_of(one)
    if place is None:
        raise MapRejected(
            "the map is bound to no judge, rubric and mode, so no score can call for it; fit it with 'bind'"
        )
    if one.purpose != "predict":
        raise MapRejected("the map puts one judge's scores on another's scale; it says nothing of physicians")
    if open_parts := unnamed(one):
        raise MapRejected(
            f"the map does not name the {' and '.join(open_parts)} of its instrument, so it fits no score; fit it "
            "with 'bind'"
        )
    reasons = [_misfit(one, rubric) for rubric in _versions(scorer, place[1])]
    if reasons and None not in reasons:
        raise MapRejected(f"the map does not fit rubric {place[1]!r}: {reasons[-1]}")


def _versions(scorer: Scorer, rubric_id: str) -> list[Rubric]:
    """Every version of a rubric; none where it is another installation's."""
    return [stored.rubric for stored in scorer.rubrics.all() if stored.rubric.id == rubric_id]


def _misfit(one: CalibrationMap, rubric: Rubric) -> str | None:
    scale = one.content["scale"]
    ends = (scale["low"], scale["high"])
    if one.criterion == TOTAL:
        return None if ends == (0, _TOP) else "totals are from 0 to 100"
    for criterion in rubric.criteria:
        if criterion.id == one.criterion:
            labels = scale_of(criterion).points
            if labels is None:
                return f"the levels of {criterion.id!r} are no points"
            return (
                None
                if ends == labels
                else f"the levels of {criterion.id!r} are from {labels[0]} to {labels[1]}"
            )
    return f"it has no criterion {one.criterion!r}"


def fits(scorer: Scorer, one: CalibrationMap) -> bool | None:
    """Whether a map is of the instrument that is configured where it is bound; None when nothing is there."""
    place = place_of(one)
    if place is None:
        return None
    judge, rubric_id, mode = place
    versions = _versions(scorer, rubric_id)
    if judge not in scorer.judges or not versions:
        return None
    return any(scorer.may_fit(one, rubric.ref, judge, mode) for rubric in versions)
