"""Reads the arguments of an operation: each is taken by name and kind, and what is left over is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from judge_calibration.errors import OptionRejected, UnknownOption

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

T = TypeVar("T")
_SHOWN = 60


class Arguments:
    """A context that takes named arguments and, when it closes without an error, refuses the rest.

    `place` is where they stand in what an operation takes (`scores.3`): names that are refused are told from there.
    """

    def __init__(self, given: Mapping[str, object] | None, place: str = "") -> None:
        self._left = dict(given or {})
        self._before = f"{place}." if place else ""
        self._known: list[str] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Refuse what nobody asked for."""
        if kind is None and self._left:
            name = min(map(str, self._left))
            raise UnknownOption(self._before + name[:_SHOWN], self._known)
        if self._before and isinstance(exc, OptionRejected):
            raise OptionRejected(self._before + exc.option, exc.detail) from exc

    def text(self, name: str, *, default: str | None = None, choices: Sequence[str] = ()) -> str:
        """A text; without a default it must be there."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise OptionRejected(name, "is a text" if value is not None else "is missing")
        if choices and value not in choices:
            raise OptionRejected(name, f"is one of {', '.join(choices)}")
        return value

    def text_or_none(self, name: str, *, default: str | None = None) -> str | None:
        """A text, or nothing; the default stands where the name is not there, and null is nothing all the same."""
        if name not in self._left:
            self._known.append(name)
            return default
        value = self._take(name)
        if value is not None and not isinstance(value, str):
            raise OptionRejected(name, "is a text or null")
        return value

    def number(
        self,
        name: str,
        *,
        default: float | None = None,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> float:
        """A finite number within bounds."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if value is None:
            raise OptionRejected(name, "is missing")
        return self._number(name, value, least, most)

    def number_or_none(self, name: str, *, least: float = -math.inf, most: float = math.inf) -> float | None:
        """A finite number within bounds, or nothing."""
        value = self._take(name)
        return None if value is None else self._number(name, value, least, most)

    def whole(self, name: str, *, default: int | None = None, least: int = 0, most: int = 2**32 - 1) -> int:
        """A whole number within bounds."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise OptionRejected(name, f"is a whole number from {least} to {most}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise OptionRejected(name, "is true or false")
        return value

    def mapping(self, name: str) -> Mapping[str, object]:
        """An object; empty when it is not there."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise OptionRejected(name, "is an object")
        return value

    def mapping_or_none(self, name: str) -> Mapping[str, object] | None:
        """An object, or nothing."""
        return self.mapping(name) or None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts, or nothing."""
        value = self._take(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise OptionRejected(name, "is a list of texts")
        return tuple(value)

    def rows(self, name: str, *, most: int = 100_000) -> list[Mapping[str, object]]:
        """A list of objects; empty when it is not there."""
        value = self._take(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
            raise OptionRejected(name, "is a list of objects")
        if len(value) > most:
            raise OptionRejected(name, f"has {len(value)} rows; {most} is the most")
        return list(value)

    def raw(self, name: str) -> object:
        """Whatever was given, for a caller that checks it itself."""
        return self._take(name)

    def _take(self, name: str) -> object:
        self._known.append(name)
        return self._left.pop(name, None)

    @staticmethod
    def _number(name: str, value: object, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OptionRejected(name, "is a number")
        number = float(value) if abs(value) < 1e300 else math.inf  # noqa: PLR2004  an integer may be any size
        if not math.isfinite(number) or not least <= number <= most:
            raise OptionRejected(name, f"is a number from {least:g} to {most:g}")
        return number
