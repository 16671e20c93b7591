from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.domain.request import ScoreRequest
from judge_service.errors import BodyRejected
from judge_service.strict_json import loads, validated

BODY = {"rubric": "plain", "case": {"response": "SECRET"}}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.booleans())
def test_json_is_read_as_json(value: object, escaped: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"{", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1} {"a": 2}', "not JSON: Extra data"),
        (b'{"a": "\t"}', "not JSON: Invalid control character"),
        (b'{"a": NaN}', "NaN or Infinity"),
        (b'{"a": -Infinity}', "NaN or Infinity"),
        (b'{"a": 1, "a": 1}', "a key twice"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "a key twice"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udfff": 1}', "half of a surrogate pair"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number or a nesting"),
        (b"[" * 100_000, "a number or a nesting"),
        (b'{"a": 1e400}', "a number or a nesting"),
        (b'{"a": [-1e400]}', "a number or a nesting"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        ('{"a": 1}'.encode("utf-32-le"), "not JSON"),
    ],
    ids=lambda part: repr(part[:24]),
)
def test_json_that_is_not_strict_is_refused_with_the_reason(raw: bytes, told: str) -> None:
    with pytest.raises(BodyRejected, match=told):
        loads(raw)


def test_a_whole_pair_is_a_character() -> None:
    assert loads(b'"\\ud83d\\ude42 \\\\ud800"') == "\U0001f642 \\ud800"


@given(st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode()[:-1] + b"?"))
def test_any_bytes_are_json_or_refused(raw: bytes) -> None:
    with suppress(BodyRejected):
        json.dumps(loads(raw), allow_nan=False).encode()


def test_a_body_of_the_right_shape_is_a_request() -> None:
    assert validated(BODY, ScoreRequest).case.response == "SECRET"


def test_each_fault_is_named_by_its_place_and_quotes_nothing() -> None:
    bad = {
        "rubric": 7,
        "case": {"response": ["SECRET"], "images": [{"url": 1}]},
        "mode": "SECRET",
        "a/b~c": 1,
    }
    with pytest.raises(BodyRejected) as error:
        validated(bad, ScoreRequest)
    assert [place for place, _ in error.value.faults] == [
        "/rubric",
        "/case/response",
        "/case/images/0/url",
        "/mode",
        "/a~1b~0c",
    ]
    assert str(error.value) == "/rubric: Input should be a valid string (and 4 more)"
    assert "SECRET" not in str(error.value) + str(error.value.faults)


def test_a_place_is_one_that_the_body_has_or_lacks() -> None:
    """Names of types that a union tries one after another are no places of the body."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"metadata": {"note": ["SECRET"]}}, "/metadata/note"),
        ({"case": {}}, "/case/response"),
        ({"case": {"response": "", "images": [{}]}}, "/case/images/0/url"),
        ({"case": {"response": "", "images": ["SECRET"]}}, "/case/images/0"),
        ({"case": {"response": "", "subgroups": {"organ": 1}}}, "/case/subgroups/organ"),
    ]
    for bad, place in cases:
        with pytest.raises(BodyRejected) as error:
            validated(BODY | bad, ScoreRequest)
        assert {found for found, _ in error.value.faults} == {place}


def test_a_mark_of_the_byte_order_is_let_pass() -> None:
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_many_faults_and_long_keys_are_cut_short() -> None:
    with pytest.raises(BodyRejected) as error:
        validated(BODY | {f"{at:03}" + "x" * 500: 1 for at in range(50)}, ScoreRequest)
    assert len(error.value.faults) == 20
    assert max(len(place) for place, _ in error.value.faults) == 49
    assert str(error.value).endswith("(and 49 more)")


def test_a_single_fault_stands_alone() -> None:
    with pytest.raises(BodyRejected, match=r"^/: Input should be a valid dictionary") as error:
        validated([], ScoreRequest)
    assert len(error.value.faults) == 1
