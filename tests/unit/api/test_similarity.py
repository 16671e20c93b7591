"""Measures of likeness, each against its definition written plainly, or figures worked out by hand."""

from __future__ import annotations

import math
from difflib import SequenceMatcher
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.api.fronts.similarity import MEASURES

TEXTS = st.lists(st.sampled_from(["the", "right", "lobe", "a", "mass", "The"]), max_size=9).map(" ".join)


def longest_common(one: str, other: str) -> int:
    @cache
    def length(i: int, j: int) -> int:
        if not i or not j:
            return 0
        if one[i - 1] == other[j - 1]:
            return length(i - 1, j - 1) + 1
        return max(length(i - 1, j), length(i, j - 1))

    return length(len(one), len(other))


@given(st.text(alphabet="abc d", max_size=25), st.text(alphabet="abc d", max_size=25))
def test_fuzzy_match_is_the_longest_common_subsequence(one: str, other: str) -> None:
    both = len(one) + len(other)
    expected = 2 * longest_common(one, other) / both if both else 0
    assert MEASURES["fuzzy_match"](one, other) == pytest.approx(expected)
    # difflib finds common blocks, which are a common subsequence, and not always the longest one.
    assert (
        MEASURES["fuzzy_match"](one, other) >= SequenceMatcher(None, one, other).ratio() * bool(both) - 1e-9
    )


@pytest.mark.parametrize("name", MEASURES)
@given(one=TEXTS, other=TEXTS)
def test_every_measure_is_from_0_to_1_and_1_for_the_same(name: str, one: str, other: str) -> None:
    measure = MEASURES[name]
    assert 0 <= measure(one, other) <= 1
    if len(one.split()) >= 5:
        assert measure(one, one) == pytest.approx(1)
    assert measure("", other) == 0


def test_figures_worked_out_by_hand() -> None:
    said, reference = "the cat sat on the mat", "The cat is on the mat!"
    assert MEASURES["rouge_1"](said, reference) == pytest.approx(5 / 6)
    assert MEASURES["rouge_2"](said, reference) == pytest.approx(3 / 5)
    assert MEASURES["rouge_3"](said, reference) == pytest.approx(1 / 4)
    assert MEASURES["rouge_l"](said, reference) == pytest.approx(5 / 6)
    assert MEASURES["gleu"](said, reference) == pytest.approx((5 + 3 + 1 + 0) / (6 + 5 + 4 + 3))
    assert MEASURES["bleu"](said, reference) == 0
    said, reference = "a b c d e", "a b c d f g"
    shares = (4 / 5) * (3 / 4) * (2 / 3) * (1 / 2)
    assert MEASURES["bleu"](said, reference) == pytest.approx(math.exp(1 - 6 / 5) * shares**0.25)
