"""What of a case can be judged, and in which of the two modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_service.domain.verdict import Scored, Unscored
from judge_service.errors import UnfitCase

if TYPE_CHECKING:
    from judge_service.domain.case import Case
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.rubric import Criterion, Mode
    from judge_service.rubric_store import StoredRubric
    from judge_service.scoring.answering import Configured


def mode_of(request: ScoreRequest, stored: StoredRubric, judge: Configured) -> Mode:
    """Choose between the two instruments; what was asked for by name is never exchanged for the other."""
    rubric, case = stored.rubric, request.case
    mode = request.mode
    if mode == "auto":
        looks = "image" in rubric.modes and judge.spec.images
        blind = case.has("images") and not case.has("visual_description")
        mode = "image" if "text" not in rubric.modes or (looks and blind) else "text"
    if mode not in rubric.modes:
        raise UnfitCase(f"rubric {rubric.ref!r} has no mode {mode!r} (it has: {', '.join(rubric.modes)})")
    if mode == "image" and not judge.spec.images:
        raise UnfitCase(f"judge {judge.name!r} cannot be shown images; choose another, or mode 'text'")
    return mode


def by_readiness(
    stored: StoredRubric, case: Case, mode: Mode
) -> tuple[tuple[Criterion, ...], dict[str, Scored | Unscored]]:
    """Tell the criteria that can be judged from those that lack an input."""
    ready, lacking = [], {}
    for criterion in stored.rubric.criteria:
        missing = [name for name in criterion.needs[mode] if not case.has(name)]
        if missing:
            reason = f"the case has no {' and no '.join(missing)}"
            lacking[criterion.id] = Unscored(outcome="missing_input", weight=criterion.weight, reason=reason)
        else:
            ready.append(criterion)
    return tuple(ready), dict[str, Scored | Unscored](lacking)
