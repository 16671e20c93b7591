"""The wide door behind the whole service: a few shapes, for its own tests have the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from serving import Process, Reply, served, speaking_to
from stubjudge import Call, StubJudge
from stubshapes import MARKER, SHAPES, Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXPECTED = {
    "normal": (200, "scored"),
    "fenced": (200, "scored"),
    "abstains": (200, "abstained"),
    "prose": (200, "unparsable"),
    "off_scale": (200, "off_scale"),
    "truncated": (200, "truncated"),
    "refusal": (200, "refused"),
    "content_filter": (200, "refused"),
    "context_openai": (200, "rejected_input"),
    "unauthorized": (502, "provider_error"),
    "rate_seconds": (503, "provider_error"),
    "fault_500": (502, "provider_error"),
    "garbage_json": (502, "provider_error"),
    "silence": (504, "timeout"),
    "drip": (504, "timeout"),
}


def by_model(call: Call) -> Shape:
    return SHAPES[call.body["model"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replies(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[dict[str, Reply], Process]]:
    async with StubJudge(choose=by_model) as stub:
        judges = {
            shape: {"kind": "litellm", "base_url": stub.url, "model": f"openai/{shape}", "max_attempts": 1}
            | {"api_key_env": "STUB_KEY"}
            for shape in EXPECTED
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STUB_KEY", "stub-key")
            with served(tmp_path_factory.mktemp("litellm"), judges) as service:
                async with speaking_to(service.url) as client:
                    await client.get("/readyz")
                    await client.score("The first one waits for the import.", judge="normal")
                    asked = (client.score(judge=shape, deadline_ms=2000) for shape in EXPECTED)
                    told = dict(zip(EXPECTED, await asyncio.gather(*asked), strict=True))
                    yield told, service


@pytest.mark.parametrize("shape", EXPECTED)
async def test_a_reply_becomes_exactly_its_outcome(
    replies: tuple[dict[str, Reply], Process], shape: str
) -> None:
    reply, (status, outcome) = replies[0][shape], EXPECTED[shape]
    assert (reply.status, reply.body["outcome"]) == (status, outcome)
    assert (reply.body.get("score") is not None) is (outcome == "scored")
    assert MARKER not in reply.raw.decode()


async def test_what_the_library_says_stays_inside(replies: tuple[dict[str, Reply], Process]) -> None:
    said = replies[1].log.read_text()
    assert MARKER not in said
    assert "stub-key" not in said
    assert all(line["event"] for line in replies[1].lines())
