"""One contradiction between two texts, or within one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """One contradiction: its flag, the words for it, where the response says it, and where else if twice."""

    flag: str
    words: str
    span: tuple[int, int]
    other: tuple[int, int] | None = None
