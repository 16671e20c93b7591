"""The means of several models: what is told beside them, intervals that cover, differences, ranks, errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from calibration_inference import ceiling_skewed, least_hits

from judge_calibration.errors import OptionRejected
from judge_calibration.inference.model_means import MeansEstimate, estimate_means


def _three_models(
    seed: int = 0, questions: int = 300, labelled: int = 60
) -> tuple[list[str], Any, Any, list[str]]:
    """Models a, b, c with means 3.0, 3.0 and 3.6 answer the same questions, which differ in difficulty."""
    generator = np.random.default_rng(seed)
    hard = generator.normal(0, 0.8, (questions, 1))
    truth = np.array([3.0, 3.0, 3.6]) + hard + generator.normal(0, 0.4, (questions, 3))
    judge = 0.8 * truth + 1 + generator.normal(0, 0.4, (questions, 3))
    label = np.where(np.arange(questions)[:, None] < labelled, truth, np.nan)
    names = [f"q{at}" for at in range(questions) for _ in range(3)]
    return ["a", "b", "c"] * questions, judge.ravel(), label.ravel(), names


def _estimate(**options: Any) -> MeansEstimate:
    models, judge, label, questions = _three_models()
    clusters = questions if options.pop("clustered", True) else None
    return estimate_means(models, judge, label, clusters=clusters, draws=4000, **options)


def test_intervals_cover_and_the_judge_alone_does_not() -> None:
    generator = np.random.default_rng(20)
    truth = ceiling_skewed(generator, 1_000_000)[0].mean()
    for n, runs, coverage in ((20, 400, 0.935), (100, 200, 0.945)):
        hits, widths = np.zeros(3), np.zeros(3)
        for _ in range(runs):
            label, judge = ceiling_skewed(generator, n + 3000)
            label[n:] = np.nan
            model = estimate_means(["m"] * len(label), judge, label).models[0]
            for at, told in enumerate((model.mean, model.labels_only, model.judge_only)):
                assert told.ci is not None
                hits[at] += told.ci.low <= truth <= told.ci.high
                widths[at] += told.ci.high - told.ci.low
        assert hits[0] >= least_hits(runs, coverage)
        assert hits[1] >= least_hits(runs, coverage)
        assert hits[2] == 0  # it is 0.9 points too kind, and sure of it
        assert widths[0] < 0.9 * widths[1]


def test_what_the_judge_is_worth_follows_from_its_correlation() -> None:
    generator = np.random.default_rng(2)
    truth = generator.normal(0, 1, 20_000)
    judge = 0.7 * truth + np.sqrt(0.51) * generator.normal(0, 1, 20_000)
    label = np.where(np.arange(20_000) < 400, truth, np.nan)
    worth = estimate_means(["m"] * 20_000, judge, label).models[0].worth
    rho, ratio = float(str(worth.details["correlation"])), 400 / 19_600
    assert worth.estimate == pytest.approx(1 / (1 - rho**2 / (1 + ratio)), rel=0.02)
    assert worth.details["effective_labels"] == pytest.approx(400 * (worth.estimate or 0))
    assert 1.7 < (worth.estimate or 0) < 2.3


def test_below_twenty_labels_the_estimate_stays_and_the_interval_goes() -> None:
    generator = np.random.default_rng(4)
    label, judge = ceiling_skewed(generator, 500)
    label[19:] = np.nan
    model = estimate_means(["m"] * 500, judge, label).models[0]
    assert model.lam == 1.0
    assert model.mean.estimate is not None
    assert (model.mean.ci, model.mean.status, model.mean.reason) == (None, "insufficient", "n_below_min")
    assert model.worth.status == "insufficient"
    assert model.worth.notes[0].startswith("no interval: ")


@pytest.mark.parametrize(("labels", "reason"), [(0, "no_ratings"), (1, "n_below_min")])
def test_a_model_without_labels_has_only_what_the_judge_says(labels: int, reason: str) -> None:
    models, judge, label, _ = _three_models()
    mine = np.flatnonzero(np.array(models) == "b")
    label[mine[labels:]] = np.nan
    found = estimate_means(models, judge, label)
    told = found.models[1]
    assert (told.mean.estimate, told.mean.status, told.mean.reason) == (None, "undefined", reason)
    assert told.judge_only.estimate is not None
    assert told.rank is None
    assert [(each.first, each.second) for each in found.differences] == [("a", "c")]


def test_labels_that_are_all_the_same_have_a_mean_and_no_interval() -> None:
    label = np.where(np.arange(100) < 30, 5.0, np.nan)
    told = estimate_means(["m"] * 100, np.full(100, 4.0), label).models[0]
    assert told.mean.estimate == 5.0
    assert (told.mean.ci, told.mean.reason) == (None, "constant_input")
    assert (told.worth.estimate, told.worth.reason) == (None, "constant_input")


def test_an_answer_that_the_judge_refused_still_counts() -> None:
    generator = np.random.default_rng(5)
    label, judge = ceiling_skewed(generator, 2000)
    refused = (label < 2.5) & (generator.random(2000) < 0.7)  # the judge balks at bad answers
    seen = np.where(np.arange(2000) < 500, label, np.nan)
    told = estimate_means(["m"] * 2000, np.where(refused, np.nan, judge), seen).models[0]
    assert told.n_without_score == refused.sum()
    assert told.mean.ci is not None
    assert told.mean.ci.low <= label.mean() <= told.mean.ci.high
    assert "took the mean score" in told.mean.notes[0]


def test_a_judge_that_scored_nothing_leaves_the_labels() -> None:
    label = np.where(np.arange(100) < 30, np.arange(100) % 5, np.nan)
    told = estimate_means(["m"] * 100, np.full(100, np.nan), label).models[0]
    assert (told.judge_only.estimate, told.judge_only.reason) == (None, "no_ratings")
    assert told.mean.estimate == pytest.approx(told.labels_only.estimate)


def test_shared_questions_make_differences_precise() -> None:
    paired, apart = _estimate().differences[1], _estimate(clustered=False).differences[1]
    assert paired.difference.ci is not None
    assert apart.difference.ci is not None
    assert paired.difference.estimate == pytest.approx(apart.difference.estimate)
    widths = [ci.high - ci.low for ci in (paired.difference.ci, apart.difference.ci)]
    assert widths[0] < 0.8 * widths[1]


def test_models_with_different_questions_can_be_compared() -> None:
    models, judge, label, questions = _three_models()
    keep = [at for at in range(len(models)) if not (models[at] == "c" and at > 500)]
    found = estimate_means(
        [models[at] for at in keep], judge[keep], label[keep], clusters=[questions[at] for at in keep]
    )
    assert len(found.differences) == 3


def test_the_better_model_ranks_first_and_equals_share_their_places() -> None:
    ranks = [model.rank for model in _estimate().models]
    assert [rank.as_json() for rank in ranks if rank][2] == {"by_estimate": 1, "best": 1, "worst": 1}
    assert [(rank.best, rank.worst) for rank in ranks[:2] if rank] == [(2, 3), (2, 3)]


def test_max_t_is_wider_than_one_interval_and_no_wider_than_bonferroni() -> None:
    for one, other in zip(
        _estimate().differences, _estimate(simultaneous="bonferroni").differences, strict=True
    ):
        assert one.difference.ci is not None
        assert one.simultaneous is not None
        assert other.simultaneous is not None
        assert one.simultaneous.low < one.difference.ci.low
        assert one.simultaneous.low >= other.simultaneous.low
        assert (one.simultaneous.method, other.simultaneous.method) == ("max_t", "bonferroni")
        assert (one.p_adjusted or 0) >= (one.p or 0)


def test_simultaneous_intervals_hold_together() -> None:
    runs, hits = 150, 0
    for seed in range(runs):
        models, judge, label, questions = _three_models(seed, questions=150, labelled=40)
        found = estimate_means(models, judge, label, clusters=questions, draws=1000)
        hits += all(
            each.simultaneous is not None and each.simultaneous.low <= truth <= each.simultaneous.high
            for each, truth in zip(found.differences, (0.0, -0.6, -0.6), strict=True)
        )
    assert hits >= least_hits(runs, 0.945)


def test_few_clusters_withhold_intervals_and_tests() -> None:
    models, judge, label, _ = _three_models(labelled=60)
    found = estimate_means(models, judge, label, clusters=[str(at % 9) for at in range(len(models))])
    told = found.models[0]
    assert (told.mean.ci, told.mean.reason) == (None, "n_below_min")
    for each in found.differences:
        assert (each.difference.reason, each.difference.ci, each.simultaneous) == ("n_below_min", None, None)
        assert (each.p, each.p_adjusted) == (None, None)


def test_the_same_seed_gives_the_same_bytes_and_the_order_of_rows_does_not_matter() -> None:
    models, judge, label, questions = _three_models()
    order = np.random.default_rng(9).permutation(len(models))
    first = json.dumps(_estimate(seed=3).as_json(), allow_nan=False)
    assert first == json.dumps(_estimate(seed=3).as_json(), allow_nan=False)
    moved = estimate_means(
        [models[at] for at in order],
        judge[order],
        label[order],
        clusters=[questions[at] for at in order],
        draws=4000,
        seed=3,
    )
    assert json.loads(first) == moved.as_json()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("clusters", ["q"]),
        ("strata", ["s"]),
        ("level", 1.0),
        ("simultaneous", "tukey"),
        ("probabilities", np.zeros(900)),
        ("probabilities", np.full(900, 1.5)),
    ],
)
def test_an_option_out_of_range_is_refused_by_name(option: str, value: object) -> None:
    models, judge, label, _ = _three_models()
    with pytest.raises(OptionRejected) as caught:
        estimate_means(models, judge, label, **{option: value})  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.option == option


def test_strata_and_probabilities_together_are_refused() -> None:
    models, judge, label, _ = _three_models()
    with pytest.raises(OptionRejected, match="already say how labels were taken"):
        estimate_means(models, judge, label, strata=models, probabilities=np.full(900, 0.2))


def test_the_design_is_told() -> None:
    models, judge, label, questions = _three_models()
    found = estimate_means(models, judge, label, strata=[name[-1] for name in questions], clusters=questions)
    assert found.design == "stratified_clustered"
    active = estimate_means(models, judge, label, probabilities=np.full(900, 0.2))
    assert active.design == "active"


def test_models_without_any_spread_have_a_difference_and_no_interval() -> None:
    label = np.where(np.arange(120) % 60 < 30, np.repeat([5.0, 4.0], 60), np.nan)
    found = estimate_means(["a"] * 60 + ["b"] * 60, np.full(120, 4.0), label)
    told = found.differences[0]
    assert told.difference.estimate == pytest.approx(1.0)
    assert (told.difference.ci, told.simultaneous, told.p, told.p_adjusted) == (None, None, None, None)
    assert [model.rank.as_json() for model in found.models if model.rank] == [
        {"by_estimate": 1, "best": 1, "worst": 2},
        {"by_estimate": 2, "best": 1, "worst": 2},
    ]


def test_a_single_answer_has_what_the_judge_says_of_it() -> None:
    told = estimate_means(["m"], np.array([3.0]), np.array([2.0])).models[0]
    assert (told.judge_only.estimate, told.judge_only.ci) == (3.0, None)
    assert (told.mean.estimate, told.mean.reason) == (None, "n_below_min")


def test_more_than_a_hundred_models_are_refused() -> None:
    names = [f"m{at}" for at in range(101)]
    with pytest.raises(OptionRejected, match="100 is the most"):
        estimate_means(names, np.ones(101), np.ones(101))


def test_an_infinite_score_is_refused() -> None:
    with pytest.raises(OptionRejected, match="infinite"):
        estimate_means(["m"], np.array([np.inf]), np.array([1.0]))
