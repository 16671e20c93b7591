"""Image mode: the judge is shown pixels and nothing else of the file, and the answer names them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from serving import Client, openai_judge, serving
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HIDDEN = "NAME OF A PATIENT"


def a_picture(colour: str = "navy") -> str:
    """A PNG that carries a name in its text chunks."""
    hidden = PngInfo()
    hidden.add_text("Comment", HIDDEN)
    out = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(out, "PNG", pnginfo=hidden)
    assert HIDDEN.encode() in out.getvalue()
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as judge:
        yield judge


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    judges = {"default": openai_judge(stub.url), "blind": openai_judge(stub.url, images=False)}
    async with serving({**judges, "embedded": {"kind": "embedded"}}) as speaking:
        yield speaking


def asked(*pictures: str, **fields: Any) -> dict[str, Any]:
    images = [{"role": "question", "url": picture} for picture in pictures]
    case = {"response": "A blue field.", "reference": "A blue field.", "prompt": "What is shown?"}
    return {"rubric": "med-cmr", "case": {**case, "images": images, **fields.pop("case", {})}, **fields}


async def test_the_judge_is_shown_clean_pixels_and_the_answer_names_them(
    client: Client, stub: StubJudge
) -> None:
    reply = await client.post("/v1/scores", json.dumps(asked(a_picture())))
    assert (reply.status, reply.body["outcome"]) == (200, "scored")
    assert reply.body["provenance"]["mode"] == "image"
    (_, user) = stub.calls[0].body["messages"]
    (shown,) = [part["image_url"]["url"] for part in user["content"] if part["type"] == "image_url"]
    sent = base64.b64decode(shown.removeprefix("data:image/png;base64,"))
    assert HIDDEN.encode() not in sent
    assert reply.body["provenance"]["images"] == [hashlib.sha256(sent).hexdigest()]
    with Image.open(io.BytesIO(sent)) as seen:
        assert (seen.size, seen.convert("RGB").getpixel((3, 3))) == ((32, 24), (0, 0, 128))


async def test_another_picture_is_another_case(client: Client, stub: StubJudge) -> None:
    for colour in ("navy", "navy", "white"):
        await client.post("/v1/scores", json.dumps(asked(a_picture(colour))))
    shown = [call.images for call in stub.calls if call.images]
    assert len(shown) == len({images[0] for images in shown}) == 2
    assert stub.count == 3  # and once without, to see whether images arrive


async def test_text_and_image_mode_are_two_instruments(client: Client, stub: StubJudge) -> None:
    described = asked(a_picture(), case={"visual_description": "A blue field."})
    text = await client.post("/v1/scores", json.dumps(described))
    image = await client.post("/v1/scores", json.dumps({**described, "mode": "image"}))
    assert [r.body["provenance"]["mode"] for r in (text, image)] == ["text", "image"]
    assert [r.body["provenance"]["cache"] for r in (text, image)] == ["miss", "miss"]
    assert "images_not_shown" in text.body["flags"]
    assert "A blue field." not in json.dumps(stub.calls[1].body["messages"][0])
    assert "image_description" not in json.dumps(stub.calls[1].body["messages"])


async def test_a_judge_that_cannot_see_is_not_shown_images(client: Client, stub: StubJudge) -> None:
    refused = await client.post("/v1/scores", json.dumps(asked(a_picture(), judge="blind", mode="image")))
    assert (refused.status, refused.body["type"]) == (422, "urn:judge-service:problem:unfit-case")
    chosen = await client.post("/v1/scores", json.dumps(asked(a_picture(), judge="blind")))
    assert chosen.body["criteria"]["visual_accuracy"]["outcome"] == "missing_input"
    assert chosen.body["score"] is None
    assert stub.count == 1


async def test_the_embedded_judge_abstains_from_what_it_cannot_see(client: Client) -> None:
    reply = await client.post("/v1/scores", json.dumps(asked(a_picture(), judge="embedded")))
    verdicts = reply.body["criteria"]
    assert verdicts["visual_accuracy"]["outcome"] == "abstained"
    assert verdicts["ground_truth"]["outcome"] == "scored"
    assert (reply.body["outcome"], reply.body["score"]) == ("abstained", None)


@pytest.mark.parametrize(
    "url", ["https://example.org/x.png", "data:image/svg+xml;base64,PHN2Zy8+", "data:image/png;base64,AAAA"]
)
async def test_addresses_and_what_is_no_image_are_refused(client: Client, stub: StubJudge, url: str) -> None:
    reply = await client.post("/v1/scores", json.dumps(asked(url)))
    assert (reply.status, reply.body["type"]) == (422, "urn:judge-service:problem:image-rejected")
    assert reply.body["detail"].startswith("images[0]:")
    assert stub.count == 0
