"""The alternative annotator test: by hand, against a plain loop, and where other code of it breaks."""

from __future__ import annotations

import math

import calibration_naive as naive
import calibration_naive_judges as naive_judges
import numpy as np
import pytest
from calibration_strategies import POINTS, Table, items, numbered, studies, tables, told
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.agreement.alternative_annotator import (
    AltTest,
    Duel,
    RhoFamily,
    Test,
    alternative_annotator_test,
    duel,
)

TESTS: tuple[Test, ...] = ("t", "wilcoxon", "sign_flip")
NAN = math.nan


def played(table: Table, *, nominal: bool = False) -> Duel:
    return duel(table.said, table.ratings, nominal=nominal)


def contest_of(table: Table, *, epsilon: float = 0.2, test: Test = "t", flip: bool = False) -> AltTest:
    return alternative_annotator_test(
        played(table), items(len(table.rows)), epsilon=epsilon, test=test, flip=flip
    )


def test_duels_by_hand() -> None:
    """Three physicians and a judge on four items; for physician 1 the others are physicians 2 and 3.

    1, 2, 3 | 2: judge at √((0+1)/2), physician 1 at √((1+4)/2): the judge wins.
    3, 3, 3 | 3: both at 0: a tie, which counts for both.
    4, 4, 5 | 1: judge at √((9+16)/2), physician 1 at √((0+1)/2): the physician wins.
    0, -, 2 | 2: one other: judge at 0, physician 1 at 2: the judge wins.
    """
    ratings = np.array([[1.0, 2.0, 3.0], [3.0, 3.0, 3.0], [4.0, 4.0, 5.0], [0.0, NAN, 2.0]])
    found = duel(np.array([2.0, 3.0, 1.0, 2.0]), ratings, nominal=False)
    assert found.judge_wins[:, 0].tolist() == [1, 1, 0, 1]
    assert found.human_wins[:, 0].tolist() == [0, 1, 1, 0]
    assert found.compared[3].tolist() == [True, False, True]
    rates = told(RhoFamily.of(found, np.array([True, False, False]), items(4)))
    assert rates == {"alt_test_rho": 0.75}


def test_closeness_on_a_nominal_scale_is_how_many_others_say_the_same() -> None:
    ratings = np.array([[0.0, 2.0, 2.0], [0.0, 1.0, 2.0]])
    found = duel(np.array([2.0, 1.0]), ratings, nominal=True)
    assert found.judge_wins[:, 0].tolist() == [1, 1]
    assert found.human_wins[:, 0].tolist() == [0, 0]
    assert found.judge_wins[:, 1].tolist() == [1, 1]  # judge and physician 2 meet half of the others each ...
    assert found.human_wins[:, 1].tolist() == [1, 1]  # ... and none each


def test_the_t_test_by_hand() -> None:
    """Thirty items: the judge wins 15, loses 6, ties 9. Mean of W_h - W_f = -0.3, s² = (21 - 2.7)/29.

    t = (-0.3 - 0.1)/√(s²/30) = -2.758 with 29 degrees of freedom; ρ = 24/30. Both physicians fall alike.
    """
    outcomes = np.repeat([[1, 0], [0, 1], [1, 1]], [15, 6, 9], axis=0).astype(np.float64)
    two = Duel(np.repeat(outcomes[:, :1], 2, axis=1), np.repeat(outcomes[:, 1:], 2, axis=1))
    found = alternative_annotator_test(two, items(30), epsilon=0.1)
    t = (-0.3 - 0.1) / math.sqrt((21 - 2.7) / 29 / 30)
    contest = found.contests[0]
    assert t == pytest.approx(-2.758, abs=5e-4)
    assert contest.p == pytest.approx(float(stats.t.cdf(t, 29)))
    assert contest.p_adjusted == pytest.approx(float(stats.t.cdf(t, 29)) * 1.5)  # both, times 1 + 1/2
    assert (contest.advantage, contest.mean_difference) == pytest.approx((0.8, -0.3))
    assert (found.omega, found.passes) == (1.0, True)


@settings(max_examples=50, deadline=None)
@given(tables(raters=3), st.booleans())
def test_duels_are_those_of_a_plain_loop(table: Table, nominal: bool) -> None:
    found = played(table, nominal=nominal)
    for j in range(3):
        here = found.compared[:, j]
        outcomes = zip(found.judge_wins[here, j] > 0, found.human_wins[here, j] > 0, strict=True)
        assert list(outcomes) == naive_judges.duels(table.judge, table.rows, j, nominal=nominal)
    rates = told(RhoFamily.of(found, np.ones(3, bool), items(len(table.rows))))
    if not nominal:
        assert naive.same(rates["alt_test_rho"], naive_judges.rho(table.judge, table.rows))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.2, 0.5])
def test_the_test_is_that_of_scipy_over_plain_duels(seed: int, epsilon: float) -> None:
    table = studies(70, seed=seed, raters=4, gaps=0.3)
    found = contest_of(table, epsilon=epsilon)
    p = []
    for j in range(4):
        d = [float(human) - float(judge) for judge, human in naive_judges.duels(table.judge, table.rows, j)]
        p.append(float(stats.ttest_1samp(d, epsilon, alternative="less").pvalue))
        assert found.contests[j].n_items == len(d) >= 30
    adjusted = stats.false_discovery_control(p, method="by")
    assert [contest.p for contest in found.contests] == pytest.approx(p)
    assert [contest.p_adjusted for contest in found.contests] == pytest.approx(adjusted.tolist())
    assert [contest.rejected for contest in found.contests] == (adjusted <= 0.05).tolist()
    assert found.omega == np.mean(adjusted <= 0.05)


@pytest.mark.parametrize("test", TESTS)
def test_omega_never_falls_as_more_loss_is_tolerated_and_turns_at_the_flip(test: Test) -> None:
    table = studies(60, seed=1)
    sweep = [contest_of(table, epsilon=step / 20, test=test).omega for step in range(13)]
    assert sweep == sorted(sweep, key=lambda omega: -1.0 if omega is None else omega)
    turns = contest_of(table, test=test, flip=True).flip_epsilon
    assert turns is not None
    assert 0 < turns < 1
    assert contest_of(table, epsilon=turns, test=test).passes
    assert not contest_of(table, epsilon=turns - 1e-3, test=test).passes


def test_a_judge_that_always_wins_passes_without_tolerance() -> None:
    table = Table([[0.0, 5.0, 2.0]] * 40, [2.0] * 40, POINTS)
    found = contest_of(table, epsilon=0.0, flip=True)
    # Physician 3 says what the judge says: a tie on every item, which at ε = 0 is no evidence.
    assert [contest.p for contest in found.contests] == [0.5**40, 0.5**40, 1.0]  # one of all changes of signs
    assert found.omega == pytest.approx(2 / 3)
    assert (found.passes, found.flip_epsilon) == (True, 0.0)


def test_a_judge_that_always_loses_passes_at_no_tolerance_below_one() -> None:
    table = Table([[0.0, 0.0, 1.0]] * 40, [5.0] * 40, POINTS)
    found = contest_of(table, epsilon=0.99, flip=True)
    assert (found.omega, found.passes, found.flip_epsilon) == (0.0, False, None)
    assert found.contests[0].p == 1.0


@pytest.mark.parametrize("judge", [0.1 + 0.2, 0.3])
def test_rounding_does_not_decide_a_duel(judge: float) -> None:
    """0.1 + 0.2 is not 0.3 in binary, but it is as close to 0.6."""
    found = duel(np.array([judge]), np.array([[0.3, 0.6]]), nominal=False)
    assert (found.judge_wins[0, 0], found.human_wins[0, 0]) == (1, 1)


@pytest.mark.parametrize("unit", [1.0, 1e5])
def test_rounding_does_not_decide_a_duel_on_a_wide_scale(unit: float) -> None:
    rng = np.random.default_rng(1)
    ratings = rng.uniform(0, 1, (200, 4)) * unit
    said = (
        ratings[:, 1:].mean(1) * 2 - ratings[:, 0]
    )  # as far beyond the others' mean as physician 1 is short
    found = duel(said, ratings, nominal=False)
    assert found.judge_wins[:, 0].all()
    assert found.human_wins[:, 0].all()


@pytest.mark.parametrize("test", TESTS)
def test_identical_scores_pass_at_any_tolerance_but_none(test: Test) -> None:
    """Every duel is a tie: there is nothing to divide by, and p is still a number."""
    table = Table([[step % 6.0] * 3 for step in range(60)], [step % 6.0 for step in range(60)], POINTS)
    assert contest_of(table, epsilon=0.1, test=test).omega == 1.0
    none = contest_of(table, epsilon=0.0, test=test, flip=True)
    assert (none.omega, none.contests[0].p, none.contests[0].advantage) == (0.0, 1.0, 1.0)
    assert none.flip_epsilon is not None
    assert none.flip_epsilon == pytest.approx(0, abs=1e-3)


def test_physicians_with_too_few_items_are_left_out_and_told_why() -> None:
    table = studies(60, seed=2, gaps=0.0)
    rows = [[row[0], row[1], row[2] if at < 29 else None, None] for at, row in enumerate(table.rows)]
    found = contest_of(Table(rows, table.judge, POINTS))
    assert [contest.n_items for contest in found.contests] == [60, 60, 29, 0]
    assert [contest.reason for contest in found.contests] == [
        None,
        None,
        "n_below_min: 29 of 30 items",
        "no_overlap",
    ]
    few, absent = found.contests[2:]
    assert (few.p, few.p_adjusted, few.rejected) == (None, None, None)
    assert few.advantage == naive.mean([float(w) for w, _ in naive_judges.duels(table.judge, rows, 2)])
    assert (absent.advantage, absent.mean_difference) == (None, None)
    assert found.omega in {0.0, 0.5, 1.0}  # of two


def test_a_study_in_which_everyone_has_too_few_items_has_no_verdict() -> None:
    found = contest_of(studies(29, seed=2, gaps=0.0), flip=True)
    assert (found.omega, found.passes, found.flip_epsilon) == (None, None, None)
    assert all(contest.advantage is not None for contest in found.contests)


def test_one_physician_has_nobody_to_be_close_to() -> None:
    found = contest_of(studies(50, seed=2, raters=1, gaps=0.0), flip=True)
    assert (found.omega, found.contests[0].n_items, found.contests[0].reason) == (None, 0, "no_overlap")


def test_a_study_without_physicians_has_no_contests() -> None:
    table = Table([[]] * 40, [1.0] * 40, POINTS)
    ratings = np.empty((40, 0))
    found = alternative_annotator_test(duel(table.said, ratings, nominal=False), items(40), epsilon=0.2)
    assert (found.omega, found.contests, found.flip_epsilon) == (None, (), None)


def test_a_judge_without_scores_is_not_compared() -> None:
    table = studies(40, seed=1)
    found = contest_of(Table(table.rows, [None] * 40, POINTS))
    assert found.omega is None
    assert {contest.n_items for contest in found.contests} == {0}


@pytest.mark.parametrize("test", ["wilcoxon", "sign_flip"])
def test_six_items_are_enough_for_the_other_tests(test: Test) -> None:
    found = contest_of(studies(12, seed=4, gaps=0.0), test=test)
    assert found.omega is not None
    assert found == contest_of(studies(12, seed=4, gaps=0.0), test=test)
    assert contest_of(studies(5, seed=4, gaps=0.0), test=test).omega is None


def test_wilcoxons_p_is_that_of_scipy() -> None:
    table = studies(40, seed=5, gaps=0.0)
    found = contest_of(table, epsilon=0.15, test="wilcoxon")
    for j, contest in enumerate(found.contests):
        d = [float(human) - float(judge) for judge, human in naive_judges.duels(table.judge, table.rows, j)]
        expected = stats.wilcoxon(
            np.array(d) - 0.15, alternative="less", zero_method="pratt", method="approx"
        )
        assert contest.p == pytest.approx(float(expected.pvalue))


def test_flipping_signs_enumerates_them() -> None:
    """Eight items: of 256 sign patterns those with a sum as low as the one seen."""
    table = studies(8, seed=6, gaps=0.0)
    found = contest_of(table, epsilon=0.3, test="sign_flip")
    patterns = np.array([[1 if at >> bit & 1 else -1 for bit in range(8)] for at in range(256)])
    for j, contest in enumerate(found.contests):
        shifted = np.array(
            [float(h) - float(w) - 0.3 for w, h in naive_judges.duels(table.judge, table.rows, j)]
        )
        assert contest.p == float(np.mean(patterns @ np.abs(shifted) <= shifted.sum() + 1e-9))


def test_items_of_one_question_are_one_observation() -> None:
    """Copies of an item add nothing: the p-value over questions is that of the items before copying."""
    table = studies(40, seed=7, gaps=0.0)
    copied = table.repeated([5] * 40)
    questions = numbered([at for at in range(40) for _ in range(5)])
    over = alternative_annotator_test(played(copied), questions, epsilon=0.2)
    single = contest_of(table)
    naively = alternative_annotator_test(played(copied), items(200), epsilon=0.2)
    for by_question, before, apart in zip(over.contests, single.contests, naively.contests, strict=True):
        assert by_question.p == pytest.approx(before.p)
        assert by_question.n_items == 5 * before.n_items
        assert apart.p is not None
        assert before.p is not None
        assert abs(apart.p - 0.5) > abs(before.p - 0.5)


@pytest.mark.parametrize(("test", "fewest"), [("t", 10), ("wilcoxon", 6), ("sign_flip", 6)])
def test_few_questions_prove_nothing_and_leave_the_physicians_out(test: Test, fewest: int) -> None:
    table = studies(60, seed=8, gaps=0.0)

    def over(questions: int) -> AltTest:
        units = numbered([at % questions for at in range(60)])
        return alternative_annotator_test(played(table), units, epsilon=0.9, test=test)

    for questions in (1, fewest - 1):
        found = over(questions)
        assert (found.omega, found.passes, found.flip_epsilon) == (None, None, None)
        assert {contest.p for contest in found.contests} == {None}
        reasons = {contest.reason for contest in found.contests}
        assert reasons == {f"n_below_min: {questions} of {fewest} clusters"}
    assert over(fewest).omega == 1.0


def test_a_physician_of_one_question_does_not_count_against_the_judge() -> None:
    table = studies(120, seed=8, raters=3, gaps=0.0)
    rows = [[row[0], row[1], row[2] if at < 40 else None] for at, row in enumerate(table.rows)]
    questions = numbered([0] * 40 + list(range(1, 81)))
    found = alternative_annotator_test(played(Table(rows, table.judge, POINTS)), questions, epsilon=0.9)
    assert [contest.reason for contest in found.contests] == [None, None, "n_below_min: 1 of 10 clusters"]
    assert found.omega == 1.0


@pytest.mark.parametrize("test", ["t", "wilcoxon"])
def test_a_sweep_tells_what_the_test_at_each_epsilon_tells(test: Test) -> None:
    table = studies(70, seed=3, raters=4, gaps=0.3)
    found = alternative_annotator_test(
        played(table), items(70), epsilon=0.2, test=test, flip=False, sweep=(0.0, 0.1, 0.3)
    )
    assert found.sweep == tuple(
        (epsilon, contest_of(table, epsilon=epsilon, test=test).omega) for epsilon in (0.0, 0.1, 0.3)
    )
    few = studies(5, seed=3, gaps=0.0)
    assert alternative_annotator_test(played(few), items(5), epsilon=0.2, sweep=(0.1,)).sweep == ()


def test_rho_averages_over_physicians_and_not_over_duels() -> None:
    """One physician with two items, both won, weighs as much as one with four, one won."""
    wins = np.array([[1.0, 1.0], [1.0, 0.0], [NAN, 0.0], [NAN, 0.0]])
    found = told(RhoFamily.of(Duel(wins, 1 - wins), np.ones(2, bool), items(4)))
    assert found["alt_test_rho"] == (1 + 0.25) / 2
    none = told(RhoFamily.of(Duel(wins, 1 - wins), np.zeros(2, bool), items(4)))
    assert math.isnan(none["alt_test_rho"])


@pytest.mark.parametrize("width", [1.0, 1e-3, 1e-6, 1e6])
def test_the_unit_of_a_scale_decides_nothing(width: float) -> None:
    rng = np.random.default_rng(3)
    ratings = rng.random((60, 3))
    judge = ratings.mean(1) + rng.normal(scale=0.3, size=60)
    plain, scaled = (duel(judge * by, ratings * by, nominal=False) for by in (1.0, width))
    assert np.array_equal(plain.judge_wins, scaled.judge_wins)
    assert np.array_equal(plain.human_wins, scaled.human_wins)
