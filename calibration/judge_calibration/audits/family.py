"""Does a judge favour answers of its own model family? Every judge on the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.difference import group_difference, mean_difference
from judge_calibration.audits.effects import Effect, FdrMethod, no_effect, with_q_values
from judge_calibration.audits.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray

_FDR: FdrMethod = "bh"


@dataclass(frozen=True, slots=True)
class FamilyCell:
    """One judge's mean difference from the physicians on answers of one family."""

    judge: int
    family: str
    is_own: bool
    effect: Effect

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "judge": self.judge,
            "family": self.family,
            "is_own": self.is_own,
            "effect": self.effect.as_json(),
        }


@dataclass(frozen=True, slots=True)
class SelfPreference:
    """How much one judge favours its own family: against the physicians, and against the other judges."""

    judge: int
    own: str | None
    preference: Effect
    against_others: Effect

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "judge": self.judge,
            "own": self.own,
            "preference": self.preference.as_json(),
            "against_others": self.against_others.as_json(),
        }


@dataclass(frozen=True, slots=True)
class FamilyAudit:
    """The table judge x family, and each judge's preference. All on the `n_rows` that every judge scored."""

    families: tuple[str, ...]
    cells: tuple[FamilyCell, ...]
    judges: tuple[SelfPreference, ...]
    n_rows: int
    n_left_out: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "families": list(self.families),
            "cells": [cell.as_json() for cell in self.cells],
            "judges": [judge.as_json() for judge in self.judges],
            "n_rows": self.n_rows,
            "n_left_out": self.n_left_out,
            "fdr": _FDR,
        }


def family_audit(
    judges: FloatArray,
    consensus: FloatArray,
    families: Sequence[str | None],
    own: Sequence[str | None],
    *,
    clusters: IntArray,
    level: float = 0.95,
) -> FamilyAudit:
    """Audit of preference. `judges` (n, J); `families` of the n answers' models, `own` of the J judges.

    Rows count that have a known family, a consensus and a score of every judge; a judge without any score is
    set aside. q-values are over the judges' preferences. Spiliopoulou et al. 2025.
    """
    labels = Labels.of(families)
    scoring = (~np.isnan(judges)).any(0)
    rows = labels.known & ~np.isnan(consensus) & ~np.isnan(judges[:, scoring]).any(1)
    shown = np.where(rows[:, None], judges, np.nan)
    cells = [
        FamilyCell(
            j,
            name,
            name == own[j],
            mean_difference(
                np.where(labels.members(name), shown[:, j] - consensus, np.nan),
                clusters,
                name="family_mean_difference",
                level=level,
            ),
        )
        for j in range(judges.shape[1])
        for name in labels.names
    ]
    found = [_preference(j, shown, consensus, labels, own, clusters, level) for j in range(judges.shape[1])]
    plain = with_q_values([one.preference for one in found], _FDR)
    others = with_q_values([one.against_others for one in found], _FDR)
    told = tuple(
        replace(one, preference=first, against_others=second)
        for one, first, second in zip(found, plain, others, strict=True)
    )
    return FamilyAudit(labels.names, tuple(cells), told, int(rows.sum()), int((~rows).sum()))


def _preference(
    j: int,
    judges: FloatArray,
    consensus: FloatArray,
    labels: Labels,
    own: Sequence[str | None],
    clusters: IntArray,
    level: float,
) -> SelfPreference:
    if own[j] is None or own[j] not in labels.names:
        reason = "the judge's family is not known" if own[j] is None else "no answer is of the judge's family"
        return SelfPreference(
            j,
            own[j],
            no_effect("self_preference", "no_overlap", reason),
            no_effect("self_preference_did", "no_overlap", reason),
        )
    member = labels.members(str(own[j]))
    plain = group_difference(judges[:, j] - consensus, member, clusters, name="self_preference", level=level)
    return SelfPreference(
        j, own[j], plain, _against_others(judges, j, _others(judges, j, own), member, clusters, level)
    )


def _others(judges: FloatArray, j: int, own: Sequence[str | None]) -> list[int]:
    """Judges with scores that are not of the same family."""
    return [
        k
        for k in range(judges.shape[1])
        if k != j and own[k] != own[j] and bool((~np.isnan(judges[:, k])).any())
    ]


def _against_others(
    judges: FloatArray, j: int, others: list[int], member: BoolArray, clusters: IntArray, level: float
) -> Effect:
    if not others:
        return no_effect("self_preference_did", "single_rater", "needs a judge of another family")
    gap = judges[:, j] - judges[:, others].mean(1)
    return group_difference(gap, member, clusters, name="self_preference_did", level=level)
