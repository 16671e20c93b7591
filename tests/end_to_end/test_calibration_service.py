"""How calibration behaves as a service: bodies refused, clients that leave, work that outlives a process."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from serving import Client, Reply, served, serving, speaking_to
from studies import a_document

from judge_calibration import operations
from judge_calibration.operations import run
from judge_service.api.calibration import samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from judge_calibration.study import Study

ROOT = "/v1/calibration"
CSV = "item,criterion,rater,judge,score\na,quality,A,,3\na,quality,,J,4\n"
SCALES = '{"quality": [0, 1, 2, 3, 4, 5]}'


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving() as speaking:
        yield speaking


def name_of(reply: Reply) -> str:
    assert reply.kind == "application/problem+json", reply.raw
    return str(reply.body["type"]).rpartition(":")[2]


async def kept(client: Client, body: bytes | str, kind: str, **params: str) -> Reply:
    return await client.send(
        "POST", f"{ROOT}/studies", data=body, params=params, headers={"Content-Type": kind}
    )


@pytest.mark.parametrize("path", ["studies", "report", "maps", "plan/power"])
async def test_a_body_is_plain_json_read_strictly(client: Client, path: str) -> None:
    for body, headers, status, name in [
        (b"{", {}, 422, "malformed-body"),
        (b'{"scales": NaN}', {}, 422, "malformed-body"),
        (b'{"scales": {}, "scales": {}}', {}, 422, "malformed-body"),
        (b'"study"', {}, 422, "malformed-body"),
        (b"{}", {"Content-Type": "application/xml"}, 415, "media-type-rejected"),
        (gzip.compress(b"{}"), {"Content-Encoding": "gzip"}, 415, "media-type-rejected"),
    ]:
        reply = await client.post(f"{ROOT}/{path}", body, headers=headers)
        assert (reply.status, name_of(reply)) == (status, name)


async def test_a_body_of_very_many_values_is_refused_before_it_is_read(client: Client) -> None:
    body = b'{"scales": ' + b"[" * 10 + b"0," * 2_100_000 + b"0" + b"]" * 10 + b"}"
    reply = await client.post(f"{ROOT}/report", io.BytesIO(body))
    assert (reply.status, name_of(reply)) == (422, "malformed-body")


async def test_a_score_may_still_have_no_more_values_than_a_score_has(client: Client) -> None:
    body = (
        b'{"rubric": "medical-qa", "case": {"response": "a"}, "metadata": {"a": [' + b"0," * 20_000 + b"0]}}"
    )
    assert (await client.post("/v1/scores", body)).status == 422


@pytest.mark.parametrize(
    ("body", "kind", "params", "status", "name"),
    [
        (CSV, "text/csv", {}, 422, "option-rejected"),
        (CSV, "text/csv", {"scales": "{"}, 422, "option-rejected"),
        (CSV, "text/csv", {"scales": "[]"}, 422, "option-rejected"),
        (CSV.replace("3", "9"), "text/csv", {"scales": SCALES}, 422, "study-rejected"),
        (CSV + '"', "text/csv", {"scales": SCALES}, 422, "study-rejected"),
        ("colour\n1\n", "text/csv", {"scales": SCALES}, 422, "option-rejected"),
        (b"\xff", "text/csv", {"scales": SCALES}, 422, "malformed-body"),
        ("{", "application/x-ndjson", {"scales": SCALES}, 422, "study-rejected"),
        ("{}", "text/plain", {}, 415, "media-type-rejected"),
        (json.dumps(a_document(items=3)), "application/json", {"scales": SCALES}, 422, "option-rejected"),
    ],
)
async def test_a_study_at_fault_is_a_problem_with_a_name(
    client: Client, body: bytes | str, kind: str, params: dict[str, str], status: int, name: str
) -> None:
    reply = await kept(client, body, kind, **params)
    assert (reply.status, name_of(reply)) == (status, name), reply.raw


async def test_faults_of_a_table_are_told_by_its_lines(client: Client) -> None:
    reply = await kept(client, CSV.replace(",4", ",9"), "text/csv; charset=utf-8", scales=SCALES)
    (fault,) = reply.body["errors"]
    assert fault["detail"].startswith("row 3: ")
    good = await kept(client, "\ufeff" + CSV, "text/csv; charset=utf-8", scales=SCALES)
    assert good.status == 201


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("studies/none", "study-not-found"),
        ("maps/none", "map-not-found"),
        ("reports/none", "report-not-found"),
    ],
)
async def test_what_is_not_there_is_not_found(client: Client, path: str, name: str) -> None:
    reply = await client.get(f"{ROOT}/{path}")
    assert (reply.status, name_of(reply)) == (404, name)


async def test_a_path_says_all_that_may_be_asked_of_it(client: Client) -> None:
    for path, methods in [
        ("studies", "GET, POST"),
        ("studies/a", "DELETE, GET"),
        ("maps", "GET, POST"),
        ("maps/a", "GET, PATCH"),
        ("report", "POST"),
    ]:
        reply = await client.send("PUT", f"{ROOT}/{path}")
        assert (reply.status, reply.headers["Allow"]) == (405, methods)


class Held:
    """The operations of the library, none of which ends before they are let go; counts what began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.free = threading.Event()

    def run(self, name: str, study: Study | None, given: Mapping[str, object]) -> dict[str, Any]:
        self.begun.append(name)
        while not self.free.is_set():
            sum(range(10_000))  # as a computation does it, and not asleep
        return run(name, study, given)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    holding = Held()
    monkeypatch.setattr(operations, "run", holding.run)
    yield holding
    holding.free.set()


async def test_a_client_that_leaves_piles_up_no_work(client: Client, held: Held) -> None:
    asked, left = (f"{ROOT}/plan/power", json.dumps(samples.POWER)), 0.0
    async with asyncio.timeout(30):
        while left < 8:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.post(*asked)
            left = await client.counted("judge_requests_total", route=asked[0], status="499")
    held.free.set()
    assert (await client.post(*asked)).status == 200
    assert len(held.begun) == 3, "the two that had begun, and the one that somebody waits for"


@pytest.mark.clocked
async def test_scores_are_served_while_a_report_is_computed(client: Client, held: Held) -> None:
    report = asyncio.create_task(client.post(f"{ROOT}/report", json.dumps(samples.REPORT)))
    for number in range(5):
        assert (await client.score(str(number))).status == 200
    assert not report.done()
    held.free.set()
    assert (await report).status == 200
    assert held.begun == ["report"]


async def test_a_report_that_was_asked_for_outlives_the_process(tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'kept'}"
    body = json.dumps(a_document() | {"options": {"resamples": 50}})
    with served(tmp_path, store_url=url) as process:
        async with speaking_to(process.url) as client:
            begun = await client.post(f"{ROOT}/report", body, headers={"Prefer": "wait=1, respond-async"})
            assert (begun.status, begun.headers["Preference-Applied"]) == (202, "respond-async")
            assert begun.body["state"] == "in_progress"
            place = begun.headers["Location"]
            assert place == begun.body["location"]
            first = await fetched(client, place)
            again = await client.post(f"{ROOT}/report", body, headers={"Prefer": "respond-async"})
            assert (again.headers["Location"], again.body["state"]) == (place, "completed")
        process.stop(signal.SIGKILL)
    with served(tmp_path, store_url=url) as process:
        async with speaking_to(process.url) as client:
            assert (await fetched(client, place)).raw == first.raw
            page = await client.send("GET", place, headers={"Accept": "text/html"})
            assert page.kind == "text/html"
            assert (await client.send("DELETE", place)).status == 204
            assert (await client.get(place)).status == 404


async def settled(client: Client, place: str) -> Reply:
    async with asyncio.timeout(30):
        while (reply := await client.get(place)).status == 202:
            assert reply.headers["Retry-After"]
            await asyncio.sleep(0.05)
    return reply


async def fetched(client: Client, place: str) -> Reply:
    reply = await settled(client, place)
    assert reply.status == 200, reply.raw
    return reply


async def test_what_is_at_fault_is_told_at_once_or_to_who_looks(client: Client) -> None:
    later = {"Prefer": "respond-async"}
    document: dict[str, Any] = a_document(items=5)
    off_scale = document | {
        "ratings": [*document["ratings"], {**document["ratings"][0], "item": "x", "score": 9}]
    }
    assert (
        name_of(await client.post(f"{ROOT}/report", json.dumps(off_scale), headers=later)) == "study-rejected"
    )
    unknown = await client.post(f"{ROOT}/report", json.dumps(document | {"colour": 1}), headers=later)
    assert name_of(unknown) == "option-rejected"
    begun = await client.post(
        f"{ROOT}/report", json.dumps(document | {"options": {"resamples": -1}}), headers=later
    )
    assert begun.status == 202
    reply = await settled(client, begun.headers["Location"])
    assert (reply.status, name_of(reply)) == (422, "option-rejected")
    assert reply.body["errors"][0]["pointer"] == "/options/resamples"


async def test_a_store_that_is_away_fails_studies_and_no_scores(client: Client) -> None:
    async with serving(store_url="redis://127.0.0.1:1/0") as lonely:
        score = await lonely.score()
        assert (score.status, score.body["calibrated"]["status"]) == (200, "none")
        assert "calibration_unavailable" in score.body["flags"]
        reply = await lonely.post(f"{ROOT}/studies", json.dumps(a_document(items=3)))
        assert (reply.status, name_of(reply)) == (503, "store-unavailable")
        assert reply.headers["Retry-After"]
        inline = await lonely.post(f"{ROOT}/report", json.dumps(a_document(items=3)))
        assert inline.status == 200
        demanded = await lonely.score(calibration="sha256:" + "0" * 64)
        assert (demanded.status, name_of(demanded)) == (503, "store-unavailable")


async def test_no_name_or_label_of_a_study_gets_into_the_log_or_the_figures(tmp_path: Path) -> None:
    secret = "SECRET-7c1e"  # noqa: S105  it stands for what a study holds
    study = a_document(items=6, raters=(secret, "B"))
    for row in (*study["ratings"], *study["judge_scores"]):
        row["item"] = f"{secret} {row['item']}"
    faulty = study | {"ratings": [*study["ratings"], {**study["ratings"][0], "score": secret}]}
    with served(tmp_path, log_level="DEBUG") as service:
        async with speaking_to(service.url) as client:
            for body in (study, faulty, study | {secret: 1}, study | {"options": {"cluster_by": secret}}):
                await client.post(f"{ROOT}/report", json.dumps(body))
                await client.post(f"{ROOT}/studies", json.dumps(body))
                await client.post(f"{ROOT}/report", json.dumps(body), headers={"Prefer": "respond-async"})
            await client.get(f"{ROOT}/maps/{secret}")
            figures = (await client.get("/metrics")).raw.decode()
        service.stop()
    assert secret not in service.log.read_text("utf-8")
    assert secret not in figures


async def test_a_report_asked_of_one_replica_is_fetched_from_the_other(
    tmp_path: Path, redis_url: str
) -> None:
    body = json.dumps(a_document() | {"options": {"resamples": 20}})
    with served(tmp_path, store_url=redis_url) as one, served(tmp_path, store_url=redis_url) as other:
        async with speaking_to(one.url) as first, speaking_to(other.url) as second:
            begun = await first.post(f"{ROOT}/report", body, headers={"Prefer": "respond-async"})
            told = await fetched(second, begun.headers["Location"])
            assert told.raw == (await second.post(f"{ROOT}/report", body)).raw
