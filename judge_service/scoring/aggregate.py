"""From verdicts to one number, or to the reason why there is none. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Literal, get_args

from judge_service.domain.verdict import Outcome, Scored, Unscored, UnscoredOutcome, Withheld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.rubric import ScoreFrom

Partial = Literal["forbid", "renormalise"]
_WITHHELD: dict[Withheld | None, str] = {
    None: "neither tokens nor several answers were asked for",
    "tokens_not_told": "the server told no tokens, or in a form that is not known",
    "level_not_located": "the level could not be found among the tokens",
    "mass_unseen": "too much of the probability is on no level, or was not seen",
    "mass_impossible": "the probabilities that the server told are together more than one",
}
_PRECEDENCE: tuple[str, ...] = get_args(UnscoredOutcome)


@dataclass(frozen=True, slots=True)
class Total:
    """The number told to the caller; None comes with an outcome and a reason."""

    score: float | None
    outcome: Outcome
    reason: str | None = None
    left_out: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def weighted_mean(
    verdicts: Mapping[str, Scored | Unscored],
    *,
    partial: Partial = "forbid",
    score_from: ScoreFrom = "level",
) -> Total:
    """Σ w·v / Σ w over the criteria, with v on 0-100 (Med-CMR, arXiv 2512.00818).

    One criterion that is not scored makes the total null, unless `partial` renormalises the weights over
    those that are; with none scored there is no total either way. From expected values, a verdict without one
    counts as not scored: its level never takes the place of it.
    """
    if score_from == "expected":
        verdicts = {key: _with_expected(verdict) for key, verdict in verdicts.items()}
    scored = {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, Scored)}
    unscored = {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, Unscored)}
    if unscored and (partial == "forbid" or not scored):
        key = min(unscored, key=lambda key: _PRECEDENCE.index(unscored[key].outcome))
        return Total(None, unscored[key].outcome, f"{key}: {unscored[key].reason}")
    left_out = tuple(unscored)
    flags = ("partial",) if left_out else ()
    pairs = [
        (verdict.weight, value)
        for verdict in scored.values()
        if (value := verdict.expected if score_from == "expected" else verdict.value) is not None
    ]
    if len(pairs) < len(scored):
        return Total(None, "scored", None, left_out, (*flags, "no_numeric_scale"))
    mean = fsum(weight * value for weight, value in pairs) / fsum(weight for weight, _ in pairs)
    # A mean cannot leave the range of its terms; floating point can, by a last digit, and is rounded back.
    return Total(round(mean, 9), "scored", None, left_out, flags)


def _with_expected(verdict: Scored | Unscored) -> Scored | Unscored:
    if isinstance(verdict, Unscored) or verdict.expected is not None:
        return verdict
    why = _WITHHELD[verdict.distribution_withheld]
    return Unscored(outcome="no_distribution", weight=verdict.weight, reason=f"no expected level: {why}")
