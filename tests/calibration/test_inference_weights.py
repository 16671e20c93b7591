"""What judges weigh in a panel: less error, more weight; too little to go by is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from studies import a_document, a_nominal_document

from judge_calibration import study_from
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.inference.weights import error_weights
from judge_calibration.operations import run

NAN = float("nan")


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_weights_are_the_textbooks_and_sum_to_one(seed: int, judges: int) -> None:
    rng = np.random.default_rng(seed)
    consensus = rng.normal(3, 1, 40)
    judged = consensus[:, None] + rng.normal(0, rng.uniform(0.1, 2, judges), (40, judges))
    names = [f"j{at}" for at in range(judges)]
    found = error_weights(judged, consensus, names)
    naive = [1 / np.mean([(judged[i, j] - consensus[i]) ** 2 for i in range(40)]) for j in range(judges)]
    assert [found[name].estimate for name in names] == pytest.approx([each / sum(naive) for each in naive])
    order = names[::-1]
    again = error_weights(judged[:, ::-1], consensus, order)
    assert [again[name].estimate for name in names] == pytest.approx([found[name].estimate for name in names])


def test_only_items_that_all_have_in_common_count() -> None:
    consensus = np.zeros(12)
    judged = np.full((12, 2), [1.0, 2.0])
    judged[0, 0], judged[1, 1] = NAN, NAN
    found = error_weights(judged, consensus, ["a", "b"])
    assert [(one.estimate, one.n_items) for one in found.values()] == [(0.8, 10), (0.2, 10)]
    consensus[2] = NAN
    with pytest.raises(
        NotEnough, match="9 items have a score of every judge and a physician's rating; weights need 10"
    ):
        error_weights(judged, consensus, ["a", "b"])


def test_a_judge_without_any_error_has_no_weight_that_follows() -> None:
    judged = np.full((12, 2), [0.0, 2.0])
    with pytest.raises(NotEnough, match="'a' is nowhere off on these 12 items"):
        error_weights(judged, np.zeros(12), ["a", "b"])


def test_the_operation_tells_weights_that_a_panel_takes() -> None:
    study = study_from(a_document(judges=("J", "K")))
    answer = run("weights", study, {"criterion": "quality", "judges": ["K", "J"]})
    assert list(answer["weights"]) == ["K", "J"]
    assert sum(answer["weights"].values()) == pytest.approx(1)
    assert answer["n_items"] > 50
    assert answer["statistics"]["J"]["definition"] == "def:error_weight@1"
    assert answer["statistics"]["J"]["details"]["mean_squared_error"] > 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"criterion": "quality", "judges": ["J"]}, "two or more different judges"),
        ({"criterion": "quality", "judges": ["J", "J"]}, "two or more different judges"),
        ({"criterion": "quality"}, "two or more different judges"),
        ({"criterion": "quality", "judges": ["J", "X"]}, r"'X' did not score 'quality' \(known: J, K\)"),
        ({"criterion": "colour", "judges": ["J", "K"]}, "no numeric criterion 'colour'"),
    ],
)
def test_what_has_no_weights_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionRejected, match=told):
        run("weights", study_from(a_document(judges=("J", "K"))), given)


def test_words_have_no_errors_to_weigh() -> None:
    with pytest.raises(OptionRejected, match="no numeric criterion"):
        run("weights", study_from(a_nominal_document()), {"criterion": "claim", "judges": ["J", "K"]})
