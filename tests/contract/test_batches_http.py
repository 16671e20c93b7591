"""Many cases in one call: each is answered as it would be alone, and harms no neighbour. Over real sockets."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import pytest_asyncio
from serving import Client, Reply, openai_judge, order, serving
from stubjudge import Call, StubJudge
from stubshapes import SHAPES, Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = 256
BAD_AT = 100
NDJSON = {"Accept": "application/x-ndjson"}
MISBEHAVING = ("normal", "rate_seconds", "unauthorized", "reset", "garbage_json", "silence", "refusal")
UNREADABLE = "data:image/png;base64,AAAA"


def by_model(call: Call) -> Shape:
    return SHAPES[call.body["model"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge(choose=by_model) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    judges: dict[str, Any] = {
        "default": {"kind": "scripted"},
        "shown_one": {"kind": "scripted", "max_images": 1},
    }
    judges |= {shape: openai_judge(stub.url, model=shape) for shape in MISBEHAVING}
    async with serving(judges, body_cap_mib=1) as speaking:
        yield speaking


async def post(
    client: Client, items: list[Any], /, *, headers: dict[str, str] | None = None, **fields: Any
) -> Reply:
    body = json.dumps({"items": items, **fields})
    return await client.post("/v1/scores:batch", body, headers=headers)


def items_of(reply: Reply) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.raw
    found: list[dict[str, Any]] = reply.body["items"]
    return found


class Bad(NamedTuple):
    """An item's fields beside those of a sound one, and how it is answered."""

    fields: dict[str, Any] | int
    status: int
    problem: str


EVERY_FAULT: dict[str, Bad] = {
    "no object": Bad(5, 422, "malformed-body"),
    "no response": Bad({"case": {"response": None}}, 422, "malformed-body"),
    "an unknown key": Bad({"colour": "red"}, 422, "malformed-body"),
    "a number as a text": Bad({"samples": "3"}, 422, "malformed-body"),
    "a name too long": Bad({"custom_id": "x" * 129}, 422, "malformed-body"),
    "no such rubric": Bad({"rubric": "none"}, 404, "rubric-not-found"),
    "no such judge": Bad({"judge": "none"}, 404, "judge-not-found"),
    "no such map": Bad({"calibration": "sha256:" + "0" * 64}, 404, "map-not-found"),
    "not in the cache": Bad({"cache": "only"}, 404, "cache-miss"),
    "no picture": Bad(
        {
            "rubric": "med-cmr",
            "mode": "image",
            "case": {"prompt": "What is it?", "images": [{"url": UNREADABLE}]},
        },
        422,
        "image-rejected",
    ),
    "too many pictures": Bad(
        {
            "judge": "shown_one",
            "rubric": "med-cmr",
            "mode": "image",
            "case": {"prompt": "What is it?", "images": [{"url": UNREADABLE}] * 2},
        },
        422,
        "unfit-case",
    ),
    "a cap and no price": Bad({"judge": "normal", "max_cost_usd": 1}, 422, "cost-cap"),
    "a busy judge": Bad({"judge": "rate_seconds", "deadline_ms": 900}, 503, "judge-busy"),
    "a judge without our key": Bad({"judge": "unauthorized"}, 502, "judge-rejected"),
    "a judge that hangs up": Bad({"judge": "reset"}, 502, "judge-unavailable"),
    "a judge that babbles": Bad({"judge": "garbage_json"}, 502, "judge-broken-reply"),
    "a silent judge": Bad({"judge": "silence", "deadline_ms": 300}, 504, "judge-timeout"),
}


def item(at: int, fields: dict[str, Any] | int | None = None) -> Any:
    if isinstance(fields, int):
        return fields
    return (
        order(f"Pneumonia on the right, {at}.", **(fields or {}))
        | {"custom_id": f"item {at}"}
        | {key: value for key, value in (fields or {}).items() if key != "case"}
    )


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_one_bad_item_among_256_has_its_own_problem_and_255_are_scored(
    client: Client, fault: str
) -> None:
    fields, status, problem = EVERY_FAULT[fault]
    given = [item(at, fields if at == BAD_AT else None) for at in range(MANY)]
    reply = await post(client, given)
    told = items_of(reply)
    assert [each["index"] for each in told] == list(range(MANY))
    good = [each for each in told if each["index"] != BAD_AT]
    assert {(each["status"], each["score"]["outcome"], each["problem"]) for each in good} == {
        (200, "scored", None)
    }
    assert [each["custom_id"] for each in good] == [f"item {each['index']}" for each in good]
    bad = told[BAD_AT]
    assert (bad["status"], bad["score"]) == (status, None)
    assert (bad["problem"]["type"], bad["problem"]["status"]) == (
        f"urn:judge-service:problem:{problem}",
        status,
    )
    counts = reply.body["counts"]
    assert counts.pop("scored") == MANY - 1
    assert list(counts.values()) == [1]
    await _is_as_alone(client, given[BAD_AT], bad)


async def _is_as_alone(client: Client, given: Any, told: dict[str, Any]) -> None:
    alone = dict(given) if isinstance(given, dict) else given
    if isinstance(alone, dict) and alone.pop("custom_id") != f"item {BAD_AT}":
        return  # a single request has no name that could be at fault
    single = await client.post("/v1/scores", json.dumps(alone))
    here, there = told["problem"], single.body
    untold = {"spent_microusd"}  # where one of the two asked the judge, and nobody knows what that cost
    assert (here["status"], here.keys() - untold) == (single.status, there.keys() - untold)
    same = ("type", "title", "retryable", "outcome", "code")
    assert [here.get(key) for key in same] == [there.get(key) for key in same]
    assert [fault["pointer"] for fault in here["errors"]] == [
        f"/items/{BAD_AT}{fault['pointer']}".removesuffix("/") for fault in there["errors"]
    ]
    if "Retry-After" in single.headers:
        waits = (int(single.headers["Retry-After"]), told["retry_after_s"])
        assert 1 <= min(waits) <= max(waits) <= 9  # the judge's 7 s, with jitter


async def test_each_is_told_as_it_would_be_alone(client: Client) -> None:
    (told,) = items_of(await post(client, [order(cache="refresh")]))
    alone = (await client.score(cache="refresh")).body
    for score in (told["score"], alone):
        del score["id"]
        for attempt in score["provenance"]["attempts"]:
            attempt["latency_ms"] = attempt["waited_ms"] = 0
    assert told["score"] == alone


async def test_an_outcome_without_a_number_is_a_score_and_counted(client: Client) -> None:
    reply = await post(
        client,
        [order("Pneumonia."), order("Pneumonia.", judge="refusal"), order("Pneumonia.", judge="reset"), {}],
    )
    assert reply.body["counts"] == {"scored": 1, "refused": 1, "provider_error": 1, "malformed_body": 1}
    assert [each["status"] for each in items_of(reply)] == [200, 200, 502, 422]
    assert items_of(reply)[1]["score"]["score"] is None


async def test_defaults_hold_where_an_item_says_nothing_else(client: Client) -> None:
    case = order()["case"]
    own = {"case": case, "rubric": "med-cmr", "metadata": {"own": 1}}
    told = items_of(
        await post(
            client, [{"case": case}, own], defaults={"rubric": "medical-qa", "metadata": {"run": "r7"}}
        )
    )
    scores = [each["score"] for each in told]
    assert [score["provenance"]["rubric"] for score in scores] == ["medical-qa@1", "med-cmr@1"]
    assert [score["metadata"] for score in scores] == [{"run": "r7"}, {"own": 1}]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": [order()] * (MANY + 1)}, "/items"),
        ({"items": {}}, "/items"),
        ({}, "/items"),
        ({"items": [order()], "rubric": "med-cmr"}, "/"),
        ({"items": [order()], "deadline_ms": 0}, "/deadline_ms"),
        ({"items": [order()], "max_cost_usd": "1"}, "/max_cost_usd"),
        ({"items": [order()], "defaults": []}, "/defaults"),
        ({"items": [order()], "defaults": {"mode": "loud"}}, "/defaults/mode"),
        ({"items": [order()], "defaults": {"case": {"response": "r"}}}, "/defaults/case"),
        ({"items": [order()], "defaults": {"custom_id": "one"}}, "/defaults"),
    ],
)
async def test_what_is_no_batch_is_refused_whole(
    client: Client, fields: dict[str, Any], pointer: str
) -> None:
    reply = await client.post("/v1/scores:batch", json.dumps(fields))
    assert (reply.status, reply.body["type"]) == (422, "urn:judge-service:problem:malformed-body")
    assert [fault["pointer"] for fault in reply.body["errors"]] == [pointer]


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"items": [{"a": NaN}]}', b'{"items": [{"a": 1, "a": 1}]}'])
async def test_what_is_no_strict_json_is_refused_whole(client: Client, raw: bytes) -> None:
    assert (await client.post("/v1/scores:batch", raw)).status == 422


async def test_a_body_of_another_kind_or_size_is_refused_whole(client: Client) -> None:
    sent = [("text/csv", b"a,b", 415), ("application/json", io.BytesIO(b" " * (1024 * 1024 + 1)), 413)]
    for kind, raw, status in sent:
        assert (await client.post("/v1/scores:batch", raw, headers={"Content-Type": kind})).status == status


async def test_256_items_of_many_values_each_are_taken(client: Client) -> None:
    metadata = {str(at): at for at in range(32)}
    subgroups = {str(at): "x" for at in range(16)}
    given = [order("Rest.", case={"subgroups": subgroups}, metadata=metadata) for _ in range(MANY)]
    assert (await post(client, given)).body["counts"] == {"scored": MANY}


@pytest.mark.parametrize("tenant", ["", "x" * 65, "caf\xe9", " ", "a\tb"])
async def test_what_is_no_tenant_is_refused(client: Client, tenant: str) -> None:
    reply = await post(client, [order()], headers={"X-Tenant": tenant})
    assert (reply.status, reply.body["type"]) == (422, "urn:judge-service:problem:tenant-rejected")


@pytest.mark.parametrize("tenant", ["a", "clinic 7 / ward", "~" * 64])
async def test_a_tenant_is_a_short_text(client: Client, tenant: str) -> None:
    assert (await post(client, [order()], headers={"X-Tenant": tenant})).status == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/json;q=0.5, application/x-ndjson", "application/x-ndjson"),
    ],
)
async def test_lines_are_sent_to_those_who_want_them(client: Client, accept: str | None, kind: str) -> None:
    reply = await post(client, [order()], headers={"Accept": accept} if accept else None)
    assert (reply.status, reply.kind) == (200, kind)


async def test_lines_and_document_hold_the_same(client: Client) -> None:
    given = [item(at, {"rubric": "none"} if at == 3 else None) for at in range(20)]
    whole = (await post(client, given)).body
    *lines, end = [json.loads(line) for line in (await post(client, given, headers=NDJSON)).raw.splitlines()]
    assert end == {"done": True, "counts": whole["counts"], "spent": end["spent"]}
    assert sorted(line["index"] for line in lines) == list(range(20))
    found = {line["index"]: (line["custom_id"], line["status"], line["problem"] is None) for line in lines}
    assert found == {
        each["index"]: (each["custom_id"], each["status"], each["problem"] is None) for each in whole["items"]
    }
