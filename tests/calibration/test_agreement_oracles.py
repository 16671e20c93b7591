"""Coefficients of two raters against the libraries that have them right."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_strategies import POINTS, UNEQUAL, two
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score, matthews_corrcoef, recall_score
from statsmodels.stats.inter_rater import cohens_kappa

from judge_calibration.agreement.coefficients import Joint, disagreement, kappa
from judge_calibration.agreement.moments import rank_coefficients

SEEDS = range(4)


def raters(seed: int, scale: tuple[float, ...], n: int = 60) -> tuple[list[float], list[float]]:
    """Two raters of whom the second follows the first, both fond of the upper end."""
    rng = np.random.default_rng(seed)
    size = len(scale)
    first = np.minimum(rng.integers(0, size + 2, n), size - 1)
    second = np.clip(first + rng.integers(-1, 2, n), 0, size - 1)
    values = np.array(scale)
    return values[first].tolist(), values[second].tolist()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scale", [POINTS, UNEQUAL])
def test_correlations_are_those_of_scipy(seed: int, scale: tuple[float, ...]) -> None:
    x, y = raters(seed, scale)
    found = two(x, y, scale)
    ranked = rank_coefficients(np.array(x), np.array(y))
    assert found["pearson"] == pytest.approx(stats.pearsonr(x, y).statistic)
    assert found["spearman"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found["kendall_tau_b"] == pytest.approx(stats.kendalltau(x, y, variant="b").statistic)
    for name, value in ranked.items():
        assert value == pytest.approx(found[name])


@pytest.mark.parametrize("seed", SEEDS)
def test_kappas_are_those_of_sklearn_where_labels_are_declared_and_evenly_spaced(seed: int) -> None:
    x, y = (np.array(each, int) for each in raters(seed, POINTS))
    x, y = np.where(x == 1, 2, x), np.where(y == 1, 2, y)  # a value that nobody uses
    found = two(x.tolist(), y.tolist(), POINTS)
    for name, weights in (("unweighted", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = cohen_kappa_score(x, y, labels=list(range(6)), weights=weights)
        assert found[f"kappa_{name}"] == pytest.approx(expected)
    assert found["ccc"] == pytest.approx(found["kappa_quadratic"])  # with n-denominators they are one


@pytest.mark.parametrize("seed", SEEDS)
def test_kappas_of_tables_are_those_of_statsmodels(seed: int) -> None:
    table = np.random.default_rng(seed).integers(0, 20, (4, 4)).astype(np.float64)
    joint, values = Joint(table), np.arange(4.0)
    for name, weights in (("unweighted", None), ("linear", "linear"), ("quadratic", "quadratic")):
        found = float(kappa(joint, disagreement(values, name)))  # type: ignore[arg-type]  # one of the three
        assert found == pytest.approx(cohens_kappa(table, wt=weights).kappa)


def test_kappas_of_unequal_steps_are_those_of_statsmodels_with_weights_by_value() -> None:
    table = np.array([[20, 5, 1], [4, 10, 6], [2, 3, 30]], np.float64)
    costs = disagreement(np.array(UNEQUAL), "quadratic")
    oracle = cohens_kappa(table, weights=costs).kappa
    assert float(kappa(Joint(table), costs)) == pytest.approx(oracle)


@pytest.mark.parametrize("seed", SEEDS)
def test_binary_coefficients_are_those_of_sklearn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random(80) < 0.7).astype(int)
    said = np.where(rng.random(80) < 0.8, truth, 1 - truth)
    found = two(said.tolist(), truth.tolist(), (0, 1), "binary")
    assert found["f1_met"] == pytest.approx(f1_score(truth, said))
    assert found["f1_unmet"] == pytest.approx(f1_score(truth, said, pos_label=0))
    assert found["balanced_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert found["mcc"] == pytest.approx(matthews_corrcoef(truth, said))
    assert found["sensitivity"] == pytest.approx(recall_score(truth, said))
    assert found["specificity"] == pytest.approx(recall_score(truth, said, pos_label=0))
    assert found["kappa_unweighted"] == pytest.approx(cohen_kappa_score(truth, said))
