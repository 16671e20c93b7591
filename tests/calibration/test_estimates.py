"""The one shape of a figure: a number, or null with a reason, and never what JSON has not."""

from __future__ import annotations

import pytest

from judge_calibration.estimates import Interval, estimated, rounded, rounded_p, undefined


def test_a_figure_is_a_number_or_null_with_a_reason() -> None:
    with pytest.raises(ValueError, match="undefined"):
        estimated("bias", float("nan"))
    nothing = undefined("bias", "no_overlap", n_items=0).as_json()
    assert (nothing["estimate"], nothing["status"], nothing["reason"]) == (None, "undefined", "no_overlap")


def test_a_number_has_ten_digits_and_no_negative_zero() -> None:
    with pytest.raises(ValueError, match="finite"):
        rounded(float("inf"))
    assert str(rounded(-0.0)) == "0.0"
    assert rounded(1 / 3) == 0.3333333333
    assert rounded(None) is None


def test_no_p_value_is_told_as_zero() -> None:
    told = [rounded_p(p) for p in (None, 0.0, 5e-324, 1e-200, 1 / 3)]
    assert told == [None, 2.225073859e-308, 2.225073859e-308, 1e-200, 0.3333333333]
    assert Interval(1 / 3, 2 / 3, 0.95, "t").as_json()["low"] == 0.3333333333
