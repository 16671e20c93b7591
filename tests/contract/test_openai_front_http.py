"""OpenAI's files and batches over HTTP: what comes in, what is refused, and that all of it is jobs."""

from __future__ import annotations

import asyncio
import io
import json
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from serving import Client, Reply, order, serving, settings_of

from judge_service.domain.job import BYTES_CAP
from judge_service.main import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DOCUMENT = create_app(settings_of()).openapi()
OTHER = {"X-Tenant": "other"}
MIB = 2**20


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving() as speaking:
        yield speaking


def lines(count: int, *more: str) -> bytes:
    made = [
        json.dumps(
            {"custom_id": f"c{n}", "method": "POST", "url": "/v1/scores", "body": order(f"Finding {n}.")}
        )
        for n in range(count)
    ]
    return "".join(f"{line}\n" for line in [*made, *more]).encode()


async def upload(client: Client, content: bytes, *, headers: Any = None, **fields: str) -> Reply:
    form = aiohttp.FormData()
    for name, value in ({"purpose": "batch"} | fields).items():
        form.add_field(name, value)
    form.add_field("file", io.BytesIO(content), filename="in.jsonl", content_type="application/octet-stream")
    return await client.send("POST", "/v1/files", data=form, headers=headers)


async def batch(client: Client, file: str, *, headers: Any = None, **fields: Any) -> Reply:
    body = {"input_file_id": file, "endpoint": "/v1/scores", "completion_window": "24h", **fields}
    return await client.post("/v1/batches", json.dumps(body), headers=headers)


async def ended(client: Client, name: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            told = (await client.get(f"/v1/batches/{name}")).body
            if told["status"] == "completed":
                return told
            await asyncio.sleep(0.02)


def fits(reply: Reply, schema: str) -> None:
    told = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    Draft202012Validator(told).validate(reply.body)


def is_problem(reply: Reply, status: int, code: str, param: str | None = None) -> None:
    assert (reply.status, reply.kind) == (status, "application/problem+json"), reply.raw
    fits(reply, "FrontProblem")
    assert reply.body["type"] == f"urn:judge-service:problem:{code}"
    error = reply.body["error"]
    assert error["message"] == reply.body["detail"]
    assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    assert (error["code"], error.get("param")) == (code, param)


async def test_a_batch_is_a_job_and_its_files_are_the_jobs(client: Client) -> None:
    sent = lines(3, "no line")
    file = await upload(
        client, sent, **{"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    )
    assert file.status == 200
    fits(file, "BatchFile")
    assert file.body["expires_at"] - file.body["created_at"] == 3600
    assert (file.body["bytes"], file.body["filename"]) == (len(sent), "in.jsonl")
    made = await batch(
        client,
        file.body["id"],
        metadata={"run": "7"},
        output_expires_after={"anchor": "created_at", "seconds": 7200},
    )
    fits(made, "Batch")
    told = await ended(client, made.body["id"])
    assert told["request_counts"] == {"total": 4, "completed": 3, "failed": 1}
    assert (told["metadata"], told["input_file_id"]) == ({"run": "7"}, file.body["id"])
    assert (told["completion_window"], told["errors"]) == ("24h", None)
    assert told["expires_at"] - told["created_at"] == 86_400
    job = made.body["id"].replace("batch_", "job_")
    seen = (await client.get(f"/v1/jobs/{job}")).body
    assert (seen["state"], seen["counts"]) == ("completed", told["request_counts"])
    assert (seen["kept_until"] - seen["completed_at"], seen["input_file_id"]) == (7200, file.body["id"])
    for kind, purpose in (("output_file_id", "results"), ("error_file_id", "errors")):
        about = await client.get(f"/v1/files/{told[kind]}")
        fits(about, "BatchFile")
        content = await client.get(f"/v1/files/{told[kind]}/content")
        assert content.raw == (await client.get(f"/v1/jobs/{job}/{purpose}")).raw
        head = await client.send("HEAD", f"/v1/files/{told[kind]}/content")
        assert (head.status, head.raw, head.headers["ETag"]) == (200, b"", content.headers["ETag"])
        assert head.headers["Content-Length"] == content.headers["Content-Length"]
        assert (about.body["bytes"], about.body["purpose"]) == (len(content.raw), "batch_output")
        assert about.body["expires_at"] == int(seen["kept_until"])
    bad = json.loads(content.raw)
    assert (bad["custom_id"], bad["error"]["code"], bad["error"]["line"]) == (None, "bad_line", 4)


async def test_a_job_is_a_batch_too(client: Client) -> None:
    kind = {"Content-Type": "application/x-ndjson"}
    job = await client.post("/v1/jobs?expires_in_s=5400", lines(1), headers=kind)
    name = job.body["id"].replace("job_", "batch_")
    told = await ended(client, name)
    assert (told["input_file_id"], told["completion_window"]) == (None, "1.5h")
    assert (told["error_file_id"], told["output_file_id"]) == (None, f"file-{name[6:]}-results")
    is_problem(await client.get(f"/v1/files/file-{name[6:]}-errors"), 404, "file-not-found")
    is_problem(await client.get(f"/v1/files/file-{name[6:]}-errors/content"), 404, "file-not-found")


async def test_a_range_of_a_file_is_exact(client: Client) -> None:
    sent = lines(3) * 4000  # some blocks
    name = (await upload(client, sent)).body["id"]
    path = f"/v1/files/{name}/content"
    assert (await client.get(path)).raw == sent
    for asked, start, end in (
        ("0-9", 0, 10),
        (f"{MIB - 5}-{MIB + 5}", MIB - 5, MIB + 6),
        ("-7", len(sent) - 7, len(sent)),
    ):
        part = await client.send("GET", path, headers={"Range": f"bytes={asked}"})
        assert (part.status, part.raw) == (206, sent[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(sent)}"
    beyond = await client.send("GET", path, headers={"Range": f"bytes={len(sent)}-"})
    is_problem(beyond, 416, "beyond-the-end")


async def test_an_idempotency_key_makes_one_batch(client: Client) -> None:
    name = (await upload(client, lines(2))).body["id"]
    key = {"Idempotency-Key": "once"}
    first = await batch(client, name, headers=key)
    again = await batch(client, name, headers=key)
    assert again.body["id"] == first.body["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    is_problem(await batch(client, name, headers=key, metadata={"a": "b"}), 422, "key-of-another")
    is_problem(
        await batch(client, name, headers={"Idempotency-Key": "k" * 256}),
        422,
        "option-rejected",
        "Idempotency-Key",
    )
    assert len((await client.get("/v1/batches")).body["data"]) == 1


async def test_a_key_stands_for_its_batch_also_when_the_file_was_deleted(client: Client) -> None:
    name = (await upload(client, lines(2))).body["id"]
    key = {"Idempotency-Key": "once"}
    first = await batch(client, name, headers=key, metadata={"a": "b"})
    assert (await client.send("DELETE", f"/v1/files/{name}")).status == 200
    again = await batch(client, name, headers=key, metadata={"a": "b"})
    assert (again.status, again.body["id"]) == (200, first.body["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    is_problem(await batch(client, name, headers=key), 422, "key-of-another")
    for _ in range(2):  # a key that made none is not taken by asking
        is_problem(await batch(client, name, headers={"Idempotency-Key": "other"}), 404, "file-not-found")
    is_problem(await batch(client, name), 404, "file-not-found")
    theirs = await batch(client, name, headers=key | OTHER, metadata={"a": "b"})
    is_problem(theirs, 404, "file-not-found")
    there = (await upload(client, lines(1))).body["id"]
    assert (await batch(client, there, headers={"Idempotency-Key": "other"})).status == 200


async def test_another_tenant_finds_nothing(client: Client) -> None:
    name = (await upload(client, lines(1))).body["id"]
    told = await ended(client, (await batch(client, name)).body["id"])
    for path in (
        f"files/{name}",
        f"files/{name}/content",
        f"files/{told['output_file_id']}",
        f"batches/{told['id']}",
    ):
        assert (await client.get(f"/v1/{path}")).status == 200
        assert (await client.send("GET", f"/v1/{path}", headers=OTHER)).status == 404
    assert (await client.send("DELETE", f"/v1/files/{name}", headers=OTHER)).status == 404
    assert (await client.send("POST", f"/v1/batches/{told['id']}/cancel", headers=OTHER)).status == 404
    is_problem(await batch(client, name, headers=OTHER), 404, "file-not-found")
    for path in ("files", "batches"):
        assert (await client.send("GET", f"/v1/{path}", headers=OTHER)).body["data"] == []


async def test_lists_are_paged(client: Client) -> None:
    names = [(await upload(client, lines(1))).body["id"] for _ in range(3)]
    made = [(await batch(client, name)).body["id"] for name in names]
    for path, ids, schema in (("files", names, "BatchFileList"), ("batches", made, "BatchList")):
        first = await client.get(f"/v1/{path}?limit=2")
        fits(first, schema)
        assert [one["id"] for one in first.body["data"]] == [ids[2], ids[1]]
        assert (first.body["has_more"], first.body["first_id"], first.body["last_id"]) == (
            True,
            ids[2],
            ids[1],
        )
        last = await client.get(f"/v1/{path}?limit=2&after={ids[1]}")
        assert ([one["id"] for one in last.body["data"]], last.body["has_more"]) == ([ids[0]], False)
    oldest = await client.get("/v1/files?order=asc&limit=1&purpose=batch")
    assert [one["id"] for one in oldest.body["data"]] == [names[0]]


MISSING = [
    ("files?limit=0", 422, "option-rejected", "limit"),
    ("files?limit=10001", 422, "option-rejected", "limit"),
    ("files?order=up", 422, "option-rejected", "order"),
    ("files?purpose=fine-tune", 422, "option-rejected", "purpose"),
    ("files/file-none", 404, "file-not-found", None),
    ("files/file-none/content", 404, "file-not-found", None),
    (f"files/file-{'0' * 24}-results", 404, "job-not-found", None),
    ("batches?limit=101", 422, "option-rejected", "limit"),
    ("batches?after=job_1", 404, "job-not-found", None),
    ("batches/job_1", 404, "job-not-found", None),
    (f"batches/batch_{'0' * 24}", 404, "job-not-found", None),
]


async def test_what_is_not_there_is_a_problem_in_both_shapes(client: Client) -> None:
    for path, status, code, param in MISSING:
        is_problem(await client.get(f"/v1/{path}"), status, code, param)


FAULTS: list[tuple[dict[str, Any], str | None]] = [
    ({"endpoint": "/v1/chat/completions"}, "endpoint"),
    ({"completion_window": "1h"}, "completion_window"),
    ({"metadata": {"a": 1}}, "metadata"),
    ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
    ({"output_expires_after": {"anchor": "created_at", "seconds": 60}}, "output_expires_after.seconds"),
    ({"priority": "now"}, "priority"),
    ({"model": "x"}, None),
]


async def test_a_batch_at_fault_is_refused_at_its_place(client: Client) -> None:
    name = (await upload(client, lines(1))).body["id"]
    for fields, param in FAULTS:
        is_problem(await batch(client, name, **fields), 422, "malformed-body", param)
    assert (await client.get("/v1/batches")).body["data"] == []


async def test_a_batch_takes_what_a_job_may_be_told(client: Client) -> None:
    name = (await upload(client, lines(1))).body["id"]
    made = await batch(
        client, name, priority="low", concurrency=2, per_minute=60, max_cost_usd=0.5, metadata=None
    )
    job = (await client.get(f"/v1/jobs/{made.body['id'].replace('batch_', 'job_')}")).body
    assert (job["priority"], job["concurrency"], job["per_minute"], job["max_cost_usd"]) == (
        "low",
        2,
        60,
        0.5,
    )


async def test_a_file_without_lines_makes_no_batch(client: Client) -> None:
    name = (await upload(client, b"\n\n")).body["id"]
    is_problem(await batch(client, name), 422, "malformed-body")
    assert (await client.get("/v1/jobs")).body["data"] == []


async def test_uploads_at_fault_are_refused(client: Client) -> None:
    is_problem(await upload(client, b"x", purpose="fine-tune"), 422, "malformed-body", "purpose")
    seconds = "expires_after[seconds]"
    is_problem(await upload(client, b"x", **{seconds: "60"}), 422, "malformed-body", seconds)
    is_problem(await client.post("/v1/files", "{}"), 415, "media-type-rejected")
    packed = await upload(client, b"x", headers={"Content-Encoding": "gzip"})
    is_problem(packed, 415, "media-type-rejected")
    kind = {"Content-Type": "multipart/form-data; boundary=B"}
    is_problem(await client.post("/v1/files", b"--B\r\n", headers=kind), 422, "malformed-body")
    assert (await client.get("/v1/files")).body["data"] == []


async def test_what_a_batch_wrote_goes_with_its_job(client: Client) -> None:
    name = (await upload(client, lines(1))).body["id"]
    told = await ended(client, (await batch(client, name)).body["id"])
    assert (await client.send("DELETE", f"/v1/files/{name}")).body == {
        "object": "file",
        "id": name,
        "deleted": True,
    }
    refused = await client.send("DELETE", f"/v1/files/{told['output_file_id']}")
    is_problem(refused, 422, "option-rejected", "file_id")
    path = re.search(r"DELETE (\S+)", refused.body["detail"])
    assert path is not None
    assert (await client.send("DELETE", path[1])).status == 204
    assert (await client.get(f"/v1/files/{told['output_file_id']}")).status == 404


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B", "Content-Length": str(BYTES_CAP + 2 * MIB)}
    is_problem(await client.send("POST", "/v1/files", headers=headers, data=b""), 413, "body-too-large")


async def test_a_client_that_leaves_while_it_uploads_leaves_nothing(client: Client) -> None:
    host, _, port = client.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = 'Content-Disposition: form-data; name="file"; filename="x"'
    writer.write(
        b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n"
        + head.encode()
        + b"\r\n\r\n"
        + b"x" * 9_000
    )
    await writer.drain()
    writer.close()
    left = 0.0
    async with asyncio.timeout(10):
        while not left:
            await asyncio.sleep(0.02)
            left = await client.counted("judge_requests_total", route="/v1/files", status="499")
    assert (await client.get("/v1/files")).body["data"] == []
