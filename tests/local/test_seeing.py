"""Image mode of a real vLLM with random weights: images arrive, are missed where they do not, and can be probed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from builders import a_picture, an_image, encoded
from local.stripping import stripping
from serving import Client, Reply, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local_server import Local

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOMY_MS = 300_000
SIZE = 112  # sixteen tokens of 28 x 28 pixels
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 40), (20, 20, 20)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(vision_server: Local) -> AsyncIterator[Client]:
    """A judge at the server, and one behind a gateway that drops images."""
    _, _, value = vision_server.binding.partition("=")
    plain = json.loads(value.strip("'"))["default"]
    plain |= {"attempt_timeout_s": 120, "max_attempts": 8, "text_cap": 60}
    async with stripping(plain["base_url"]) as gateway:
        judges = {"default": plain, "gateway": plain | {"base_url": gateway}}
        async with serving(judges) as speaking:
            yield speaking


def a_case(at: int, images: int = 1) -> dict[str, Any]:
    picture = an_image(encoded(a_picture(size=(SIZE, SIZE), colour=COLOURS[at]))).model_dump(mode="json")
    roles = ("question", "response", "reference")[:images]
    return {
        "prompt": "Which colour?",
        "response": f"Colour number {at}.",
        "reference": "A colour.",
        "images": [picture | {"role": role} for role in roles],
    }


async def scored(client: Client, case: dict[str, Any], **fields: Any) -> Reply:
    order = {"rubric": "med-cmr", "mode": "image", "cache": "off", "deadline_ms": ROOMY_MS}
    return await client.post("/v1/scores", json.dumps({**order, "case": case, **fields}))


async def test_a_score_in_image_mode_is_confirmed_by_the_tokens_of_its_images(client: Client) -> None:
    body = (await scored(client, a_case(0, images=3))).body
    provenance = body["provenance"]
    assert (provenance["mode"], len(provenance["images"])) == ("image", 3)
    assert {verdict["outcome"] for verdict in body["criteria"].values()} <= {"scored", "abstained"}
    assert "images_unconfirmed" not in body["flags"]
    shown, check = provenance["attempts"][0], provenance["attempts"][-1]
    assert check["outcome"] == "image_check"
    # Sixteen for each, and one before and one behind them.
    assert shown["input_tokens"] - check["input_tokens"] == 3 * (16 + 2)
    assert check["output_tokens"] == 1
    after = (await scored(client, a_case(1))).body
    assert "image_check" not in [attempt["outcome"] for attempt in after["provenance"]["attempts"]]


async def test_images_that_a_gateway_drops_are_named_and_not_scored(client: Client) -> None:
    body = (await scored(client, a_case(0), judge="gateway", cache="use")).body
    sys.stdout.write(f"\ndropped: {body['reason']}\n")
    assert (body["outcome"], body["score"], body["failure"]["code"]) == (
        "rejected_input",
        None,
        "images_dropped",
    )
    assert "judge model 'vision-" in body["reason"]
    assert "the provider counted" in body["reason"]
    again = await scored(client, a_case(0), judge="gateway", cache="only")
    assert again.status == 404


async def test_more_images_than_the_server_takes_are_told(client: Client) -> None:
    case = a_case(0)
    body = (await scored(client, case | {"images": case["images"] * 5})).body
    assert (body["outcome"], body["failure"]["code"]) == ("rejected_input", "bad_image")


async def test_the_probe_reports_of_a_model_of_random_weights(client: Client) -> None:
    order = {"rubric": "med-cmr", "cases": [a_case(at) for at in range(5)]}
    reply = await client.post("/v1/judges/default/probe", json.dumps(order))
    assert reply.status == 200, reply.raw
    told = reply.body
    sys.stdout.write(f"\nprobe: looked {told['looked']}, {told['reason']}\n{json.dumps(told['arms'])}\n")
    assert {arm: calls["asked"] for arm, calls in told["arms"].items()} == dict.fromkeys(
        ("as_is", "blanked", "swapped", "again"), 5
    )
    # What is computed beside it may change an answer even at temperature 0: that is its noise, and is only told.
    assert set(told["criteria"]["visual_accuracy"]["shifts"]) == {"blanked", "swapped", "again"}
    assert told["tokens_with_images"] > told["tokens_without_images"]
    for criterion in told["criteria"].values():
        assert {arm["answers"] for arm in criterion["arms"].values()} == {5}


async def test_the_probe_says_that_a_gateway_shows_nothing(client: Client) -> None:
    order = {"rubric": "med-cmr", "cases": [a_case(at) for at in range(2)]}
    told = (await client.post("/v1/judges/gateway/probe", json.dumps(order))).body
    assert told["looked"] is False
    assert "dropped" in told["reason"]
    assert told["tokens_with_images"] == told["tokens_without_images"]
