"""Those who wait for one computation: they come and go, each with a deadline and a place in line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from judge_service.domain.place import INTERACTIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from judge_service.domain.place import Place


class Landing:
    """What a computation may know of those who wait for it."""

    def __init__(self) -> None:
        self._seats: dict[object, tuple[float, Place]] = {}
        self._last = float("-inf"), INTERACTIVE
        self._listeners: list[Callable[[Place], None]] = []

    @property
    def deadline(self) -> float:
        """The latest deadline of those who wait now, on the loop's clock; it moves as they come and go."""
        return max((deadline for deadline, _ in self._seats.values()), default=self._last[0])

    @property
    def place(self) -> Place:
        """The most urgent of those who wait now; of equals the one who came first."""
        places = [place for _, place in self._seats.values()]
        return next(
            (place for place in places if place.priority == "interactive"), (*places, self._last[1])[0]
        )

    @property
    def deserted(self) -> bool:
        """Whether nobody waits any more."""
        return not self._seats

    @contextmanager
    def telling(self, urge: Callable[[Place], None]) -> Iterator[None]:
        """Call `urge` with the place of everybody who comes to wait."""
        self._listeners.append(urge)
        try:
            yield
        finally:
            self._listeners.remove(urge)

    def board(self, deadline: float, place: Place) -> object:
        """Add a caller; give back the seat to leave by."""
        seat = object()
        self._seats[seat] = self._last = deadline, place
        for urge in self._listeners:
            urge(place)
        return seat

    def leave(self, seat: object) -> None:
        """Take a caller out."""
        del self._seats[seat]
