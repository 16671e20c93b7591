"""One contradiction between two texts, or within one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """One contradiction: its flag, the words for it and where the response says it."""

    flag: str
    words: str
    span: tuple[int, int]
