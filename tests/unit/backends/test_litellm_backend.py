"""The wide door's own manners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import SCHEMA, asking
from stubjudge import StubJudge

from judge_service.backends.litellm_backend import LiteLLMBackend
from judge_service.domain.judge import JudgeSpec, SchemaMode
from judge_service.errors import BackendRejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    Doors = Callable[..., LiteLLMBackend]


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server


@pytest.fixture
async def doors(stub: StubJudge) -> AsyncIterator[Doors]:
    """Open doors to the stub, and close them all."""
    opened: list[LiteLLMBackend] = []

    def door(model: str = "openai/judge", **fields: object) -> LiteLLMBackend:
        known = {"kind": "litellm", "model": model, "base_url": stub.url}
        opened.append(LiteLLMBackend(JudgeSpec.model_validate(known | fields), None))
        return opened[-1]

    yield door
    for backend in opened:
        await backend.aclose()


async def test_a_server_of_ours_never_gets_the_key_of_another(
    doors: Doors, stub: StubJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    assert (await doors().complete(asking(), timeout_s=20)).finish == "stop"
    assert stub.calls[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("model", ["openai/judge", "hosted_vllm/judge"])
async def test_prefixes_of_compatible_servers_lead_to_the_same_request(
    doors: Doors, stub: StubJudge, model: str
) -> None:
    completion = await doors(model).complete(asking(), timeout_s=20)
    assert completion.finish == "stop"
    assert stub.calls[0].body["model"] == "judge"
    assert stub.calls[0].body["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(("mode", "asked"), [("json_object", {"type": "json_object"}), ("none", None)])
async def test_other_ways_of_asking_for_the_shape(
    doors: Doors, stub: StubJudge, mode: SchemaMode, asked: object
) -> None:
    completion = await doors(schema_mode=mode).complete(asking(), timeout_s=20)
    assert completion.schema_mode == mode
    assert stub.calls[0].body.get("response_format") == asked


async def test_each_schema_is_sent_under_its_own_name(doors: Doors, stub: StubJudge) -> None:
    door = doors()
    other = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    for prompt in (asking(), asking(schema=other, schema_name="other"), asking()):
        await door.complete(prompt, timeout_s=20)
    sent = [call.body["response_format"]["json_schema"] for call in stub.calls]
    assert [(shape["name"], shape["schema"]) for shape in sent] == [
        ("verdicts", SCHEMA),
        ("other", other),
        ("verdicts", SCHEMA),
    ]
    assert {shape["strict"] for shape in sent} == {True}


async def test_a_provider_that_litellm_does_not_know_is_rejected(doors: Doors, stub: StubJudge) -> None:
    with pytest.raises(BackendRejected):
        await doors("nobody-at-all/judge").complete(asking(), timeout_s=20)
    assert stub.count == 0
