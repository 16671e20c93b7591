"""What no reply may do, however it is put together: state two options and give one, deny one and give it."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_client.run.parsing import choice_of

if TYPE_CHECKING:
    from collections.abc import Iterable

LETTERS = "ABCDE"
STATED = (
    "Answer: {x}",
    "Final answer: ({x})",
    "**Answer:** {x}) a nodule",
    "The answer is {x}.",
    "\\boxed{{{x}}}",
    "\\boxed{{\\text{{{x}}}}}",
    "I choose {x}.",
    "I would go with option {x}.",
    "The correct option is {x}.",
    "It is round. So, {x}.",
    "Option {x} is the right answer.",
    "**{x}**",
    "({x}).",
)
FINAL, MARKED = (
    STATED[:4],
    STATED[:6],
)  # a last line that answers settles what was weighed before, but for other marks
TURNED = (
    "Wait, no: {x}.",
    "Correction: {x}",
    "Actually, I would say {x}.",
    "On second thought, {x}",
    "No, it is {x}.",
    "Sorry, I meant {x}.",
    "I think it is {x}.",
    "{x}.",
)
DENIED = (
    "{x} is wrong.",
    "Option {x} is incorrect.",
    "The answer is not {x}.",
    "{x} is not the right answer.",
    "{x} isn't correct.",
    "{x} cannot be right.",
    "{x} does not fit.",
    "{x} is clearly not the best option.",
    "({x}) is ruled out.",
    "It is not {x}.",
    "I rule out {x}.",
    "It is anything but {x}.",
    "{x}) is unlikely.",
    "**{x}** can be excluded.",
    "Neither {x} nor any other.",
)
BY_IT = (
    "This option is wrong.",
    "That is incorrect.",
    "It is not the right answer.",
    "This answer is not correct.",
    "It is unlikely.",
)
BETWEEN = ("\n", "\n\n", "\n\nThe rim is thin, and the shadow has no edge.\n\n")
LABELS = ("{x}) {t}", "({x}) {t}", "{x}. {t}", "{x}: {t}", "{x} - {t}", "**{x})** {t}", "**{x}.** {t}")
TEXTS = ("pneumonia", "No finding", "a mass that is not round", "never seen", "what lacks a rim", "T2 > T1")
LEADS = ("{}", "Answer: {}", "The correct option is {}", "\\boxed{{{}}}", "Final answer: {}")

# A is an article, too; an order may matter to what looks for the first.
PAIRS = (("A", "B"), ("B", "A"), ("D", "C"))


def given_in(replies: Iterable[str], letter: str = LETTERS) -> list[str]:
    """Those replies from which one of these letters is read."""
    return [reply for reply in replies if (choice_of(reply, LETTERS).letter or "none") in letter]


@pytest.mark.parametrize("one", STATED)
def test_a_reply_that_states_two_options_gives_none(one: str) -> None:
    replies = [
        one.format(x=x) + between + other.format(x=y)
        for (x, y), other, between in product(PAIRS, (*STATED, *TURNED), BETWEEN)
        if one in MARKED or other not in FINAL
    ]
    assert given_in(replies) == []


@pytest.mark.parametrize("last", FINAL)
def test_a_last_line_that_answers_settles_what_was_weighed_before(last: str) -> None:
    for (x, y), before, between in product(PAIRS, (*STATED[6:], *TURNED, *DENIED), BETWEEN):
        for named in (x, y):
            reply = before.format(x=named) + between + last.format(x=x)
            assert given_in([reply], x) == [reply]


@pytest.mark.parametrize("last", FINAL)
@pytest.mark.parametrize("denied", [*DENIED, *BY_IT])
def test_what_follows_a_line_that_answers_may_take_it_back(last: str, denied: str) -> None:
    replies = [last.format(x=x) + between + denied for x, between in product("ABD", (" ", "\n"))]
    assert given_in(reply.format(x=x) for reply, x in zip(replies, "AABBDD", strict=True)) == []


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("lead", LEADS)
def test_a_list_of_options_on_one_line_gives_none(label: str, lead: str) -> None:
    betweens = (" ", ", ", "; ", " / ", " or ", " and ")
    replies = [
        lead.format(between.join(label.format(x=x, t=t) for x, t in zip(order, texts, strict=False)))
        for order, between, texts in product((*PAIRS, ("A", "C", "B")), betweens, permutations(TEXTS, 3))
    ]
    assert given_in(replies) == []


@pytest.mark.parametrize("form", ["Answer: {}", "The answer is {}", "{}", "I choose {}", "So, {}."])
def test_two_letters_beside_each_other_give_none(form: str) -> None:
    betweens = (", ", "; ", "/", " or ", " and ", " & ", " - ", "; perhaps ", ", or maybe ", ". Or ", " | ")
    assert given_in(form.format(x + between + y) for (x, y), between in product(PAIRS, betweens)) == []


@pytest.mark.parametrize("denied", DENIED)
def test_a_reply_that_denies_an_option_does_not_give_it(denied: str) -> None:
    replies = [denied.format(x=x) for x in LETTERS]
    for letter, stated, between in product("ABD", STATED, BETWEEN):
        parts = [stated.format(x=letter), denied.format(x=letter)]
        replies += [between.join(parts)]
        if stated not in FINAL:
            replies += [between.join(parts[::-1])]
    assert given_in(replies) == []


@pytest.mark.parametrize("denied", BY_IT)
def test_an_option_that_is_called_wrong_at_once_is_not_given(denied: str) -> None:
    betweens = (" ", "\n", "\n\n")
    parts = product(STATED, "ABD", betweens)
    assert given_in(stated.format(x=letter) + between + denied for stated, letter, between in parts) == []


@pytest.mark.parametrize("denied", DENIED)
def test_an_option_stays_where_another_one_is_denied(denied: str) -> None:
    for (x, y), stated, between in product(PAIRS, STATED, BETWEEN):
        parts = [stated.format(x=x), denied.format(x=y)]
        replies = [between.join(parts), between.join(parts[::-1])]
        assert given_in(replies, x) == replies


@given(st.text(alphabet="AB ).:,;-*(\n'onrwit", max_size=40))
def test_whatever_the_reply_is_its_choice_is_one_of_the_options_that_stand_in_it(reply: str) -> None:
    choice = choice_of(reply, "AB")
    assert choice.letter is None or choice.letter in reply.upper()


@pytest.mark.parametrize("form", STATED)
def test_an_option_that_is_stated_once_or_twice_is_given(form: str) -> None:
    for letter, times in product(LETTERS, (1, 2)):
        reply = "\n".join([form.format(x=letter)] * times)
        assert given_in([reply], letter) == [reply]
