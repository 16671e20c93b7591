from __future__ import annotations

import json
from typing import Any

import pytest
from builders import a_completion, a_criterion, a_nominal_scale, an_entry
from hypothesis import given
from hypothesis import strategies as st
from tokens import a_token, in_doubt, spelled

from judge_service.backends.base import Token
from judge_service.domain.verdict import Scored
from judge_service.scoring.distribution import Distribution, certain, of_samples, of_tokens
from judge_service.scoring.reading import read

LABELS = tuple(range(6))
PATH = ("accuracy", "level")
BEFORE, AFTER = '{"accuracy": {"rationale": "It says \\"level\\": 2.", "evidence": [], "level": ', "}}"


def found(tokens: tuple[Token, ...], text: str | None = None, labels: Any = LABELS) -> Any:
    spelled_text = b"".join(token.said for token in tokens).decode() if text is None else text
    return of_tokens(spelled_text, tokens, PATH, labels)


def around(*tokens: Token, before: str = BEFORE) -> tuple[Token, ...]:
    return (*spelled(before, {}), *tokens, *spelled(AFTER, {}))


def shares(**fields: Any) -> Any:
    return pytest.approx(tuple(fields.get(f"l{label}", 0.0) for label in LABELS))


def test_the_chances_of_the_levels_are_read_where_the_level_stands() -> None:
    said = found(around(a_token("4", 0.7, {"3": 0.2, "5": 0.1})))
    assert (said.source, said.mass) == ("tokens", pytest.approx(1.0))
    assert said.shares == shares(l4=0.7, l3=0.2, l5=0.1)


def test_what_was_seen_is_made_whole_and_its_mass_is_told() -> None:
    said = found(around(a_token("4", 0.72, {"3": 0.2, "n": 0.05})))
    assert said.mass == pytest.approx(0.92)
    assert said.shares == shares(l4=0.72 / 0.92, l3=0.2 / 0.92)


@pytest.mark.parametrize("unseen", [{}, {"null": 0.2}, {" ": 0.4}, {"44": 0.4}, {"9": 0.4}, {"4x": 0.4}])
def test_too_little_on_the_levels_is_no_distribution(unseen: dict[str, float]) -> None:
    assert found(around(a_token("4", 0.6, unseen))) == "mass_unseen"


def test_what_a_judge_would_rather_not_tell_is_seen_and_no_level() -> None:
    said = found(around(a_token("4", 0.5, {"3": 0.25, "null": 0.15, "nu": 0.1})))
    assert said.mass == pytest.approx(0.75)
    assert said.shares == shares(l4=2 / 3, l3=1 / 3)
    assert found(around(a_token("4", 0.4, {"null": 0.6}))) == "mass_unseen"


def test_a_token_may_begin_before_the_level() -> None:
    said = found(around(a_token(": 4", 0.6, {": 3": 0.2, ":3": 0.1, ":\n5": 0.1}), before=BEFORE[:-2]))
    assert said.shares == shares(l4=0.6, l3=0.3, l5=0.1)
    said = found(around(a_token('": 4', 0.6, {'":3': 0.3, '": 5': 0.1}), before=BEFORE[:-3]))
    assert said.shares == shares(l4=0.6, l3=0.3, l5=0.1)


def test_a_level_without_the_colon_before_it_is_none() -> None:
    said = found(around(a_token(": 4", 0.9, {" 5": 0.1}), before=BEFORE[:-2]))
    assert (said.shares, said.mass) == (shares(l4=1.0), pytest.approx(0.9))


BARE = BEFORE[:-1]  # up to the colon


def test_levels_that_stand_in_place_of_a_blank_before_the_level_are_counted() -> None:
    blank, level = a_token("\t", 0.17, {"2": 0.55, "5": 0.2}), a_token("5", 0.99, {"2": 0.01})
    said = found(around(blank, level, before=BARE))
    assert said.mass == pytest.approx(0.92)
    assert said.shares == shares(l2=(0.55 + 0.17 * 0.01) / 0.92, l5=(0.2 + 0.17 * 0.99) / 0.92)


def test_every_blank_before_the_level_is_a_place_for_it() -> None:
    blanks = (a_token("\n", 0.8, {" 1": 0.2}), a_token("  ", 0.5, {"\t3": 0.5}))
    said = found(around(*blanks, a_token(" 4", 1.0), before=BARE))
    assert said.shares == shares(l1=0.2, l3=0.4, l4=0.4)


def test_what_may_follow_another_blank_is_not_seen() -> None:
    assert found(around(a_token(" ", 0.8, {"\n": 0.2}), a_token("4"), before=BARE)) == "mass_unseen"


def test_how_the_colon_was_written_is_no_doubt_about_the_level() -> None:
    said = found(around(a_token(": ", 0.6, {":": 0.4}), a_token("4", 0.5, {"3": 0.5}), before=BEFORE[:-2]))
    assert (said.shares, said.mass) == (shares(l4=0.5, l3=0.5), pytest.approx(1.0))


@pytest.mark.parametrize(
    "level",
    [
        a_token("4", 1.0, dict.fromkeys("01235", 1.0)),
        a_token("4", 0.9, {"3": 0.9, "2": 0.9}),
        a_token("4", 0.9, {"3": 0.02, "null": 0.1}),
        a_token("4", 0.95, {"x": 0.95}),
        Token(b"4", 0.1),
        Token(b"4", 1e9, ((b"3", float("inf")),)),
    ],
)
def test_chances_of_more_than_one_are_no_distribution(level: Token) -> None:
    assert found(around(level)) == "mass_impossible"


def test_a_little_more_than_one_is_rounding() -> None:
    said = found(around(a_token("4", 0.705, {"3": 0.3})))
    assert (said.mass, sum(said.shares)) == (1.0, pytest.approx(1.0))


def test_a_token_may_end_after_the_level() -> None:
    said = found((*spelled(BEFORE, {}), a_token("4}}", 0.6, {"4}": 0.2, "2": 0.2})))
    assert said.shares == shares(l4=0.8, l2=0.2)


def test_levels_of_several_tokens_multiply_along_what_was_written() -> None:
    tokens = around(a_token("1", 0.8, {"2": 0.2}), a_token("0", 0.5, {"}": 0.3, ",": 0.1, "2": 0.1}))
    said = found(tokens, labels=(1, 2, 10, 12))
    assert said.shares == pytest.approx((0.32, 0.2, 0.4, 0.08))


def test_a_branch_that_may_become_several_levels_is_not_counted() -> None:
    assert found(around(a_token("2", 0.5, {"1": 0.5})), labels=(1, 2, 10)) == "mass_unseen"


def test_words_are_told_apart_where_they_part() -> None:
    labels = ("no", "not sure", "yes")
    tokens = around(
        a_token('"'), a_token("no", 0.9, {"yes": 0.1}), a_token('"', 0.7, {" sure": 0.2, "t": 0.1})
    )
    said = found(tokens, labels=labels)
    # " sure" becomes no level: "no sure" is none.
    assert said == "mass_unseen"
    tokens = around(a_token('"'), a_token("no", 0.9, {"yes": 0.1}), a_token('"', 0.7, {"t": 0.3}))
    assert found(tokens, labels=labels).shares == pytest.approx((0.63, 0.27, 0.1))


def test_a_letter_in_two_tokens_is_one_place() -> None:
    text = BEFORE.replace("It", "Möglich") + "4" + AFTER
    raw = text.encode()
    cut = raw.index("ö".encode()) + 1
    level = raw.rindex(b"4")
    tokens = (
        Token(raw[:cut], 0.0),
        Token(raw[cut:level], 0.0),
        a_token("4", 0.5, {"0": 0.5}),
        Token(raw[level + 1 :], 0.0),
    )
    assert found(tokens, text).shares == shares(l4=0.5, l0=0.5)


def test_thoughts_and_marks_around_the_reply_are_passed_over() -> None:
    tokens = (a_token("<think>"), *around(a_token("4", 0.5, {"3": 0.5})), a_token("<|im_end|>"))
    assert found(tokens, BEFORE + "4" + AFTER).shares == shares(l4=0.5, l3=0.5)


DRAFT = around(a_token("4", 0.2, {"3": 0.8}))
SURE = around(a_token("4", 0.99, {"3": 0.01}))


@pytest.mark.parametrize("end", [(), (a_token("<|im_end|>"),)])
def test_the_answer_is_read_and_not_the_same_text_in_the_thoughts(end: tuple[Token, ...]) -> None:
    tokens = (*DRAFT, *spelled("\nhm, no doubt.", {}), a_token("</think>"), a_token("\n"), *SURE, *end)
    assert found(tokens, BEFORE + "4" + AFTER).shares == shares(l4=0.99, l3=0.01)


def test_tokens_that_were_not_told_or_spell_another_text_give_none() -> None:
    assert found((), BEFORE + "4" + AFTER) == "tokens_not_told"
    assert found(around(a_token("4")), BEFORE + "5" + AFTER) == "level_not_located"
    assert found(spelled('{"other": 1}', {})) == "level_not_located"
    assert found(spelled("[4]", {})) == "level_not_located"


@given(st.lists(st.floats(0.01, 1), min_size=6, max_size=6), st.integers(0, 5), st.integers(0, 1))
def test_any_distribution_comes_back_as_it_was(weights: list[float], level: int, blanks: int) -> None:
    chances: dict[int | str, float] = {
        label: weight / sum(weights) for label, weight in zip(LABELS, weights, strict=True)
    }
    text = json.dumps({"clarity": an_entry(0), "accuracy": an_entry(level)}, indent=blanks or None)
    said = found(in_doubt(text, chances))
    assert said.shares == pytest.approx(tuple(chances.values()))


@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=20))
def test_shares_of_samples_are_those_that_were_said(levels: list[int]) -> None:
    said = of_samples(levels, len(levels), LABELS)
    assert isinstance(said, Distribution)
    assert sum(said.shares) == pytest.approx(1)
    assert all(
        share == pytest.approx(levels.count(label) / len(levels))
        for label, share in zip(LABELS, said.shares, strict=True)
    )
    assert of_samples(levels, 2 * len(levels), LABELS) == "mass_unseen"


def test_the_guard_is_in_no_doubt() -> None:
    assert certain(0, (0, 1)).shares == (1.0, 0.0)


def read_as(criterion: Any, text: str, tokens: tuple[Token, ...] | None) -> Scored:
    verdict = read(a_completion(text, tokens=tokens), [criterion], "A response.").verdicts[criterion.id]
    assert isinstance(verdict, Scored)
    return verdict


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_expected_is_of_the_answer_and_not_of_a_draft(whole: bool) -> None:
    answer = json.dumps({"accuracy": an_entry(4)})
    draft, sure = in_doubt(answer, {4: 0.2, 3: 0.8}), in_doubt(answer, {4: 0.99, 3: 0.01})
    thoughts = (*spelled("<think>\n", {}), *draft, *spelled("\nhm, no doubt.</think>\n", {}))
    spelt = b"".join(token.said for token in (*thoughts, *sure)).decode()
    verdict = read_as(a_criterion("accuracy"), spelt if whole else answer, (*thoughts, *sure))
    assert verdict.expected == pytest.approx(80 * 0.99 + 60 * 0.01)


def test_the_expected_value_is_the_mean_of_the_levels_values() -> None:
    text = json.dumps({"accuracy": an_entry(4)})
    verdict = read_as(a_criterion("accuracy"), text, in_doubt(text, {4: 0.5, 5: 0.25, 3: 0.25}))
    assert (verdict.level, verdict.value) == (4, 80.0)
    assert verdict.expected == pytest.approx(80.0)
    assert verdict.distribution is not None
    assert list(verdict.distribution) == ["0", "1", "2", "3", "4", "5"]
    assert verdict.distribution_from == "tokens"


def test_a_scale_without_values_has_a_distribution_and_nothing_to_expect() -> None:
    criterion = a_criterion("claim", scale=a_nominal_scale("yes", "no"))
    text = json.dumps({"claim": an_entry("yes")})
    place = text.index("yes")
    verdict = read_as(criterion, text, spelled(text, {place: (0.75, {"n": 0.25})}))
    assert verdict.distribution == pytest.approx({"yes": 0.75, "no": 0.25})
    assert verdict.expected is None


def test_why_there_is_no_distribution_is_told_only_where_one_was_asked_for() -> None:
    text = json.dumps({"accuracy": an_entry(4)})
    assert read_as(a_criterion("accuracy"), text, ()).distribution_withheld == "tokens_not_told"
    plain = read_as(a_criterion("accuracy"), text, None)
    assert (plain.distribution, plain.distribution_withheld) == (None, None)
