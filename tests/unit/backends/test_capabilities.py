"""A probe tells what an endpoint does, and not what it takes without a word."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest
from endpoints import Endpoint
from stubjudge import StubJudge
from stubshapes import MARKER, SHAPES, Shape

from judge_service.backends.capabilities import NAMES, Capability, picture_url, probe, schema_mode
from judge_service.backends.litellm_backend import LiteLLMBackend
from judge_service.backends.openai_http import OpenAIBackend
from judge_service.domain.judge import JudgeSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stubjudge import Call

Doored = OpenAIBackend | LiteLLMBackend


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server


@pytest.fixture(params=["openai", "litellm"])
async def door(request: pytest.FixtureRequest, stub: StubJudge) -> AsyncIterator[Doored]:
    opened = door_to(stub, request.param)
    yield opened
    await opened.aclose()


def spec_of(stub: StubJudge, kind: str = "openai", **fields: Any) -> JudgeSpec:
    model = "openai/stub" if kind == "litellm" else "stub"
    return JudgeSpec.model_validate({"kind": kind, "base_url": stub.url, "model": model} | fields)


def door_to(stub: StubJudge, kind: str) -> Doored:
    spec = spec_of(stub, kind)
    return LiteLLMBackend(spec, None) if kind == "litellm" else OpenAIBackend(spec, None)


AS_PLAYED = {
    "yes": Capability("yes", ""),
    "ignores": Capability("no", ""),
    "bad_request": Capability("no", ""),
}


async def statuses(door: Doored, stub: StubJudge, endpoint: Endpoint) -> dict[str, str]:
    stub.choose = endpoint
    found = await probe(door, spec_of(stub))
    assert all(one.reason for one in found.values())
    if isinstance(door, LiteLLMBackend) and find_spec("mcp") is None:
        # litellm sends tools only where that library is installed, which nothing else here needs.
        assert found["tools"].status == "unknown"
        found["tools"] = AS_PLAYED.get(endpoint.tools, Capability("unknown", ""))
    return {name: one.status for name, one in found.items()}


ALL = dict.fromkeys(NAMES, "yes")


async def test_an_endpoint_that_can_do_everything(door: Doored, stub: StubJudge) -> None:
    assert await statuses(door, stub, Endpoint()) == ALL


@pytest.mark.parametrize("name", ["json_schema", "json_object", "tools", "logprobs", "images"])
async def test_what_is_taken_and_not_done_is_not_there(door: Doored, stub: StubJudge, name: str) -> None:
    assert await statuses(door, stub, Endpoint.only(name, "ignores")) == ALL | {name: "no"}


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_refused_is_not_there(door: Doored, stub: StubJudge, name: str) -> None:
    assert await statuses(door, stub, Endpoint.only(name, "bad_request")) == ALL | {name: "no"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", ["fault_500", "rate_bare", "reset"])
async def test_a_fault_tells_nothing_of_what_was_asked(
    door: Doored, stub: StubJudge, name: str, fault: str
) -> None:
    found = await statuses(door, stub, Endpoint.only(name, fault))
    # Of a seed, the same question without one was answered.
    assert found == ALL | {name: "unknown"}


async def test_a_picture_that_was_dropped_is_named_so(door: Doored, stub: StubJudge) -> None:
    stub.choose = Endpoint(images="ignores")
    assert (await probe(door, spec_of(stub)))["images"].reason.startswith("dropped")
    stub.choose = Endpoint(images="image_text_model")
    assert (await probe(door, spec_of(stub)))["images"].status == "no"
    stub.choose = Endpoint(counts=False)
    assert (await probe(door, spec_of(stub)))["images"].status == "unknown"


async def test_fewer_alternatives_than_needed_are_none(door: Doored, stub: StubJudge) -> None:
    stub.choose = Endpoint(alternatives=4)
    found = (await probe(door, spec_of(stub)))["logprobs"]
    assert (found.status, "only 4 alternatives" in found.reason) == ("no", True)


async def test_a_reply_that_was_cut_tells_nothing(door: Doored, stub: StubJudge) -> None:
    cut = Endpoint(json_schema="ignores", json_object="ignores", finish="length")
    found = await statuses(door, stub, cut)
    assert {found[name] for name in ("json_schema", "json_object")} == {"unknown"}


async def test_a_seed_that_repeats_nothing_is_none_and_one_that_repeats_all_tells_nothing(
    stub: StubJudge,
) -> None:
    door, said = door_to(stub, "openai"), [0]

    def fickle(call: Call) -> Shape:
        said[0] += 1
        body = (Endpoint()(call).body or b"").replace(MARKER.encode(), str(said[0]).encode())
        return replace(Endpoint()(call), body=body)

    stub.choose = fickle
    assert (await probe(door, spec_of(stub)))["seed"].status == "no"
    stub.choose = Endpoint(seed="ignores")
    assert (await probe(door, spec_of(stub)))["seed"] == Capability(
        "unknown", "two seeds gave one answer, so that equal ones tell nothing"
    )
    await door.aclose()


@pytest.mark.parametrize("shape", ["unauthorized", "fault_500", "garbage_json", "rate_bare"])
async def test_an_endpoint_that_does_not_answer_is_asked_no_more(
    door: Doored, stub: StubJudge, shape: str
) -> None:
    stub.choose = lambda _: SHAPES[shape]
    found = await probe(door, spec_of(stub))
    assert {one.status for one in found.values()} == {"unknown"}
    assert all("plain question was not answered" in one.reason for one in found.values())
    assert stub.count == 1


NO_COMPLETIONS = [
    b'{"error": {"message": "no credits", "code": 402}}',
    b'{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}',
    b"[]",
    b'{"choices": {"0": 1}}',
    b'{"choices": [null], "usage": 3}',
    b'{"choices": [{"message": "text"}]}',
    b'"text"',
]


@pytest.mark.parametrize("body", NO_COMPLETIONS)
async def test_a_200_that_is_no_completion_is_no_answer(door: Doored, stub: StubJudge, body: bytes) -> None:
    stub.choose = lambda _: Shape(body=body)
    found = await probe(door, spec_of(stub))
    assert {one.status for one in found.values()} == {"unknown"}
    assert all("plain question was not answered" in one.reason for one in found.values())
    assert stub.count == 1


async def test_a_field_that_is_answered_by_an_error_under_200_is_not_known(stub: StubJudge) -> None:
    door = door_to(stub, "openai")
    error = Shape(body=NO_COMPLETIONS[0])
    stub.choose = lambda call: error if "response_format" in call.body else Endpoint()(call)
    found = await probe(door, spec_of(stub))
    assert {found[name].status for name in ("json_schema", "json_object")} == {"unknown"}
    assert "without a completion" in found["json_schema"].reason
    assert schema_mode(found) is None
    await door.aclose()


@pytest.mark.parametrize("tag", ["think", "thinking", "Reasoning"])
async def test_thoughts_before_a_form_are_left_away(stub: StubJudge, tag: str) -> None:
    door = door_to(stub, "openai")

    def thinks(call: Call) -> Shape:
        shape = Endpoint()(call)
        reply = json.loads(shape.body or b"")
        message = reply["choices"][0]["message"]
        message["content"] = f"<{tag}>{{}}?</{tag}>\n{message['content']}"
        return replace(shape, body=json.dumps(reply).encode())

    stub.choose = thinks
    found = await probe(door, spec_of(stub))
    assert {found[name].status for name in ("json_schema", "json_object")} == {"yes"}
    await door.aclose()


async def test_no_reason_repeats_a_text_of_any_side(door: Doored, stub: StubJudge) -> None:
    for shape in ("bad_request", "image_text_model", "fault_500", "unauthorized", "garbage_html"):
        stub.choose = Endpoint(shape, shape, shape, shape, shape, shape)
        found = await probe(door, spec_of(stub))
        assert MARKER not in " ".join(one.reason for one in found.values())


async def test_a_model_that_thinks_gets_its_room(stub: StubJudge) -> None:
    door = door_to(stub, "openai")
    stub.choose = Endpoint()
    await probe(door, spec_of(stub))
    assert {call.body["max_tokens"] for call in stub.calls} == {200}
    stub.calls.clear()
    await probe(door, spec_of(stub, reasoning=True, cap_field="max_completion_tokens"))
    assert {call.body["max_completion_tokens"] for call in stub.calls} == {4 * 2048}
    await door.aclose()


def found(**told: str) -> dict[str, Capability]:
    return {name: Capability(told.get(name, "unknown"), "") for name in NAMES}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("capabilities", "mode"),
    [
        (found(json_schema="yes", json_object="no"), "json_schema"),
        (found(json_schema="no", json_object="yes"), "json_object"),
        (found(json_schema="no", json_object="no"), "none"),
        (found(json_schema="no"), None),
        (found(json_object="yes"), None),
    ],
)
def test_the_strictest_form_that_holds_is_chosen(
    capabilities: dict[str, Capability], mode: str | None
) -> None:
    assert schema_mode(capabilities) == mode


def test_the_picture_is_one() -> None:
    raw = base64.b64decode(picture_url().partition(",")[2])
    with PIL.Image.open(io.BytesIO(raw)) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (112, 112))
