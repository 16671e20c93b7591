from __future__ import annotations

from judge_service.domain.place import INTERACTIVE, Place
from judge_service.stores.landing import Landing

ONE, OTHER = Place("batch", "one"), Place("batch", "other")


def test_the_most_urgent_of_those_who_wait_counts_and_of_equals_the_first() -> None:
    landing = Landing()
    first = landing.board(10, ONE)
    second = landing.board(30, OTHER)
    assert (landing.place, landing.deadline) == (ONE, 30)
    third = landing.board(20, INTERACTIVE)
    assert landing.place == INTERACTIVE
    landing.leave(third)
    landing.leave(first)
    assert (landing.place, landing.deserted) == (OTHER, False)
    landing.leave(second)
    assert (landing.place, landing.deadline, landing.deserted) == (INTERACTIVE, 20, True)


def test_everybody_who_comes_is_told_to_those_who_listen() -> None:
    landing, heard = Landing(), list[Place]()
    landing.board(10, ONE)
    with landing.telling(heard.append):
        landing.board(10, OTHER)
        landing.board(10, INTERACTIVE)
    landing.board(10, ONE)
    assert heard == [OTHER, INTERACTIVE]
