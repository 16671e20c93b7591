"""The formula of a grader: Python's arithmetic, and not one thing more of Python."""

from __future__ import annotations

import keyword
import math
import re
import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from judge_service.api.fronts.formula import DEPTH_CAP, BadFormula, Formula, NoValue

NAMES = {"a": 0.25, "b": -3.5, "long_name_2": 7.0}
NUMBERS = st.floats(0, 1e6, allow_nan=False).map(repr) | st.sampled_from(["2.", ".5", "1e3", "1.5E-2"])


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blanks = st.sampled_from(["", " ", "  "])
    pairs = st.tuples(parts, blanks, st.sampled_from("+-*/"), blanks, parts).map("".join)
    calls = st.tuples(st.sampled_from(["min", "max"]), st.lists(parts, min_size=2, max_size=4)).map(
        lambda call: f"{call[0]}({', '.join(call[1])})"
    )
    return pairs | calls | parts.map(lambda part: f"({part})") | parts.map(lambda part: f"-{part}")


FORMULAS = st.recursive(NUMBERS | st.sampled_from(list(NAMES)), joined, max_leaves=12)


@given(FORMULAS)
@example("1.0-2.0-3.0*4.0/5.0/6.0")
@example("--1.0 - -a")
@example("1.0/(a-a)")
def test_it_is_the_value_that_python_gives(text: str) -> None:
    formula = Formula.read(text)
    try:
        expected = eval(text, {"__builtins__": {}, "min": min, "max": max}, dict(NAMES))  # noqa: S307  made above
    except ZeroDivisionError:
        with pytest.raises(NoValue):
            formula.value(NAMES)
        return
    try:
        assert formula.value(NAMES) == expected
    except NoValue:  # a step on the way was beyond any number, which Python goes on with
        assert not math.isfinite(expected) or "/" in text
    assert formula.names <= NAMES.keys()


@given(st.text(alphabet=string.printable + "αé²٣", max_size=30))
def test_whatever_is_read_has_a_value_in_python_too(text: str) -> None:
    try:
        formula = Formula.read(text)
    except BadFormula:
        return
    assume(not any(map(keyword.iskeyword, formula.names)))  # a grader may be called `or`, and no variable
    values = dict.fromkeys(formula.names, 0.5)
    flat = " ".join(text.split())
    try:
        expected = float(eval(_plain(flat), {"__builtins__": {}, "min": min, "max": max}, values))  # noqa: S307  was read
    except ZeroDivisionError:
        expected = math.inf
    if not math.isfinite(expected):
        with pytest.raises(NoValue):
            formula.value(values)
    else:
        assert formula.value(values) == pytest.approx(expected)


def _plain(text: str) -> str:
    """Python refuses a number with a leading zero, which reads as what it is."""
    return re.sub(r"(?<![\w.])0+(?=[0-9])", "", text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a b", "a +", "* a", "(a", "a)", "()", "a,b", "1 2", "1..2", "1e", "0x10", "1_000", "1j"),
        *(
            "a ** b",
            "a // b",
            "a % b",
            "a ^ b",
            "a @ b",
            "a < b",
            "a == b",
            "a and b",
            "not a",
            "a if b else c",
        ),
        *("a.b", "a[0]", "[a]", "{a}", "'a'", "lambda: 1", "a := 1", "f(a)", "abs(a)", "eval(a)", "a(1)"),
        *("min", "min()", "min(a)", "max(a,)", "max(,a)", "min(a b)", "__import__('os')", "a; b", "a # b"),
        *("é", "²", "٣", "1e999", "a\0", "(" * (DEPTH_CAP + 1) + "a" + ")" * (DEPTH_CAP + 1)),
        *("-" * (DEPTH_CAP + 1) + "a", "a+" * 500 + "a"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadFormula):
        Formula.read(text)


def test_a_long_chain_is_no_deep_one() -> None:
    assert Formula.read("+".join(["a"] * 500)).value({"a": 1.0}) == 500


@pytest.mark.parametrize("text", ["1e308 * 10", "1 / (1e308 * 10)", "a / 0", "1 / (b - b)", "1e300 / 1e-300"])
def test_what_no_number_holds_is_no_value(text: str) -> None:
    with pytest.raises(NoValue):
        Formula.read(text).value(NAMES)


@pytest.mark.parametrize("text", ["a b", "a + +", "min(1)", "a.b", "nobody()"])
def test_a_fault_says_where_or_what(text: str) -> None:
    with pytest.raises(BadFormula, match=r"character \d+|ends too early|min|nobody"):
        Formula.read(text)
