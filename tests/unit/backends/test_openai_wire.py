"""The chat completions format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from asking import SCHEMA, asking
from builders import a_criterion, a_nominal_scale, a_prompt, a_spec
from hypothesis import given
from hypothesis import strategies as st
from tokens import a_token, wire

from judge_service.backends.base import Completion, Token, Usage
from judge_service.backends.openai_wire import (
    NotACompletion,
    completion_of,
    request_body,
    schema_of,
    settings,
)
from judge_service.domain.judge import JudgeSpec, SchemaMode
from judge_service.prompts import answer_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = JudgeSpec(kind="openai", base_url="http://127.0.0.1:1/v1", model="judge")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def read(
    message: object = None, *, finish: object = "stop", usage: object = None, spec: JudgeSpec = SPEC
) -> Completion:
    said = {"content": "x"} if message is None else message
    reply = {"choices": [{"message": said, "finish_reason": finish}], "usage": usage}
    return completion_of(reply, spec, asking())


def test_plain_text_stays_one_string() -> None:
    body = request_body(SPEC, asking())
    assert body["messages"] == [
        {"role": "system", "content": asking().system},
        {"role": "user", "content": asking().user},
    ]
    assert "seed" not in body


def test_a_reminder_follows_the_question() -> None:
    messages = request_body(SPEC, asking().reminded("Only JSON."))["messages"]
    assert isinstance(messages, list)
    assert messages[1]["content"] == f"{asking().user}\n\nOnly JSON."


@pytest.mark.parametrize(
    ("mode", "asked"),
    [
        (
            "json_schema",
            {"type": "json_schema", "json_schema": {"name": "verdicts", "strict": True, "schema": SCHEMA}},
        ),
        ("json_object", {"type": "json_object"}),
        ("none", None),
    ],
)
def test_the_shape_is_asked_for_in_the_judges_own_way(mode: SchemaMode, asked: object) -> None:
    body = request_body(SPEC.model_copy(update={"schema_mode": mode}), asking())
    assert body.get("response_format") == asked


def test_more_room_is_asked_for_when_the_prompt_is_roomier() -> None:
    assert request_body(SPEC, asking().roomier())["max_tokens"] == 1024


def test_further_fields_have_the_last_word() -> None:
    spec = SPEC.model_copy(
        update={"extra_body": {"temperature": 0.3, "chat_template_kwargs": {"enable_thinking": False}}}
    )
    body = request_body(spec, asking())
    assert body["temperature"] == 0.3
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("tokens", "finish"),
    [(511, "stop"), (512, "length"), (513, "length")],
)
@pytest.mark.parametrize("cap_field", ["max_tokens", "max_completion_tokens"])
def test_a_stop_at_the_cap_that_was_sent_is_a_cut(cap_field: str, tokens: int, finish: str) -> None:
    spec = SPEC.model_copy(update={"cap_field": cap_field})
    assert read(usage={"completion_tokens": tokens}, spec=spec).finish == finish


def test_a_refusal_outweighs_the_reason_to_stop() -> None:
    assert read({"content": None, "refusal": "no"}).finish == "refusal"
    assert read({"content": [{"type": "refusal", "refusal": "no"}]}).finish == "refusal"
    assert read({"content": "x", "refusal": None}).finish == "stop"


def test_only_text_parts_are_the_answer() -> None:
    parts = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]
    assert read({"content": parts, "reasoning_content": "hm"}).text == "ab"


@given(JSON)
def test_odd_counts_are_unknown_and_never_numbers_of_ours(count: object) -> None:
    usage = read(usage={"prompt_tokens": count, "completion_tokens": count}).usage
    known = count if type(count) is int and count >= 0 else None
    assert usage == Usage(known, known)


@given(JSON)
def test_nothing_but_an_object_with_choices_is_a_completion(reply: object) -> None:
    for shaped in (reply, {"choices": reply}, {"choices": [reply]}):
        with pytest.raises(NotACompletion):
            completion_of(shaped, SPEC, asking())


@given(JSON, JSON, JSON)
def test_a_completion_is_always_well_typed(content: object, finish: object, usage: object) -> None:
    try:
        completion = read({"content": content}, finish=finish, usage=usage)
    except NotACompletion:
        assert content is not None
        assert not isinstance(content, str)
        return
    assert isinstance(completion.text, str)
    assert completion.finish in {"stop", "length", "refusal", "content_filter", "other"}


def test_texts_and_quotations_are_bounded_where_the_server_keeps_to_it() -> None:
    criterion = a_criterion("type")  # a name that is a word of schemas
    plain = answer_schema([criterion, a_criterion("stance", scale=a_nominal_scale())])
    prompt = replace(asking(), schema=plain)
    assert schema_of(prompt, SPEC) == plain
    found = schema_of(prompt, SPEC.model_copy(update={"text_cap": 40}))
    jsonschema.Draft202012Validator.check_schema(found)
    answer = {"rationale": "x" * 40, "evidence": ["y" * 40] * 4, "level": 3}
    other = {"rationale": "", "evidence": [], "level": "supported"}
    assert accepts(found, {"type": answer, "stance": other})
    for broken in ({"rationale": "x" * 41}, {"evidence": ["y" * 41]}, {"evidence": ["y"] * 5}):
        assert accepts(plain, {"type": answer | broken, "stance": other})
        assert not accepts(found, {"type": answer | broken, "stance": other})
    assert "text_cap" not in SPEC.sampling
    assert SPEC.model_copy(update={"text_cap": 40}).sampling["text_cap"] == 40


def accepts(schema: Mapping[str, object], answer: object) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(answer))


def tokens_of(told: object, **spec: Any) -> tuple[Token, ...] | None:
    reply = {"choices": [{"message": {"content": "4"}, "finish_reason": "stop", "logprobs": told}]}
    return completion_of(reply, a_spec(**spec), a_prompt()).tokens


def test_tokens_are_asked_for_and_read_where_the_settings_say_so() -> None:
    token = a_token("4", 0.5, {"3": 0.5})
    body = request_body(a_spec(logprobs=5), a_prompt())
    assert (body["logprobs"], body["top_logprobs"]) == (True, 5)
    assert "logprobs" not in request_body(a_spec(), a_prompt())
    for with_bytes in (True, False):
        (found,) = tokens_of(wire([token], with_bytes=with_bytes), logprobs=5) or ()
        assert (found.said, found.logprob) == (token.said, token.logprob)
        assert set(token.others) < set(found.others)
    assert tokens_of(wire([token])) is None


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": 4},
        {"content": [4]},
        {"content": [{"token": "4"}]},
        {"content": [{"token": "4", "logprob": "0"}]},
        {"content": [{"token": "4", "logprob": 0, "bytes": [400]}]},
        {"content": [{"token": "4", "logprob": 0, "top_logprobs": [1]}]},
    ],
    ids=str,
)
def test_tokens_of_another_shape_are_none_and_harm_no_answer(logprobs: object) -> None:
    assert tokens_of(logprobs, logprobs=5) == ()


def test_a_seed_moves_with_the_sample() -> None:
    spec = a_spec(seed=7, temperature=1.0)
    assert [settings(spec, a_prompt(sample=at))["seed"] for at in range(3)] == [7, 8, 9]
