"""The probe over HTTP, against judges that look, that do not, and whose provider drops the images."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_picture, an_image, encoded
from PIL import Image
from serving import Client, Reply, openai_judge, serving
from stubjudge import IMAGE_TOKENS, TEXT_TOKENS, Call, StubJudge
from stubshapes import SHAPES, Shape, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHADES = (20, 60, 100, 160, 200)
PATH = "/v1/judges/{}/probe"


def cases(count: int = 5) -> list[dict[str, Any]]:
    """Cases that tell in words which shade their picture has."""
    return [
        {
            "prompt": "Which shade?",
            "response": f"The shade is {shade}.",
            "reference": "A shade.",
            "images": [an_image(encoded(a_picture("L", (32, 24), shade))).model_dump(mode="json")],
        }
        for shade in SHADES[:count]
    ]


def sees(call: Call) -> Shape:
    """Look: the visual criterion is high where the picture has the shade that the response says."""
    if not call.images:
        return SHAPES["truncated"]
    raw = base64.b64decode(call.images[0].partition(",")[2])
    with Image.open(io.BytesIO(raw)) as shown:
        shade = shown.convert("L").getpixel((1, 1))
    is_right = f"The shade is {shade}." in json.dumps(call.body["messages"])
    return answering({"visual_accuracy": 5 if is_right else 0})


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as judge:
        yield judge


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    judges: dict[str, Any] = {
        "default": openai_judge(stub.url),
        "textual": openai_judge(stub.url, images=False),
        "one": openai_judge(stub.url, max_images=1),
        "small": openai_judge(stub.url, max_image_pixels=100),
        "wide": {"kind": "litellm", "base_url": stub.url, "model": "openai/stub", "max_attempts": 1},
        "script": {"kind": "scripted"},
        "baseline": {"kind": "embedded"},
    }
    async with serving(judges) as speaking:
        yield speaking


async def probed(client: Client, judge: str = "default", **fields: Any) -> Reply:
    return await client.post(
        PATH.format(judge), json.dumps({"rubric": "med-cmr", "cases": cases(), **fields})
    )


async def scored(client: Client, judge: str, images: int = 1) -> Reply:
    case = cases(1)[0]
    order = {"rubric": "med-cmr", "judge": judge, "mode": "image"}
    return await client.post(
        "/v1/scores", json.dumps({**order, "case": case | {"images": case["images"] * images}})
    )


async def test_a_judge_that_looks(client: Client, stub: StubJudge) -> None:
    stub.choose = sees
    reply = await probed(client)
    assert reply.status == 200, reply.raw
    told = reply.body
    assert (told["looked"], told["judge"], told["rubric"]) == (True, "default", "med-cmr@1")
    sight = told["criteria"]["visual_accuracy"]
    assert [sight["arms"][arm]["mean"] for arm in ("as_is", "blanked", "swapped", "again")] == [
        100,
        0,
        0,
        100,
    ]
    assert sight["shifts"]["blanked"]["mean"] == -100
    assert told["criteria"]["consistency"]["looked"] is False
    assert (told["tokens_with_images"], told["tokens_without_images"]) == (
        TEXT_TOKENS + IMAGE_TOKENS,
        TEXT_TOKENS,
    )
    assert {arm: calls["asked"] for arm, calls in told["arms"].items()} == dict.fromkeys(
        ("as_is", "blanked", "swapped", "again"), 5
    )
    counted = sum(calls["usage"]["input_tokens"] for calls in told["arms"].values())
    assert counted == 20 * (TEXT_TOKENS + IMAGE_TOKENS + TEXT_TOKENS)  # with a check of each
    assert stub.count == 40


@pytest.mark.parametrize("judge", ["default", "script"])
async def test_a_judge_that_does_not_look(client: Client, judge: str) -> None:
    told = (await probed(client, judge)).body
    assert told["looked"] is False
    assert "made no difference" in told["reason"]


async def test_a_provider_that_drops_the_images(client: Client, stub: StubJudge) -> None:
    stub.drops_images = True
    told = (await probed(client)).body
    assert told["looked"] is False
    assert {arm["failures"]["images_dropped"] for arm in told["arms"].values()} == {5}
    assert told["tokens_with_images"] == told["tokens_without_images"] == TEXT_TOKENS


@pytest.mark.parametrize("judge", ["default", "wide"])
async def test_a_score_of_dropped_images_is_refused_and_names_the_model(
    client: Client, stub: StubJudge, judge: str
) -> None:
    stub.drops_images = True
    for _ in range(2):
        reply = await scored(client, judge)
        assert (reply.status, reply.body["outcome"], reply.body["score"]) == (200, "rejected_input", None)
        assert reply.body["failure"]["code"] == "images_dropped"
        assert "'stub-001'" in reply.body["reason"]
        assert reply.body["provenance"]["cache"] == "miss"
        assert [attempt["outcome"] for attempt in reply.body["provenance"]["attempts"]] == [
            "ok",
            "image_check",
        ]
    stub.drops_images = False
    assert (await scored(client, judge)).body["outcome"] == "scored"


async def test_where_no_tokens_are_told_the_score_says_so(client: Client, stub: StubJudge) -> None:
    stub.plays("no_usage")
    body = (await scored(client, "default")).body
    assert (body["outcome"], body["flags"]) == ("scored", ["images_unconfirmed"])


async def test_caps_of_a_judge_are_refused_before_any_call(client: Client, stub: StubJudge) -> None:
    many, large = await scored(client, "one", images=2), await scored(client, "small")
    assert (many.status, many.body["type"]) == (422, "urn:judge-service:problem:unfit-case")
    assert "at most 1" in many.body["detail"]
    assert (large.status, large.body["type"]) == (422, "urn:judge-service:problem:image-rejected")
    assert "at most 100" in large.body["detail"]
    assert stub.count == 0


@pytest.mark.parametrize(
    ("judge", "fields", "status", "name"),
    [
        ("nobody", {}, 404, "judge-not-found"),
        ("default", {"rubric": "nothing"}, 404, "rubric-not-found"),
        ("textual", {}, 422, "unfit-case"),
        ("baseline", {}, 422, "unfit-case"),
        ("default", {"rubric": "claim-support"}, 422, "unfit-case"),
        ("default", {"cases": [{"response": "No picture."}]}, 422, "unfit-case"),
        ("default", {"cases": []}, 422, "malformed-body"),
        ("default", {"cases": cases(1) * 21}, 422, "malformed-body"),
        ("default", {"repeats": 0}, 422, "malformed-body"),
        ("default", {"repeats": 1.0}, 422, "malformed-body"),
        ("default", {"nonsense": 1}, 422, "malformed-body"),
        ("small", {}, 422, "image-rejected"),
    ],
)
async def test_what_cannot_be_probed_is_refused(
    client: Client, stub: StubJudge, judge: str, fields: dict[str, Any], status: int, name: str
) -> None:
    reply = await probed(client, judge, **fields)
    assert (reply.status, reply.body["type"]) == (status, f"urn:judge-service:problem:{name}")
    assert stub.count == 0


@pytest.mark.parametrize(
    ("shape", "status"), [("fault_500", 502), ("rate_bare", 503), ("unauthorized", 502), ("silence", 504)]
)
async def test_a_judge_without_any_answer_is_an_error_as_of_a_score(
    client: Client, stub: StubJudge, shape: str, status: int
) -> None:
    stub.plays(shape)
    reply = await probed(client, cases=cases(2), deadline_ms=1500)
    assert (reply.status, reply.kind) == (status, "application/problem+json")


async def test_what_a_judge_fails_at_is_counted_in_its_arm(client: Client, stub: StubJudge) -> None:
    stub.choose = lambda call: SHAPES["fault_500"] if stub.count % 3 == 0 and call.images else sees(call)
    told = (await probed(client)).body
    failed = sum(arm["failures"].get("unavailable", 0) for arm in told["arms"].values())
    counted = sum(
        arm["outcomes"].get("provider_error", 0)
        for arm in told["criteria"]["visual_accuracy"]["arms"].values()
    )
    assert failed == counted > 0


PRICE = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 100}


async def test_a_probe_tells_what_it_spent_and_stops_at_its_cap(stub: StubJudge) -> None:
    priced = openai_judge(stub.url, price=PRICE, max_tokens=100, image_check="off")
    async with serving({"default": priced, "unknown": openai_judge(stub.url)}) as client:
        refused = await probed(client, max_cost_usd=0.001)
        assert (refused.status, refused.body["type"]) == (422, "urn:judge-service:problem:cost-cap")
        assert (await probed(client, "unknown", max_cost_usd=100)).status == 422
        assert stub.count == 0
        some = await probed(client, max_cost_usd=0.7)  # a call may cost more than half of it, and costs less
        asked = stub.count
        assert (some.status, 0 < asked < 20) == (422, True)
        whole = (await probed(client, max_cost_usd=100)).body
    assert sum(arm["asked"] for arm in whole["arms"].values()) == 20
    cost = (TEXT_TOKENS + IMAGE_TOKENS) * 10 + 77 * 100
    assert sum(arm["spent_microusd"] for arm in whole["arms"].values()) == (stub.count - asked) * cost


async def test_a_probe_of_unknown_price_has_spent_nobody_knows_what(client: Client) -> None:
    body = (await probed(client, cases=cases(2))).body
    assert [arm["spent_microusd"] for arm in body["arms"].values()] == [None] * 4


async def test_the_list_of_judges_tells_how_many_and_how_large_images_each_is_shown(client: Client) -> None:
    listed = (await client.get("/v1/judges")).body["judges"]
    told = {one["name"]: (one["images"], one["max_images"], one["max_image_pixels"]) for one in listed}
    assert told == {
        "default": (True, 8, None),
        "one": (True, 1, None),
        "small": (True, 8, 100),
        "textual": (False, None, None),
        "baseline": (False, None, None),
        "wide": (True, 8, None),
        "script": (True, 8, None),
    }
