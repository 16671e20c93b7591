from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

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
        (b"[" * 5_000, "a number or a nesting"),
        (b"[" * 100_000, "more values than"),
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
        "/",
    ]
    assert str(error.value) == "/rubric: Input should be a valid string (and 4 more)"
    assert "SECRET" not in str(error.value) + str(error.value.faults)


def test_a_place_is_one_that_the_body_has_or_lacks() -> None:
    """Names of types that a union tries one after another are no places of the body."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"metadata": {"note": ["SECRET"]}}, "/metadata"),
        ({"case": {}}, "/case/response"),
        ({"case": {"response": "", "images": [{}]}}, "/case/images/0/url"),
        ({"case": {"response": "", "images": ["SECRET"]}}, "/case/images/0"),
        ({"case": {"response": "", "subgroups": {"organ": 1}}}, "/case/subgroups"),
    ]
    for bad, place in cases:
        with pytest.raises(BodyRejected) as error:
            validated(BODY | bad, ScoreRequest)
        assert {found for found, _ in error.value.faults} == {place}


@pytest.mark.parametrize(
    ("bad", "places"),
    [
        ({"mode": "loud", "case": {"response": 5}}, ["/items/3/case/response", "/items/3/mode"]),
        ({"colour": "red"}, ["/items/3"]),
    ],
)
def test_a_part_of_a_body_is_pointed_at_from_the_bodys_root(bad: dict[str, Any], places: list[str]) -> None:
    with pytest.raises(BodyRejected) as caught:
        validated(BODY | bad, ScoreRequest, "/items/3")
    assert sorted(place for place, _ in caught.value.faults) == places
    assert str(caught.value).startswith("/items/3")


def test_a_mark_of_the_byte_order_is_let_pass() -> None:
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"Jane Doe": 1}, "/"),
        ({"Jane Doe": 1, "John Doe": {"Jane Doe": 1}}, "/"),
        ({"case": {"response": "", "Jane Doe": "x"}}, "/case"),
        ({"case": {"response": "", "case": "x"}}, "/case"),
        ({"case": {"response": "", "images": [{"url": "", "Jane Doe": 1}]}}, "/case/images/0"),
        ({"case": {"response": "", "subgroups": {"Jane Doe": 1, "John Doe": 2}}}, "/case/subgroups"),
        ({"metadata": {"Jane Doe": {}, "John Doe": []}}, "/metadata"),
    ],
    ids=str,
)
def test_a_key_of_the_callers_own_is_never_told(changed: dict[str, Any], place: str) -> None:
    with pytest.raises(BodyRejected) as error:
        validated(BODY | changed, ScoreRequest)
    assert [found for found, _ in error.value.faults] == [place]
    assert "Doe" not in str(error.value) + str(error.value.faults)
    assert error.value.faults[0][1].count("not known here") <= 1


class Numbers(BaseModel):
    numbers: list[int]


def test_many_faults_are_cut_short() -> None:
    with pytest.raises(BodyRejected) as error:
        validated({"numbers": ["SECRET"] * 50}, Numbers)
    assert [place for place, _ in error.value.faults] == [f"/numbers/{at}" for at in range(20)]
    assert str(error.value).endswith("(and 49 more)")


MIB = 2**20
CASE = b'{"rubric": "plain", "case": {"response": "a", '


def keys(count: int, value: bytes) -> bytes:
    return b",".join(b'"%d":%b' % (at, value) for at in range(count))


# What made the event loop stand still, or would: many containers, many keys, many faults, much to copy.
HEAVY = {
    "images that are none": CASE + b'"images": [' + b"{}," * (MIB // 3) + b"{}]}}",
    "images just under the cap": CASE + b'"images": [' + b"{}," * 4_900 + b"{}]}}",
    "unknown keys": b"{" + keys(100_000, b"1") + b"}",
    "unknown keys just under the cap": b"{" + keys(1_000, b"1") + b"}",
    "subgroups": CASE + b'"subgroups": {' + keys(1_000, b"1") + b"}}}",
    "metadata": b'{"metadata": {' + keys(1_000, b"{}") + b"}}",
    "numbers": b"[" + b"1.5," * (2 * MIB) + b"1]",
    "texts": b"[" + b'"ab",' * MIB + b"1]",
    "quotation marks": b'"' * (8 * MIB),
    "texts and nothing between": b'""' * (4 * MIB),
    "backslashes": CASE + b'"prompt": "' + b"\\\\," * MIB + b'"}}',
    "escaped quotation marks": CASE + b'"prompt": "' + b'\\",' * MIB + b'"}}',
    "escaped characters": CASE + b'"prompt": "' + b"\\u0041," * MIB + b'"}}',
    "wide characters": CASE + b'"prompt": "\\u0041' + "\U0001f9e0,".encode() * (2 * MIB) + b'"}}',
    "one long number": b"[" + b"9" * (8 * MIB) + b"]",
    "one long fraction": b"[0." + b"9" * (8 * MIB) + b"]",
    "long numbers": b"[" + b",".join([b"9" * 4_000] * 2_000) + b"]",
    "a long key": b'{"' + b"x" * (8 * MIB) + b'": 1}',
    "braces in a text": CASE + b'"prompt": "' + b"{[,]}" * (2 * MIB) + b'"}}',
}


@pytest.mark.clocked
@pytest.mark.parametrize("what", HEAVY)
def test_no_body_holds_the_event_loop_up(what: str) -> None:
    # The least of three: a collector or a tracer at work is not the body's doing, and comes and goes.
    assert min(_cpu_seconds(HEAVY[what]) for _ in range(3)) < 0.5


def _cpu_seconds(body: bytes) -> float:
    began = time.process_time()
    with pytest.raises(BodyRejected):
        validated(loads(body), ScoreRequest)
    return time.process_time() - began


@pytest.mark.parametrize("what", ["images that are none", "unknown keys", "texts", "wide characters"])
def test_no_body_fills_the_memory(what: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BodyRejected):
            validated(loads(HEAVY[what]), ScoreRequest)
        assert tracemalloc.get_traced_memory()[1] < 12 * len(HEAVY[what]) + MIB
    finally:
        tracemalloc.stop()


def test_of_many_bad_images_the_first_is_told_and_the_rest_not_looked_at() -> None:
    with pytest.raises(BodyRejected) as error:
        validated(loads(HEAVY["images just under the cap"]), ScoreRequest)
    assert error.value.faults == (("/case/images/0/url", "Field required"),)


@pytest.mark.parametrize("mark", [b"{[,", b'\\",', b"\\\\,", b'\\\\\\",', b"\\u005b,"])
def test_marks_inside_a_text_are_no_values(mark: bytes) -> None:
    raw = b'{"a": "' + mark * 20_000 + b'", "b\\"": [1, "]"]}'
    assert loads(raw) == json.loads(raw)


def test_a_body_may_have_as_many_values_as_the_cap_says() -> None:
    assert len(loads(b"[" + b"0," * 9_998 + b"0]")) == 9_999
    with pytest.raises(BodyRejected, match="more values than any request has"):
        loads(b"[" + b"0," * 9_999 + b'",,,,"]')
    assert len(loads(b"{" + keys(1_000, b"1") + b"}")) == 1_000
    with pytest.raises(BodyRejected, match="more keys than any request has"):
        loads(b"{" + keys(1_001, b"1") + b"}")


@given(values, st.booleans())
def test_a_value_beside_many_marks_is_read_as_json(value: object, escaped: bool) -> None:
    both = [value, "," * 10_001]
    assert loads(json.dumps(both, ensure_ascii=escaped).encode()) == both


def test_a_single_fault_stands_alone() -> None:
    with pytest.raises(BodyRejected, match=r"^/: Input should be a valid dictionary") as error:
        validated([], ScoreRequest)
    assert len(error.value.faults) == 1


@pytest.mark.parametrize(
    ("case", "place", "said"),
    [
        ({"refference": "x"}, "/case", "not known here (known: id, prompt, response, reference,"),
        ({"images": [{"url": "x", "caption": 1}]}, "/case/images/0", "not known here"),
    ],
)
def test_an_unknown_key_is_told_by_those_that_are_known(
    case: dict[str, object], place: str, said: str
) -> None:
    body = {"rubric": "med-cmr", "case": {"response": "r", **case}}
    with pytest.raises(BodyRejected) as error:
        validated(body, ScoreRequest)
    ((pointer, rule),) = error.value.faults
    assert (pointer, said in rule) == (place, True)
    assert not {"refference", "caption"} & set(rule.replace("(", " ").split())
