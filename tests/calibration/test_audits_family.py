"""The audit of family preference: planted favours are found, hard families are not mistaken for them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from judge_calibration.audits.family import FamilyAudit, family_audit

FAMILIES = ("alpha", "beta", "gamma")


def _study(seed: int, *, favour: float = 0.0, family_bias: float = 0.0, n: int = 240) -> FamilyAudit:
    """Judge 0 is of alpha, judge 1 of beta, judge 2 of none. All overrate alpha by `family_bias`."""
    generator = np.random.default_rng(seed)
    family = np.arange(n) % 3
    quality = generator.normal(3, 1, n)
    consensus = quality + generator.normal(0, 0.5, n)
    judges = quality[:, None] + generator.normal(0, 0.6, (n, 3)) + family_bias * (family == 0)[:, None]
    judges[:, 0] += favour * (family == 0)
    return family_audit(
        judges,
        consensus,
        [FAMILIES[code] for code in family],
        ["alpha", "beta", None],
        clusters=np.arange(n) // 3,
    )


def test_a_planted_favour_is_found_against_physicians_and_against_other_judges() -> None:
    audit = _study(1, favour=0.6)
    first, second, third = audit.judges
    assert first.preference.estimate == pytest.approx(0.6, abs=0.3)
    assert first.against_others.estimate == pytest.approx(0.6, abs=0.3)
    assert first.against_others.q is not None
    assert first.against_others.q < 0.01
    assert second.preference.p is not None
    assert second.preference.p > 0.01
    assert third.preference.statistic.reason == "no_overlap"
    assert third.against_others.estimate is None


def test_a_family_that_all_judges_overrate_is_no_self_preference_in_the_difference_in_differences() -> None:
    audit = _study(2, family_bias=0.6)
    first = audit.judges[0]
    assert first.preference.p is not None
    assert first.preference.p < 0.01
    assert first.against_others.estimate == pytest.approx(0, abs=0.25)
    assert first.against_others.p is not None
    assert first.against_others.p > 0.05


def test_false_alarms_stay_near_five_in_a_hundred() -> None:
    found = [_study(seed).judges[0] for seed in range(80)]
    for effects in ([one.preference for one in found], [one.against_others for one in found]):
        assert np.mean([effect.p is not None and effect.p < 0.05 for effect in effects]) <= 0.1


def test_cells_are_plain_means_on_the_rows_that_every_judge_scored() -> None:
    generator = np.random.default_rng(3)
    judges, consensus = generator.normal(3, 1, (120, 2)), generator.normal(3, 1, 120)
    families: list[str | None] = ["a", "b"] * 60
    judges[:10, 0], consensus[10], families[11] = np.nan, np.nan, None
    audit = family_audit(judges, consensus, families, ["a", "c"], clusters=np.arange(120))
    assert (audit.n_rows, audit.n_left_out) == (108, 12)
    rows = np.arange(12, 120)
    cell = next(cell for cell in audit.cells if cell.judge == 1 and cell.family == "b")
    expected = (judges[:, 1] - consensus)[rows[rows % 2 == 1]].mean()
    assert cell.effect.estimate == pytest.approx(float(expected))
    assert [cell.is_own for cell in audit.cells] == [True, False, False, False]
    assert audit.judges[1].preference.statistic.notes == ("no answer is of the judge's family",)


def test_a_judge_without_any_score_does_not_empty_the_table() -> None:
    judges = np.column_stack([np.arange(60.0), np.full(60, np.nan)])
    audit = family_audit(judges, np.zeros(60), ["a", "b"] * 30, ["a", "b"], clusters=np.arange(60))
    assert audit.n_rows == 60
    assert audit.judges[0].preference.estimate == pytest.approx(-1)
    assert audit.judges[0].against_others.statistic.reason == "single_rater"
    assert audit.judges[1].preference.statistic.reason == "no_ratings"
    json.dumps(audit.as_json(), allow_nan=False)


def test_judges_of_one_family_do_not_stand_in_for_each_other() -> None:
    generator = np.random.default_rng(4)
    judges = generator.normal(3, 1, (60, 2))
    audit = family_audit(judges, np.zeros(60), ["a", "b"] * 30, ["a", "a"], clusters=np.arange(60))
    assert [judge.against_others.statistic.reason for judge in audit.judges] == ["single_rater"] * 2
