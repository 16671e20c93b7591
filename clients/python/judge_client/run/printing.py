"""A terminal that is told texts of others: data sets, models, services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.console import Console

from judge_client.run.digests import encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment

# All but the tab and the end of a line: a terminal takes them as orders, to set its title or its clipboard for one.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """A text as it may be printed: without controls, and with half a character as its escape."""
    return _CONTROLS.sub("", encoded(text).decode())


class Plain(Console):
    """Prints what it is given as it is, in everything that it draws; only rich's own controls reach the terminal."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw a thing, as rich does."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))
