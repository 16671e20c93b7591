"""Several answers of one judge to one question, read together: the level that came most often, and all shares."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from judge_service.domain.verdict import Scored, Unscored
from judge_service.scoring.distribution import of_samples
from judge_service.scoring.reading import Reading, distributed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.rubric import Criterion


def together(criteria: Sequence[Criterion], readings: Sequence[Reading]) -> Reading:
    """One reading of several. One alone stays what it is."""
    if len(readings) == 1:
        return readings[0]
    verdicts = {c.id: _verdict(c, [reading.verdicts[c.id] for reading in readings]) for c in criteria}
    fault = next((reading.fault for reading in readings if reading.fault is not None), None)
    return Reading(verdicts, fault, is_whole=all(reading.keeps for reading in readings))


def _verdict(criterion: Criterion, said: Sequence[Scored | Unscored]) -> Scored | Unscored:
    """The verdict whose level came most often, of equally many the lower; unscored unless most are scored.

    Its reason is that of the first answer with this level.
    """
    scored = [verdict for verdict in said if isinstance(verdict, Scored)]
    unscored = [verdict for verdict in said if isinstance(verdict, Unscored)]
    if 2 * len(scored) <= len(said):
        counts = Counter(verdict.outcome for verdict in unscored)
        most = max(counts.values())
        first = next(verdict for verdict in unscored if counts[verdict.outcome] == most)
        return first.model_copy(
            update={"reason": f"{counts[first.outcome]} of {len(said)} answers: {first.reason}"}
        )
    levels = [verdict.level for verdict in scored]
    labels = criterion.scale.labels
    chosen = min(labels, key=lambda label: (-levels.count(label), labels.index(label)))
    verdict = next(verdict for verdict in scored if verdict.level == chosen)
    flags = (*verdict.flags, "samples_unscored") if unscored else verdict.flags
    bare = verdict.model_copy(update={"flags": flags, **_NO_TOKENS})
    return distributed(criterion, bare, of_samples(levels, len(said), labels))


# Of several answers each may tell its own tokens; the shares of the answers are what was asked for.
_NO_TOKENS = dict.fromkeys(
    ("distribution", "expected", "distribution_from", "distribution_mass", "distribution_withheld")
)
