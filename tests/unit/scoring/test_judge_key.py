from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_matter, a_spec, a_stored_rubric
from hypothesis import assume, given
from hypothesis import strategies as st
from lines import FakeCache, FakeLine
from strategies import cases, rubrics

from judge_service.domain.judge import JudgeSpec
from judge_service.prompts import Prompts
from judge_service.scoring.judge import Judge

if TYPE_CHECKING:
    from judge_service.domain.case import Case
    from judge_service.domain.rubric import Rubric


KEY = re.compile(r"[0-9a-f]{64}")


def a_judge(**spec: Any) -> Judge:
    return Judge("default", a_spec(**spec), FakeLine(), Prompts(b"key", "Compare."), FakeCache())


def judge_of(template: str) -> Judge:
    return Judge("default", a_spec(), FakeLine(), Prompts(b"key", template), FakeCache())


def key(judge: Judge | None = None, **matter: Any) -> str:
    return (judge or a_judge()).key(a_matter(**matter))


@given(cases(), cases())
def test_the_key_is_the_same_if_and_only_if_the_texts_are(one: Case, other: Case) -> None:
    texts = [
        [case.prompt, case.response, case.reference, case.claim, case.visual_description]
        for case in (one, other)
    ]
    assert (key(case=one) == key(case=other)) == (texts[0] == texts[1])


@given(
    cases(),
    st.sampled_from(["prompt", "response", "reference", "claim", "visual_description"]),
    st.text(max_size=9),
)
def test_any_change_of_any_text_is_another_question(case: Case, name: str, text: str) -> None:
    assume(getattr(case, name) != text)
    assert key(case=case) != key(case=case.model_copy(update={name: text}))


def test_a_text_that_moves_to_another_field_is_another_question() -> None:
    fields = ("prompt", "reference", "claim", "visual_description")
    bare = dict.fromkeys(fields)
    found = {key(case=a_case(**bare | {name: "left"})) for name in fields}
    found |= {key(case=a_case(**bare)), key(case=a_case(**bare | {"prompt": ""}))}
    assert len(found) == 6


@given(cases(), st.text(max_size=9), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_what_no_judge_sees_is_not_in_the_key(case: Case, name: str, subgroups: dict[str, str]) -> None:
    other = case.model_copy(update={"id": name, "model": name, "subgroups": subgroups})
    assert key(case=case) == key(case=other)
    assert KEY.fullmatch(key(case=case))


def test_the_pictures_as_shown_their_order_and_the_mode_are_in_the_key() -> None:
    found = {
        key(),
        key(mode="image"),
        key(mode="image", image_digests=("a",), image_roles=("question",)),
        key(mode="image", image_digests=("a",), image_roles=("reference",)),
        key(mode="image", image_digests=("b",), image_roles=("question",)),
        key(mode="image", image_digests=("a", "b"), image_roles=("question", "question")),
        key(mode="image", image_digests=("b", "a"), image_roles=("question", "question")),
    }
    assert len(found) == 7


@given(rubrics(), rubrics())
def test_another_rubric_is_another_question(one: Rubric, other: Rubric) -> None:
    assume(one != other)
    assert key(stored=a_stored_rubric(one)) != key(stored=a_stored_rubric(other))


def test_another_template_and_fewer_criteria_are_another_question() -> None:
    stored = a_stored_rubric()
    found = {
        key(),
        key(stored=a_stored_rubric(template="Judge well.")),
        key(stored=replace(stored, digest="another")),
        key(criteria=stored.rubric.criteria[:1]),
        key(criteria=stored.rubric.criteria[::-1]),
    }
    assert len(found) == 5


def test_two_responses_in_another_order_are_another_question() -> None:
    found = {
        key(case=a_case(response="A")),
        key(case=a_case(response="B")),
        key(case=a_case(response="A"), rival="B"),
        key(case=a_case(response="B"), rival="A"),
        key(case=a_case(response="A"), rival=""),
        key(judge_of("Compare better."), case=a_case(response="A"), rival="B"),
    }
    assert len(found) == 6


SEMANTIC: list[dict[str, Any]] = [
    {"model": "judge-70b"},
    {"base_url": "http://127.0.0.1:10/v1"},
    {"kind": "litellm"},
    {"temperature": 0.7},
    {"seed": 0},
    {"seed": 1},
    {"max_tokens": 4096},
    {"reasoning": True},
    {"text_cap": 400},
    {"logprobs": 5},
    {"cap_field": "max_completion_tokens"},
    {"schema_mode": "none"},
    {"schema_mode": "json_object"},
    {"extra_body": {"top_p": 0.9}},
    {"extra_body": {"top_p": 1}},
    {"script": ({"when": "a"},)},
    {"embeddings": "weights", "embeddings_sha256": "0" * 64},
    {"embeddings": "weights", "embeddings_sha256": "1" * 64},
]
OPERATIONAL: list[dict[str, Any]] = [
    {"api_key_env": "KEY"},
    {"max_concurrency": 1},
    {"attempt_timeout_s": 1},
    {"max_attempts": 1},
    {"images": False},
    {"max_images": 1},
    {"max_image_pixels": 1},
    {"image_check": "off"},
    {"answers_as": ("deployment-7",)},
    {"family": "qwen"},
    {"probe": True},
    {"price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}},
]


def test_every_setting_that_changes_an_answer_is_in_the_key() -> None:
    found = {key(a_judge(**fields)) for fields in [{}, *SEMANTIC]}
    assert len(found) == len(SEMANTIC) + 1


@pytest.mark.parametrize("fields", OPERATIONAL, ids=lambda fields: next(iter(fields)))
def test_a_setting_that_changes_no_answer_is_not_in_the_key(fields: dict[str, Any]) -> None:
    assert key(a_judge(**fields)) == key()


def test_every_setting_is_known_to_change_answers_or_not_to() -> None:
    named = {name for fields in SEMANTIC + OPERATIONAL for name in fields}
    assert named == set(JudgeSpec.model_fields)


def test_the_name_of_a_judge_is_not_in_the_key() -> None:
    one = Judge("one", a_spec(), FakeLine(), Prompts(b""), FakeCache())
    other = Judge("other", a_spec(), FakeLine(), Prompts(b"another"), FakeCache())
    assert one.key(a_matter()) == other.key(a_matter())
