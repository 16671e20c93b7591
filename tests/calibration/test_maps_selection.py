"""Which map is chosen, why, and what is said of those that are not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from calibration_map_studies import TOLD_SCALE, UNNAMED, a_fit, a_sample, a_study
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.maps.artefact import opened
from judge_calibration.maps.error import cross_validated_error
from judge_calibration.maps.folds import fold_masks
from judge_calibration.maps.selection import CANDIDATES, METHODS, Tried, _choose, select


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=60), st.integers(2, 12), st.integers(0, 9))
def test_folds_keep_clusters_whole_and_hold_every_item_once(
    clusters: list[int], number: int, seed: int
) -> None:
    which = np.array(clusters)
    masks = fold_masks(which, number, np.random.default_rng(seed))
    assert np.array_equal(np.sum(masks, axis=0), np.ones(len(which)))
    assert len(masks) == min(number, len(set(clusters)))
    for mask in masks:
        assert mask.any()
        assert not set(which[mask]) & set(which[~mask])
    sizes = [len(set(which[mask])) for mask in masks]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_simplest_near_the_best_and_never_worse_than_the_judge(seed: int) -> None:
    rng = np.random.default_rng(seed)
    judge, ratings = a_study(("offset", "compressed", "step")[seed % 3], (60, 250)[seed % 2], rng)
    found = select(a_sample(judge, ratings), method="auto", folds=5, repeats=2, seed=seed)
    ran = [each for each in found.tried if each.error is not None]
    best = min(ran, key=lambda each: each.mse)
    assert found.chosen.mse <= ran[0].mse
    assert best.error is not None
    for simpler in ran[: ran.index(found.chosen)]:
        assert simpler.error is not None
        excess, error = simpler.error.excess_over(best.error)
        assert excess > max(error, 0.01 * best.mse)


def test_a_map_near_the_best_that_is_worse_than_the_judge_is_never_chosen() -> None:
    # Losses of 20 items: the judge's 1.1 each, a shift's 0 and 2.4 in turn, a line's 1 each. Only the shift is
    # within a standard error of the line, for it varies; and it is worse than the judge.
    sample = a_sample(np.zeros(20), np.zeros((20, 1)))
    losses = {"identity": np.full(20, 1.1), "shift": np.tile([0.0, 2.4], 10), "affine": np.ones(20)}
    tried = [
        Tried(each, cross_validated_error(np.sqrt(losses[each.name])[None], sample))
        for each in CANDIDATES
        if each.name in losses
    ]
    chosen, because = _choose(tried)
    assert chosen.candidate.name == "identity"
    assert "judge as it is" in because
    del tried[1]
    assert _choose(tried)[0].candidate.name == "affine"


@pytest.mark.parametrize(("n", "methods"), [(15, 1), (20, 2), (30, 3), (50, 5), (199, 5), (200, 6)])
def test_each_candidate_has_its_least_number_of_items(n: int, methods: int) -> None:
    judge, ratings = a_study("offset", n, np.random.default_rng(1))
    told = a_fit(judge, ratings, folds=3).summary()["candidates"]
    assert [each["method"] for each in told] == list(METHODS)
    assert sum("rmse" in each for each in told) == methods
    assert {each["reason"] for each in told[methods:]} <= {"n_below_min"}
    assert [each.min_n for each in CANDIDATES] == [0, 20, 30, 50, 50, 200]


def test_below_twenty_items_the_judge_stays_as_it_is_and_the_map_says_so() -> None:
    judge, ratings = a_study("offset", 19, np.random.default_rng(2))
    artefact = a_fit(judge, ratings).as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED)
    assert artefact["method"] == "identity"
    assert artefact["fit"]["chosen_because"] == "too few items for any other"
    assert opened(artefact).apply(3).score == 3


def test_a_method_that_is_asked_for_is_had_and_a_lack_of_items_told() -> None:
    judge, ratings = a_study("offset", 25, np.random.default_rng(3))
    few = a_fit(judge, ratings, method="isotonic").summary()
    assert few["method"] == "isotonic"
    assert few["chosen_because"] == "as asked, with 25 items where it should have 200"
    assert few["warnings"] == ["few_items"]
    assert [each["method"] for each in few["candidates"]] == ["identity", "isotonic"]
    enough = a_fit(judge, ratings, method="shift").summary()
    assert (enough["chosen_because"], enough["warnings"]) == ("as asked", [])
    with pytest.raises(NotEnough, match="one score"):
        a_fit(np.full(40, 3.0), np.full((40, 1), 2.0), method="affine")


@pytest.mark.parametrize(("method", "flags"), [("isotonic", ("few_items",)), ("shift", ()), ("auto", ())])
def test_every_score_says_that_its_map_was_forced_on_few_items(method: str, flags: tuple[str, ...]) -> None:
    judge, ratings = a_study("offset", 25, np.random.default_rng(3))
    fitted = a_fit(judge, ratings, method=method)
    one = opened(fitted.as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED))
    applied = one.apply(float(judge[0]))
    assert (applied.status, applied.flags) == ("calibrated", flags)
    assert applied.low is not None


def test_a_constant_judge_is_moved_and_the_rest_left_out_by_name() -> None:
    rng = np.random.default_rng(4)
    told = a_fit(np.full(60, 4.0), rng.integers(0, 4, (60, 2)).astype(np.float64)).summary()
    assert told["method"] == "shift"
    reasons = {each["method"]: each["reason"] for each in told["candidates"]}
    assert reasons["affine"] == reasons["ordinal_logit"] == reasons["shrunk_isotonic"] == "constant_input"


def test_physicians_who_all_say_the_same_are_no_reason_to_fail() -> None:
    judge, _ = a_study("offset", 60, np.random.default_rng(5))
    found = a_fit(judge, np.full((60, 3), 3.0))
    told = {each["method"]: each["reason"] for each in found.summary()["candidates"]}
    assert told["ordinal_logit"] == "single_category"
    assert found.fitted.predict(np.array([0.0, 5])) == pytest.approx([3, 3])


def test_a_continuous_scale_has_no_ordinal_candidate_and_no_sets() -> None:
    rng = np.random.default_rng(6)
    truth = rng.uniform(20, 80, 90)
    judge, ratings = truth + rng.normal(5, 5, 90), truth[:, None] + rng.normal(0, 8, (90, 2))
    found = a_fit(judge, np.clip(ratings, 0, 100), scale_values=None, high=100.0).summary()
    told = {each["method"]: each["reason"] for each in found["candidates"]}
    assert told["ordinal_logit"] == "not_for_this_scale"
    assert found["sets"] is None
    assert found["conformal"]["rounded"] is False


def test_the_same_order_gives_the_same_artefact_and_another_seed_other_folds() -> None:
    judge, ratings = a_study("step", 120, np.random.default_rng(7))

    def artefact(**options: Any) -> dict[str, Any]:
        return a_fit(judge, ratings, **options).as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED)

    assert json.dumps(artefact(seed=3)) == json.dumps(artefact(seed=3))
    assert artefact(seed=3)["fit"]["candidates"] != artefact(seed=4)["fit"]["candidates"]


def test_what_was_left_out_is_counted() -> None:
    judge, ratings = a_study("offset", 60, np.random.default_rng(8))
    judge[:4], ratings[2:9] = np.nan, np.nan
    found = a_fit(judge, ratings)
    told = found.as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED)["fit"]
    assert told["dropped"] == {"no_judge_score": 4, "no_ratings": 5}
    assert (told["n_items"], told["n_ratings"]) == (51, 153)
    assert found.rows.tolist() == list(range(9, 60))


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("method", {"method": "spline"}),
        ("alpha", {"alpha": 0.0}),
        ("alpha", {"alpha": 1.0}),
        ("folds", {"folds": 1}),
        ("repeats", {"repeats": 0}),
        ("by", {"by": "modality"}),
        ("subgroups", {"subgroups": {"modality": ["CT"]}}),
    ],
)
def test_an_option_out_of_its_range_is_named(option: str, given: dict[str, Any]) -> None:
    judge, ratings = a_study("offset", 40, np.random.default_rng(9))
    with pytest.raises(OptionRejected) as rejected:
        a_fit(judge, ratings, **given)
    assert rejected.value.option == option


def test_one_cluster_cannot_be_held_out() -> None:
    judge, ratings = a_study("offset", 40, np.random.default_rng(10))
    with pytest.raises(NotEnough, match="two clusters"):
        a_fit(judge, ratings, clusters=np.zeros(40, np.int64))


def test_four_items_are_no_study_and_five_are() -> None:
    judge, ratings = a_study("offset", 5, np.random.default_rng(11))
    with pytest.raises(NotEnough, match="5 items"):
        a_fit(judge[:4], ratings[:4])
    assert a_fit(judge, ratings).fitted.method == "identity"


def test_a_judge_without_fault_is_left_alone_or_hardly_touched() -> None:
    truth = np.random.default_rng(5).integers(0, 6, 300).astype(np.float64)
    one = a_fit(truth, np.column_stack([truth, truth, truth])).fitted
    assert one.predict(np.arange(6.0)) == pytest.approx(np.arange(6.0), abs=0.01)


def test_items_of_one_cluster_are_held_out_together() -> None:
    """Copies of an item would otherwise predict each other, and hardly an error would be left."""
    rng = np.random.default_rng(7)
    judge = np.repeat(np.arange(60) / 12, 6)
    ratings = np.repeat(np.clip(rng.normal(2.5, 1.5, 60), 0, 5), 6)[:, None]
    options: dict[str, Any] = {"scale_values": None, "method": "isotonic"}
    honest = a_fit(judge, ratings, clusters=np.repeat(np.arange(60), 6), **options)
    naive = a_fit(judge, ratings, **options)
    assert honest.selection.chosen.mse > 1.2 * naive.selection.chosen.mse
