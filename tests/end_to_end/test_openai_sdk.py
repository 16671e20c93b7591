"""The openai SDK, with nothing changed but its address, against a served application."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from openai import APIStatusError, AsyncOpenAI, NotFoundError, OpenAI, UnprocessableEntityError
from redis_server import redis_server
from serving import Client, openai_judge, order, serving
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from openai.types import Batch

ENDPOINT: Any = "/v1/scores"  # the SDK's own type lists OpenAI's


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving() as speaking:
        yield speaking


@pytest.fixture
async def openai(client: Client) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{client.url}/v1", api_key="any") as speaking:
        yield speaking


def a_file(folder: Path, count: int, *more: str) -> Path:
    path = folder / "in.jsonl"
    made = [
        json.dumps({"custom_id": f"c{n}", "method": "POST", "url": ENDPOINT, "body": order(f"Finding {n}.")})
        for n in range(count)
    ]
    path.write_text("\n".join([*made, *more]) + "\n", "utf-8")
    return path


async def ended(openai: AsyncOpenAI, batch: Batch) -> Batch:
    async with asyncio.timeout(20):
        while batch.status not in {"completed", "failed", "expired", "cancelled"}:
            await asyncio.sleep(0.02)
            batch = await openai.batches.retrieve(batch.id)
    return batch


async def test_from_a_file_on_the_disk_to_its_scores(openai: AsyncOpenAI, tmp_path: Path) -> None:
    path = a_file(tmp_path, 20, "a line that is none")
    file = await openai.files.create(
        file=path, purpose="batch", expires_after={"anchor": "created_at", "seconds": 86_400}
    )
    assert (file.bytes, file.filename, file.purpose) == (path.stat().st_size, "in.jsonl", "batch")
    assert (await openai.files.content(file.id)).content == path.read_bytes()
    assert await openai.files.wait_for_processing(file.id) == file
    batch = await openai.batches.create(
        input_file_id=file.id,
        endpoint=ENDPOINT,
        completion_window="24h",
        metadata={"run": "7"},
        output_expires_after={"anchor": "created_at", "seconds": 86_400},
    )
    batch = await ended(openai, batch)
    assert (batch.status, batch.metadata, batch.errors) == ("completed", {"run": "7"}, None)
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 21, "completed": 20, "failed": 1}
    assert batch.output_file_id is not None
    text = (await openai.files.content(batch.output_file_id)).text
    found = [json.loads(line) for line in text.splitlines()]
    assert {one["custom_id"] for one in found} == {f"c{n}" for n in range(20)}
    assert {one["response"]["body"]["outcome"] for one in found} == {"scored"}
    assert batch.error_file_id is not None
    (bad,) = (await openai.files.content(batch.error_file_id)).text.splitlines()
    assert json.loads(bad)["error"]["code"] == "bad_line"
    assert (await openai.files.retrieve(batch.output_file_id)).bytes == len(text.encode())
    assert (await openai.files.delete(file.id)).deleted
    with pytest.raises(NotFoundError):
        await openai.files.retrieve(file.id)


async def test_lists_turn_their_own_pages(openai: AsyncOpenAI, tmp_path: Path) -> None:
    path = a_file(tmp_path, 1)
    files = [await openai.files.create(file=path, purpose="batch") for _ in range(5)]
    made = [
        await openai.batches.create(input_file_id=one.id, endpoint=ENDPOINT, completion_window="24h")
        for one in files
    ]
    assert [one.id async for one in openai.files.list(limit=2)] == [one.id for one in reversed(files)]
    assert [one.id async for one in openai.files.list(limit=2, order="asc")] == [one.id for one in files]
    assert [one.id async for one in openai.batches.list(limit=2)] == [one.id for one in reversed(made)]


async def test_a_cancelled_batch_keeps_what_it_has(tmp_path: Path) -> None:
    async with StubJudge() as judge, serving({"default": openai_judge(judge.url)}) as client:
        judge.plays("silence")
        async with AsyncOpenAI(base_url=f"{client.url}/v1", api_key="any") as openai:
            file = await openai.files.create(file=a_file(tmp_path, 3), purpose="batch")
            batch = await openai.batches.create(
                input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h"
            )
            await judge.somebody_asked()
            assert (await openai.batches.cancel(batch.id)).status == "cancelling"
            batch = await ended(openai, batch)
            assert (batch.status, batch.output_file_id) == ("cancelled", None)
            assert batch.error_file_id is not None
            lines = (await openai.files.content(batch.error_file_id)).text.splitlines()
    assert [json.loads(line)["error"]["code"] for line in lines] == ["cancelled"] * 3


async def test_what_is_at_fault_is_said_once_and_in_words(client: Client, tmp_path: Path) -> None:
    asked: list[str] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.path)

    http = httpx.AsyncClient(event_hooks={"request": [note]})
    async with AsyncOpenAI(base_url=f"{client.url}/v1", api_key="any", http_client=http) as openai:
        file = await openai.files.create(file=a_file(tmp_path, 1), purpose="batch")
        chat = openai.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        error = await _refused(UnprocessableEntityError, chat)
        assert (error.code, error.param, error.type) == (
            "malformed-body",
            "endpoint",
            "invalid_request_error",
        )
        assert "/v1/scores" in str(error)
        tuning = openai.files.create(file=tmp_path / "in.jsonl", purpose="fine-tune")
        assert (await _refused(UnprocessableEntityError, tuning)).param == "purpose"
        none = openai.batches.create(input_file_id="file-none", endpoint=ENDPOINT, completion_window="24h")
        assert (await _refused(NotFoundError, none)).code == "file-not-found"
        assert (await _refused(NotFoundError, openai.batches.retrieve("batch_none"))).code == "job-not-found"
    assert len(asked) == 5, "a request that is at fault is not sent again"


async def _refused(kind: type[APIStatusError], call: Any) -> APIStatusError:
    with pytest.raises(kind) as caught:
        await call
    return caught.value


async def test_a_key_given_by_hand_makes_one_batch(openai: AsyncOpenAI, tmp_path: Path) -> None:
    file = await openai.files.create(file=a_file(tmp_path, 1), purpose="batch")
    ids = {
        (
            await openai.batches.create(
                input_file_id=file.id,
                endpoint=ENDPOINT,
                completion_window="24h",
                extra_headers={"Idempotency-Key": "one"},
            )
        ).id
        for _ in range(3)
    }
    assert len(ids) == 1


async def test_the_blocking_client_works_as_well(client: Client, tmp_path: Path) -> None:
    def asked() -> int:
        with OpenAI(base_url=f"{client.url}/v1", api_key="any") as openai:
            with a_file(tmp_path, 2).open("rb") as file:
                sent = openai.files.create(file=file, purpose="batch")
            openai.batches.create(input_file_id=sent.id, endpoint=ENDPOINT, completion_window="24h")
            return len(list(openai.batches.list()))

    assert await asyncio.to_thread(asked) == 1


async def test_a_file_outlives_the_service_that_took_it(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/store"
    async with serving(store_url=store) as client:
        name = await uploaded(client, a_file(tmp_path, 3))
    async with serving(store_url=store) as client:
        await scored(client, name, 3)
    assert {path.name for path in (tmp_path / "store").glob("*.sqlite")} == {
        *("files.sqlite", "jobs.sqlite", "store.sqlite")
    }


async def test_a_file_is_found_by_every_server_on_one_redis(tmp_path: Path) -> None:
    with redis_server() as port:
        store = f"redis://127.0.0.1:{port}/0"
        async with serving(store_url=store) as one, serving(store_url=store, job_slots=4) as other:
            await scored(other, await uploaded(one, a_file(tmp_path, 3)), 3)


async def uploaded(client: Client, path: Path) -> str:
    async with AsyncOpenAI(base_url=f"{client.url}/v1", api_key="any") as openai:
        return (await openai.files.create(file=path, purpose="batch")).id


async def scored(client: Client, name: str, count: int) -> None:
    async with AsyncOpenAI(base_url=f"{client.url}/v1", api_key="any") as openai:
        made = await openai.batches.create(input_file_id=name, endpoint=ENDPOINT, completion_window="24h")
        batch = await ended(openai, made)
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed) == (count, count)
