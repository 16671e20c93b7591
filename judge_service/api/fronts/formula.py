"""The arithmetic of a grader made of graders: names, numbers, + - * /, brackets, min and max; nothing else."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Part = Callable[[Mapping[str, float]], float]

T = TypeVar("T")
CAP = 1000  # characters
DEPTH_CAP = 50  # brackets and signs inside each other
FUNCTIONS: Mapping[str, Callable[[list[float]], float]] = {"min": min, "max": max}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/(),]))",
    re.ASCII,
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class BadFormula(ValueError):
    """The text is no formula; says at which character."""


class NoValue(ArithmeticError):
    """The formula has no value for these numbers: it divides by zero, or leaves what a number can hold."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read whole, and the names that it needs."""

    names: frozenset[str]
    _part: Part

    @classmethod
    def read(cls, text: str) -> Formula:
        """Read a text; raises `BadFormula`."""
        reader = _Reader(text)
        part = reader.whole()
        return cls(frozenset(reader.names), part)

    def value(self, values: Mapping[str, float]) -> float:
        """Its value; raises `NoValue`."""
        return self._part(values)


class _Reader:
    """Goes through the tokens once, one function for each strength of binding."""

    def __init__(self, text: str) -> None:
        if len(text) > CAP:
            raise BadFormula(f"a formula has at most {CAP} characters")
        self.names: set[str] = set()
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Part:
        part = self._sum()
        if self._sign():
            raise self._unexpected()
        return part

    def _sum(self) -> Part:
        return self._chain(self._product, "+-")

    def _product(self) -> Part:
        return self._chain(self._factor, "*/")

    def _chain(self, term: Callable[[], Part], signs: str) -> Part:
        """Terms from left to right. A loop, so that a long chain is no deep one."""
        first, rest = term(), []
        while (sign := self._sign()) and sign in signs:
            self._at += 1
            rest.append((sign, term()))

        def value(values: Mapping[str, float]) -> float:
            found = first(values)
            for sign, part in rest:
                found = _joined(sign, found, part(values))
            return found

        return value if rest else first

    def _factor(self) -> Part:
        kind, said, _ = self._take()
        if kind == "number":
            return _constant(float(said))
        if kind == "name":
            return self._call(said) if self._sign() == "(" else self._named(said)
        if said == "(":
            return self._inside(lambda: self._closed(self._sum()))
        if said in {"+", "-"}:
            part = self._inside(self._factor)
            return part if said == "+" else lambda values: -part(values)
        self._at -= 1
        raise self._unexpected()

    def _named(self, name: str) -> Part:
        if name in FUNCTIONS:
            raise BadFormula(f"{name} needs brackets")
        self.names.add(name)
        return lambda values: values[name]

    def _call(self, name: str) -> Part:
        if name not in FUNCTIONS:
            raise BadFormula(f"there is no function {name[:40]!r} (known: {', '.join(FUNCTIONS)})")
        self._at += 1
        parts = self._inside(self._arguments)
        if len(parts) < 2:  # noqa: PLR2004  of one number there is nothing to choose
            raise BadFormula(f"{name} chooses among two numbers or more")
        return lambda values: FUNCTIONS[name]([part(values) for part in parts])

    def _arguments(self) -> list[Part]:
        parts = [self._sum()]
        while self._sign() == ",":
            self._at += 1
            parts.append(self._sum())
        return self._closed(parts)

    def _closed(self, found: T) -> T:
        if self._sign() != ")":
            raise self._unexpected()
        self._at += 1
        return found

    def _inside(self, reading: Callable[[], T]) -> T:
        self._depth += 1
        if self._depth > DEPTH_CAP:
            raise BadFormula(f"brackets and signs are more than {DEPTH_CAP} deep")
        found = reading()
        self._depth -= 1
        return found

    def _take(self) -> tuple[str, str, int]:
        if self._at >= len(self._tokens):
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1]

    def _sign(self) -> str:
        """The next token's text; empty at the end."""
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _unexpected(self) -> BadFormula:
        if self._at >= len(self._tokens):
            return BadFormula("the formula ends too early")
        return BadFormula(f"this is not expected at character {self._tokens[self._at][2]}")


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise BadFormula(f"this is no part of a formula, at or after character {at}")
        found.append((token.lastgroup, token[token.lastgroup], token.start(token.lastgroup)))
        at = token.end()
    return found


def _constant(number: float) -> Part:
    if not math.isfinite(number):
        raise BadFormula("a number is too large")
    return lambda _: number


def _joined(sign: str, left: float, right: float) -> float:
    if sign == "/" and right == 0:
        raise NoValue("the formula divides by zero")
    match sign:
        case "+":
            found = left + right
        case "-":
            found = left - right
        case "*":
            found = left * right
        case _:
            found = left / right
    if not math.isfinite(found):
        raise NoValue("the formula's value is too large for a number")
    return found
