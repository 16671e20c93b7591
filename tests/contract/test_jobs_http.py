"""Jobs over HTTP: what is answered, what is refused, what is cached, and who sees what."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from jobclient import file_of, hand_over, job_ended, nothing_lost_or_doubled
from jobwork import a_job_line, job_lines
from serving import Client, openai_judge, serving
from stubjudge import StubJudge

from judge_service.jobs.opening import open_jobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROBLEM = "urn:judge-service:problem:"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving() as speaking:
        yield speaking


async def a_done_job(client: Client, body: bytes | None = None, **how: Any) -> str:
    reply = await hand_over(client, body or job_lines(5), **how)
    assert reply.status == 202
    await job_ended(client, reply.body["id"], 10, 0.02)
    return str(reply.body["id"])


async def test_a_job_from_its_lines_to_its_results(client: Client) -> None:
    reply = await hand_over(client, job_lines(5), options='?priority=low&metadata={"run":"7"}')
    job = reply.body
    assert (reply.status, reply.headers["Location"]) == (202, f"/v1/jobs/{job['id']}")
    assert "Idempotency-Replayed" not in reply.headers
    assert (job["object"], job["endpoint"], job["priority"]) == ("job", "/v1/scores", "low")
    assert (job["counts"]["total"], job["metadata"]) == (5, {"run": "7"})
    told = await job_ended(client, job["id"], 10, 0.02)
    assert (told["state"], told["outcomes"]) == ("completed", {"scored": 5})
    assert told["created_at"] <= told["in_progress_at"] <= told["finalizing_at"] <= told["completed_at"]
    await nothing_lost_or_doubled(client, job["id"], 5)
    listed = (await client.get("/v1/jobs")).body
    assert ([one["id"] for one in listed["data"]], listed["has_more"]) == ([job["id"]], False)


async def test_a_result_is_what_the_scores_route_answers(client: Client) -> None:
    job = await a_done_job(client, job_lines(1))
    (line,) = await file_of(client, job, "results")
    alone = (await client.score("Pneumonia on the right, item-0.")).body
    assert line["response"]["status_code"] == 200
    same = ("outcome", "score", "criteria", "flags")
    assert {k: line["response"]["body"][k] for k in same} == {k: alone[k] for k in same}


BAD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "bad_line"),
    "no object": (b"7", "bad_line"),
    "another url": (a_job_line("x").replace(b"/v1/scores", b"/v1/x"), "bad_line"),
    "a key twice": (b'{"custom_id": "x", ' + a_job_line("x")[1:], "bad_line"),
    "an id again": (a_job_line("item-0"), "bad_line"),
    "an empty body": (b'{"custom_id": "x", "method": "POST", "url": "/v1/scores", "body": {}}', "malformed-body"),
    "no such rubric": (a_job_line("x", rubric="no-such"), "rubric-not-found"),
    "no such judge": (a_job_line("x", judge="no-such"), "judge-not-found"),
    "not in the cache": (a_job_line("x", "Nobody asked for this.", cache="only"), "cache-miss"),
    "an image that is none": (
        a_job_line("x", rubric="med-cmr", case={"images": [{"url": "data:image/png;base64,AAAA"}]}, mode="image"),
        "image-rejected",
    ),
}  # fmt: skip


async def test_x13_one_bad_line_of_each_kind_harms_no_other(client: Client) -> None:
    good = [a_job_line(f"item-{n}") for n in range(30)]
    bad = [line.replace(b'"x"', b'"bad-%d"' % n) for n, (line, _) in enumerate(BAD.values())]
    job = await a_done_job(client, b"\n".join([*good[:15], *bad, *good[15:]]))
    told = (await client.get(f"/v1/jobs/{job}")).body
    assert told["counts"] == {"total": 30 + len(bad), "completed": 30, "failed": len(bad)}
    results = await file_of(client, job, "results")
    assert {line["custom_id"] for line in results} == {f"item-{n}" for n in range(30)}
    assert {line["response"]["body"]["outcome"] for line in results} == {"scored"}
    errors = await file_of(client, job, "errors")
    assert sorted(line["error"]["code"] for line in errors) == sorted(code for _, code in BAD.values())
    assert all(line["error"]["message"] for line in errors)
    unread = {"no JSON", "no object", "a key twice"}
    named = [f"bad-{n}" for n, kind in enumerate(BAD) if kind not in unread | {"an id again"}]
    assert {line["custom_id"] for line in errors} == {None, "item-0", *named}
    lines = sorted(line["error"]["line"] for line in errors if line["error"]["line"])
    assert lines == [16, 17, 18, 19, 20]


async def test_looking_again_costs_little(client: Client) -> None:
    job = await a_done_job(client)
    first = await client.get(f"/v1/jobs/{job}")
    seen = {"If-None-Match": first.headers["ETag"]}
    again = await client.send("GET", f"/v1/jobs/{job}", headers=seen)
    assert (again.status, again.raw, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    for path in (f"/v1/jobs/{job}", f"/v1/jobs/{job}/results"):
        etag = (await client.get(path)).headers["ETag"]
        for state, status in (('"other"', 200), (f'"other", {etag}', 304), ("*", 304)):
            assert (await client.send("GET", path, headers={"If-None-Match": state})).status == status
    assert (await client.send("GET", "/v1/jobs/job_1", headers={"If-None-Match": "*"})).status == 404


async def test_the_etag_follows_the_workers(tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    async with serving(store_url=url) as client, open_jobs(url) as jobs:
        job = await a_done_job(client)
        first = await client.get(f"/v1/jobs/{job}")
        seen = {"If-None-Match": first.headers["ETag"]}
        assert (await client.send("GET", f"/v1/jobs/{job}", headers=seen)).status == 304
        await asyncio.to_thread(jobs.pulse("another"), [])
        again = await client.send("GET", f"/v1/jobs/{job}", headers=seen)
        assert (again.status, again.body["workers"]) == (200, first.body["workers"] + 1)


async def test_a_download_goes_on_where_it_ended(client: Client) -> None:
    job = await a_done_job(client, job_lines(40))
    path = f"/v1/jobs/{job}/results"
    whole = await client.get(path)
    size = len(whole.raw)
    assert (whole.status, whole.kind, whole.headers["Accept-Ranges"]) == (
        200,
        "application/x-ndjson",
        "bytes",
    )
    assert int(whole.headers["Content-Length"]) == size
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=7-", 7, size),
        ("bytes=-9", size - 9, size),
        (f"bytes=100-{size + 5}", 100, size),
    ):
        part = await client.send("GET", path, headers={"Range": asked})
        assert (part.status, part.raw) == (206, whole.raw[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = await client.send("GET", path, headers={"Range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    for odd in ("bytes=9-7", "bytes=1-2,4-5", "lines=1-2", "bytes=-"):
        assert (await client.send("GET", path, headers={"Range": odd})).raw == whole.raw
    nothing = await client.get(f"/v1/jobs/{job}/errors")
    assert (nothing.status, nothing.raw) == (200, b"")


@pytest.mark.parametrize("kind", ["results", "errors"])
async def test_head_tells_what_a_download_would(client: Client, kind: str) -> None:
    path = f"/v1/jobs/{await a_done_job(client, job_lines(9) + b'{')}/{kind}"
    whole = await client.get(path)
    for asked in ({}, {"Range": "bytes=7-"}):  # ranges are of GET
        head = await client.send("HEAD", path, headers=asked)
        assert (head.status, head.raw) == (200, b"")
        for name in ("Content-Length", "Content-Type", "Accept-Ranges", "ETag"):
            assert head.headers[name] == whole.headers[name]
        assert int(head.headers["Content-Length"]) == len(whole.raw)
    same = {"If-None-Match": whole.headers["ETag"]}
    for method in ("GET", "HEAD"):
        assert (await client.send(method, path, headers=same)).status == 304
        assert (await client.send(method, "/v1/jobs/job_1/results")).status == 404
    other = await client.send("POST", path)
    assert (other.status, other.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_range_of_another_state_of_the_file_is_no_range(client: Client) -> None:
    path = f"/v1/jobs/{await a_done_job(client)}/results"
    whole = await client.get(path)
    for state, status in ((whole.headers["ETag"], 206), ('"before"', 200)):
        part = await client.send("GET", path, headers={"Range": "bytes=0-8", "If-Range": state})
        assert (part.status, part.raw) == (status, whole.raw[:9] if status == 206 else whole.raw)


async def test_one_key_is_one_job(client: Client) -> None:
    job = await a_done_job(client, key="a key")
    again = await hand_over(client, job_lines(5), "a key")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert (again.body["id"], again.body["state"]) == (job, "completed")
    for body, options in ((job_lines(4), ""), (job_lines(5), "?priority=high")):
        other = await hand_over(client, body, "a key", options)
        assert (other.status, other.body["type"]) == (422, f"{PROBLEM}key-of-another")
    assert (await hand_over(client, job_lines(5), "another key")).status == 202
    theirs = await hand_over(client, job_lines(4), "a key", headers={"X-Tenant": "other"})
    assert theirs.status == 202


async def test_d7_many_posts_at_one_time_under_one_key(client: Client) -> None:
    replies = await asyncio.gather(*(hand_over(client, job_lines(40), "a key") for _ in range(100)))
    statuses = [reply.status for reply in replies]
    assert statuses.count(202) == 1
    assert set(statuses) <= {200, 202, 409}
    assert all("Retry-After" in reply.headers for reply in replies if reply.status == 409)
    assert len((await client.get("/v1/jobs")).body["data"]) == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("?priority=urgent", "priority"),
        ("?concurrency=0", "concurrency"),
        ("?per_minute=-1", "per_minute"),
        ("?max_cost_usd=nan", "max_cost_usd"),
        ("?expires_in_s=0", "expires_in_s"),
        ("?metadata=7", "metadata"),
        ('?metadata={"a":1}', "metadata"),
        ("?nonsense=1", "nonsense"),
    ],
)
async def test_an_option_at_fault_is_named(client: Client, options: str, named: str) -> None:
    reply = await hand_over(client, job_lines(1), options=options)
    assert (reply.status, reply.body["type"]) == (422, f"{PROBLEM}option-rejected")
    assert named in reply.body["detail"]
    assert (await client.get("/v1/jobs")).body["data"] == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
async def test_other_media_types_are_refused(client: Client, kind: str) -> None:
    reply = await client.send("POST", "/v1/jobs", data=job_lines(1), headers={"Content-Type": kind})
    assert (reply.status, reply.body["type"]) == (415, f"{PROBLEM}media-type-rejected")
    assert "application/x-ndjson" in reply.body["detail"]
    assert "JSON" not in reply.body["title"]


async def test_a_compressed_body_is_refused_and_not_read_as_lines(client: Client) -> None:
    reply = await hand_over(client, job_lines(1), headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.body["type"]) == (415, f"{PROBLEM}media-type-rejected")


@pytest.mark.parametrize("key", ["a\tb", " ", "x" * 256])
async def test_a_key_is_printable_and_short(client: Client, key: str) -> None:
    reply = await hand_over(client, job_lines(1), key)
    assert (reply.status, reply.body["type"]) == (422, f"{PROBLEM}option-rejected")


async def test_a_body_without_lines_is_refused(client: Client) -> None:
    reply = await hand_over(client, b"\n \n")
    assert (reply.status, reply.body["type"]) == (422, f"{PROBLEM}malformed-body")


async def test_tenants_cannot_see_each_other(client: Client) -> None:
    job = (await hand_over(client, job_lines(5), headers={"X-Tenant": "a"})).body["id"]
    for method, path in (
        ("GET", f"/v1/jobs/{job}"),
        ("GET", f"/v1/jobs/{job}/results"),
        ("GET", f"/v1/jobs/{job}/errors"),
        ("GET", f"/v1/jobs/{job}/events"),
        ("POST", f"/v1/jobs/{job}/cancel"),
        ("DELETE", f"/v1/jobs/{job}"),
    ):
        for headers in ({"X-Tenant": "b"}, {}):
            reply = await client.send(method, path, headers=headers)
            assert (reply.status, reply.body["type"]) == (404, f"{PROBLEM}job-not-found"), path
    assert (await client.send("GET", "/v1/jobs", headers={"X-Tenant": "b"})).body["data"] == []
    assert (await client.send("GET", f"/v1/jobs/{job}", headers={"X-Tenant": "a"})).status == 200


async def test_an_id_with_a_suffix_names_nothing_inside_of_a_job(redis_url: str) -> None:
    async with serving(store_url=redis_url) as client:
        job = (await hand_over(client, job_lines(5), headers={"X-Tenant": "a"})).body["id"]
        for inside in (f"{job}:in", f"{job}:outcomes", f"{job}:results", f"{job}:results:marks"):
            for method, path in (
                ("GET", f"/v1/jobs/{inside}"),
                ("GET", f"/v1/jobs/{inside}/results"),
                ("GET", f"/v1/jobs/{inside}/events"),
                ("POST", f"/v1/jobs/{inside}/cancel"),
                ("DELETE", f"/v1/jobs/{inside}"),
            ):
                for tenant in ("a", "b"):
                    reply = await client.send(method, path, headers={"X-Tenant": tenant})
                    assert (reply.status, reply.body["type"]) == (404, f"{PROBLEM}job-not-found"), path
        assert (await client.send("GET", f"/v1/jobs/{job}", headers={"X-Tenant": "a"})).status == 200
        assert (await client.send("DELETE", f"/v1/jobs/{job}", headers={"X-Tenant": "a"})).status == 204


async def events_of(client: Client, job: str, last: int = 0) -> list[dict[str, str]]:
    reply = await client.send("GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": str(last)})
    assert (reply.status, reply.kind) == (200, "text/event-stream")
    blocks = reply.raw.decode().strip().split("\n\n")
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


async def test_events_end_with_the_job() -> None:
    async with StubJudge(latency_s=0.3) as stub, serving({"default": openai_judge(stub.url)}) as client:
        job = (await hand_over(client, job_lines(200))).body["id"]
        retry, *told = await events_of(client, job)
    assert retry == {"retry": "1000"}
    assert {event["event"] for event in told[:-1]} == {"progress"}
    assert told[-1]["event"] == "end"
    ids = [int(event["id"]) for event in told]
    assert ids == sorted(set(ids))
    counts = [json.loads(event["data"])["counts"]["completed"] for event in told]
    assert counts == sorted(counts)
    assert counts[-1] == 200


async def test_events_go_on_behind_the_last_that_was_seen(client: Client) -> None:
    job = await a_done_job(client)
    _, end = await events_of(client, job)
    for last in (int(end["id"]) - 1, 10**9):
        assert (await events_of(client, job, last))[1:] == [end]


async def test_who_has_seen_the_end_is_told_to_come_no_more(client: Client) -> None:
    job = await a_done_job(client)
    _, end = await events_of(client, job)
    reply = await client.send("GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": end["id"]})
    assert (reply.status, reply.raw) == (204, b"")


async def test_pages_of_jobs(client: Client) -> None:
    jobs = [await a_done_job(client, job_lines(1)) for _ in range(3)]
    page = (await client.get("/v1/jobs?limit=2")).body
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (jobs[:0:-1], True)
    rest = (await client.get(f"/v1/jobs?limit=2&after={jobs[1]}")).body
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (jobs[:1], False)
    for limit in ("0", "101", "x", "-1", ""):
        assert (await client.get(f"/v1/jobs?limit={limit}")).status == 422


async def test_a_deleted_job_is_gone_and_its_key_is_free(client: Client) -> None:
    job = await a_done_job(client, key="a key")
    assert (await client.send("DELETE", f"/v1/jobs/{job}")).status == 204
    assert (await client.get(f"/v1/jobs/{job}")).status == 404
    assert (await hand_over(client, job_lines(9), "a key")).status == 202


async def test_a_job_that_is_deleted_while_it_is_received_is_told_to_who_sends_it(client: Client) -> None:
    async def deleted() -> AsyncIterator[bytes]:
        yield job_lines(300)
        while not (found := (await client.get("/v1/jobs")).body["data"]):  # noqa: ASYNC110 (another task's event)
            await asyncio.sleep(0.01)
        assert (await client.send("DELETE", f"/v1/jobs/{found[0]['id']}")).status == 204
        yield a_job_line("item-300")

    reply = await hand_over(client, deleted(), "a key")
    assert (reply.status, reply.body["type"]) == (410, f"{PROBLEM}job-deleted")
    assert (reply.body["retryable"], "Retry-After" in reply.headers) == (False, False)
    assert (await client.get("/v1/jobs")).body["data"] == []
