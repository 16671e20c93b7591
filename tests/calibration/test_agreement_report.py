"""Through the front door: figures of the report are on the items, and of the raters, that they say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import calibration_naive as naive
import numpy as np
import pytest
from calibration_strategies import POINTS, Table, alphas, gwets, iccs, studies

import judge_calibration
from judge_calibration.agreement import ties
from judge_calibration.reporting import families


def criterion(table: Table, **options: object) -> dict[str, Any]:
    ratings = [
        {"item": str(i), "criterion": "q", "rater": f"R{j}", "score": value}
        for i, row in enumerate(table.rows)
        for j, value in enumerate(row)
        if value is not None
    ]
    judged = [
        {"item": str(i), "criterion": "q", "judge": "J", "score": said}
        for i, said in enumerate(table.judge)
        if said is not None
    ]
    document = {"scales": {"q": list(table.scale)}, "ratings": ratings, "judge_scores": judged}
    found = judge_calibration.report(judge_calibration.study_from(document), {"resamples": 0, **options})
    told: dict[str, Any] = found["criteria"]["q"]
    return told


def test_reliability_is_that_of_all_raters_and_not_a_mean_over_pairs() -> None:
    table = studies(60, seed=1, raters=4, gaps=0.3)
    told = criterion(table)["raters"]["statistics"]
    expected = alphas(table.ratings, np.array(POINTS)) | iccs(table.ratings)
    expected |= {"gwet_ac2": gwets(table.ratings, np.array(POINTS), quadratic=True)}
    assert {name: told[name]["estimate"] for name in expected} == pytest.approx(expected, abs=1e-9)
    pairs = [
        naive.kappa(naive.both(*(naive.column(table.rows, j) for j in pair)), POINTS, 2) for pair in PAIRS
    ]
    assert told["kappa_quadratic"]["estimate"] == pytest.approx(naive.mean(pairs), abs=1e-9)


PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


def test_f_intervals_hold_their_estimates_and_speak_for_other_raters() -> None:
    told = criterion(studies(60, seed=1, raters=4, gaps=0.5))["raters"]["statistics"]
    for name in ("icc_1", "icc_a1", "icc_c1", "icc_1k", "icc_ak", "icc_ck"):
        interval = told[name]["ci"]
        assert interval["low"] < told[name]["estimate"] < interval["high"]
        assert interval["generalises_to"] == "other_raters"
        here = told[name]["details"]["these_raters"]
        assert here["low"] < told[name]["estimate"] < here["high"]


def test_deviations_from_a_mode_are_on_the_items_that_have_one() -> None:
    table = studies(60, seed=1, raters=4, gaps=0.0)
    counts = [Counter(row).most_common(2) for row in table.rows]
    known = sum(len(most) == 1 or most[0][1] > most[1][1] for most in counts)
    told = criterion(table, consensus="mode")["judges"]["J"]["statistics"]
    assert known < 60
    assert {told[name]["n_items"] for name in ("bias", "mae", "within_1", "loa_low")} == {known}
    assert told["kappa_quadratic"]["n_items"] == 60
    everywhere = criterion(table)["judges"]["J"]["statistics"]
    assert everywhere["bias"]["n_items"] == 60


def test_the_ceiling_is_on_the_items_that_the_judge_scored_too() -> None:
    """Thirty items were rated twice, but the judge scored the others."""
    table = studies(60, seed=1, raters=2, gaps=0.0)
    rows = [[row[0], row[1] if at < 30 else None] for at, row in enumerate(table.rows)]
    judge = [None if at < 30 else said for at, said in enumerate(table.judge)]
    told = criterion(Table(rows, judge, POINTS))["judges"]["J"]["ceiling"]
    faced = [row for row in told if row["statistic"].startswith("loo_")]
    assert len(faced) == 4
    for row in faced:
        for who in ("judge", "human", "difference"):
            assert (row[who]["estimate"], row[who]["reason"], row[who]["n_items"]) == (None, "no_overlap", 0)


@pytest.mark.parametrize("scale", [POINTS, (0.0, 1.0)])
def test_judge_and_physicians_are_beside_each_other_on_the_same_items(scale: tuple[float, ...]) -> None:
    """Twenty items the judge did not score, twenty had one physician: neither figure may come from those."""
    table = studies(80, seed=3, raters=3, gaps=0.0)
    rows: list[list[float | None]] = [[min(value or 0, scale[-1]) for value in row] for row in table.rows]
    said: list[float | None] = [min(each or 0, scale[-1]) for each in table.judge]
    shared = criterion(Table(rows[40:], said[40:], scale))
    agreed: list[list[float | None]] = [[row[0]] * 3 for row in rows[:20]]
    alone: list[list[float | None]] = [[row[0], None, None] for row in rows[20:40]]
    unscored: list[float | None] = [None] * 20
    mixed = criterion(Table(agreed + alone + rows[40:], unscored + said[20:], scale))
    assert len(mixed["judges"]["J"]["ceiling"]) == len(shared["judges"]["J"]["ceiling"]) > 2
    for told, expected in zip(mixed["judges"]["J"]["ceiling"], shared["judges"]["J"]["ceiling"], strict=True):
        for who in ("judge", "human", "difference"):
            assert told[who]["estimate"] == pytest.approx(expected[who]["estimate"]), told["statistic"]
            assert told[who]["n_items"] == 40
            interval, other = told[who]["ci"], expected[who]["ci"]
            assert (interval["low"], interval["high"]) == pytest.approx(
                (other["low"], other["high"]), abs=1e-3
            )
    everywhere = mixed["raters"]["statistics"]["agreement"]
    assert everywhere["n_items"] == 60
    assert everywhere["estimate"] > shared["raters"]["statistics"]["agreement"]["estimate"]


def test_the_noise_ceiling_is_the_root_of_the_reliability_and_of_its_interval() -> None:
    told = criterion(studies(60, seed=1, raters=4, gaps=0.3))["raters"]["statistics"]
    ceiling, reliability = told["noise_ceiling"], told["icc_ck"]
    assert ceiling["estimate"] == pytest.approx(reliability["estimate"] ** 0.5)
    for limit in ("low", "high"):
        assert ceiling["ci"][limit] == pytest.approx(reliability["ci"][limit] ** 0.5)
    assert "details" not in ceiling  # an interval of the ICC itself would stand there as that of its root


@pytest.mark.parametrize("count", [4, 24])
def test_physicians_who_contradict_each_other_set_no_noise_ceiling_and_that_is_the_reason(count: int) -> None:
    rows: list[list[float | None]] = [[at % 6 * 1.0, 5.0 - at % 6] for at in range(count)]
    rows[0] = [0.0, 4.0]
    told = criterion(Table(rows, [at % 6 * 1.0 for at in range(count)], POINTS))
    ceiling = told["raters"]["statistics"]["noise_ceiling"]
    assert told["raters"]["statistics"]["icc_ck"]["estimate"] < 0
    assert (ceiling["estimate"], ceiling["status"], ceiling["reason"]) == (
        None,
        "undefined",
        "not_identified",
    )
    assert told["judges"]["J"]["statistics"]["validity_corrected"]["reason"] == "not_identified"


def test_exact_contradiction_leaves_no_mean_to_be_reliable() -> None:
    """Every item has the same mean: the mixture of mean squares behind the interval is nothing."""
    rows: list[list[float | None]] = [[at % 6 * 1.0, 5.0 - at % 6] for at in range(24)]
    told = criterion(Table(rows, [1.0] * 24, POINTS))["raters"]["statistics"]
    for name in ("icc_ck", "icc_ak", "noise_ceiling"):
        assert (told[name]["estimate"], told[name]["reason"]) == (None, "not_identified")
    assert told["icc_c1"]["estimate"] == -1


def test_the_share_of_physicians_outdone_says_why_it_has_no_interval() -> None:
    omega = criterion(studies(60, seed=1, raters=3, gaps=0.0))["judges"]["J"]["statistics"]["alt_test_omega"]
    assert (omega["status"], omega["ci"]) == ("ok", None)
    assert any(note.startswith("no interval: ") for note in omega["notes"])


@pytest.mark.parametrize("constant", ["judge", "consensus"])
def test_who_says_one_thing_only_has_no_calibrated_ties(constant: str) -> None:
    table = studies(40, seed=1, raters=3, gaps=0.0)
    still: list[list[float | None]] = [[3.0] * 3 for _ in table.rows]
    rows = still if constant == "consensus" else table.rows
    told = criterion(Table(rows, [3.0] * 40 if constant == "judge" else table.judge, POINTS))
    ties_ = told["judges"]["J"]["statistics"]["tie_calibrated_accuracy"]
    assert (ties_["estimate"], ties_["reason"]) == (None, "constant_input")


def test_a_binary_scale_has_no_ties_to_calibrate() -> None:
    table = studies(40, seed=1, raters=3, gaps=0.0)
    rows: list[list[float | None]] = [[float((value or 0) > 2) for value in row] for row in table.rows]
    said: list[float | None] = [float((each or 0) > 2) for each in table.judge]
    found = clustered(Table(rows, said, (0.0, 1.0)), more=0, of=1, scale={"kind": "binary"})
    ties_ = found["judges"]["J"]["statistics"]["tie_calibrated_accuracy"]
    assert (ties_["estimate"], ties_["reason"]) == (None, "not_for_this_scale")


@pytest.mark.parametrize(("count", "status"), [(29, "insufficient"), (30, "ok")])
def test_figures_without_an_interval_are_told_to_be_of_few_items(count: int, status: str) -> None:
    told = criterion(studies(count, seed=1, raters=3, gaps=0.0))["judges"]["J"]["statistics"]
    for name in ("tie_calibrated_accuracy", "validity_corrected"):
        assert told[name]["estimate"] is not None
        assert (told[name]["status"], told[name]["n_items"]) == (status, count)
        assert told[name]["reason"] == ("n_below_min" if status == "insufficient" else None)
        assert any(note.startswith("no interval: ") for note in told[name]["notes"]), name


def test_tables_that_are_not_built_are_too_large_and_not_of_another_scale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(families, "MOST_CELLS", 40 * 3 * 36 - 1)
    monkeypatch.setattr(ties, "MOST_DISTINCT", 3)
    told = criterion(studies(40, seed=1, raters=3, gaps=0.0))
    judge, raters = told["judges"]["J"]["statistics"], told["raters"]["statistics"]
    for name in ("kappa_quadratic", "agreement", "spearman"):
        assert (judge[name]["reason"], raters[name]["reason"]) == ("too_large", "too_large"), name
    assert judge["tie_calibrated_accuracy"]["reason"] == "too_large"
    assert raters["alpha_ordinal"]["reason"] is None
    assert judge["within_1"]["reason"] is None


def test_physicians_who_share_no_item_have_no_overlap() -> None:
    rows: list[list[float | None]] = [[1.0, None] if at % 2 else [None, 2.0] for at in range(20)]
    told = criterion(Table(rows, [1.0] * 20, POINTS))["raters"]["statistics"]
    assert {told[name]["reason"] for name in ("kappa_quadratic", "agreement", "alpha_ordinal")} == {
        "no_overlap"
    }


def test_clusters_that_were_not_rated_lend_an_interval_no_freedom() -> None:
    """Forty rated items in twenty clusters, alone and among forty clusters that only the judge scored."""
    few = clustered(studies(40, seed=4, raters=3, gaps=0.0), more=0)
    many = clustered(studies(40, seed=4, raters=3, gaps=0.0), more=80)
    for alone, among in (
        (few["judges"]["J"]["statistics"], many["judges"]["J"]["statistics"]),
        (few["raters"]["statistics"], many["raters"]["statistics"]),
    ):
        for name in ("kappa_quadratic", "agreement", "alpha_ordinal"):
            one, other = alone[name]["ci"], among[name]["ci"]
            assert (other["low"], other["high"]) == pytest.approx((one["low"], one["high"]), abs=1e-3), name
    one, other = (each["judges"]["J"]["statistics"]["within_1"]["ci"] for each in (few, many))
    assert (other["low"], other["high"]) == pytest.approx((one["low"], one["high"]), abs=1e-3)


def clustered(table: Table, *, more: int, of: int = 2, scale: object = None) -> dict[str, Any]:
    """The criterion of a study in which `of` neighbours share a cluster, with `more` items that nobody rated."""
    count = len(table.rows) + more
    document = {
        "scales": {"q": scale or list(table.scale)},
        "items": [{"item": f"{at:03d}", "cluster": f"c{at // of}"} for at in range(count)],
        "ratings": [
            {"item": f"{at:03d}", "criterion": "q", "rater": f"R{j}", "score": value}
            for at, row in enumerate(table.rows)
            for j, value in enumerate(row)
        ],
        "judge_scores": [
            {"item": f"{at:03d}", "criterion": "q", "judge": "J", "score": score}
            for at, score in enumerate([*table.judge, *([1.0] * more)])
        ],
    }
    told: dict[str, Any] = judge_calibration.report(judge_calibration.study_from(document), {"resamples": 0})
    return dict(told["criteria"]["q"])


def test_copies_of_items_in_clusters_make_no_reliability_certain() -> None:
    """Fifteen items ten times each: F would take 150 independent items; over clusters it stays as with fifteen."""
    table = studies(15, seed=4, raters=3, gaps=0.0)
    alone = criterion(table)["raters"]["statistics"]
    copied = clustered(table.repeated([10] * 15), more=0, of=10)["raters"]["statistics"]
    for name in ("icc_1", "icc_a1", "icc_c1", "icc_1k", "icc_ak", "icc_ck"):
        found, once = copied[name]["ci"], alone[name]["details"]["these_raters"]
        assert found["generalises_to"] == "these_raters"
        assert found["high"] - found["low"] > 0.8 * (once["high"] - once["low"]), name
        assert any("no F interval" in note for note in copied[name]["notes"])
    ceiling, reliability = copied["noise_ceiling"], copied["icc_ck"]
    assert ceiling["ci"]["generalises_to"] == "these_raters"
    for limit in ("low", "high"):
        assert ceiling["ci"][limit] == pytest.approx(max(0.0, reliability["ci"][limit]) ** 0.5)
    assert len(ceiling["notes"]) == 1


@pytest.mark.parametrize("resamples", [0, 100])
def test_a_judge_with_one_error_has_a_report(resamples: int) -> None:
    """Without it the error is 0 and agreement 1: no limit is infinite, none is the whole scale."""
    table = studies(40, seed=2, raters=3, gaps=0.0)
    rows: list[list[float | None]] = [[row[0]] * 3 for row in table.rows]
    judge = [row[0] for row in rows]
    judge[7] = 0.0 if judge[7] else 1.0
    told = criterion(Table(rows, judge, POINTS), resamples=resamples)["judges"]["J"]["statistics"]
    for name in ("mae", "rmse", "agreement", "kappa_quadratic", "pearson", "alt_test_rho"):
        interval = told[name]["ci"]
        assert 0 < interval["high"] - interval["low"] < (1.5 if name == "rmse" else 0.9), (
            name
        )  # of 3 points once
