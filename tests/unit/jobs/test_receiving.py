"""Lines are taken in as they come, however they are cut, and within bounds."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobwork import a_job_line, job_lines

from judge_service.domain.job import BYTES_CAP
from judge_service.errors import BodyRejected, BodyTooLarge
from judge_service.jobs.receiving import LINE_CAP, Block, Reception

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


async def arriving(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def taken(reception: Reception, *parts: bytes) -> Block:
    whole = Block()
    async for block in reception.blocks(arriving(parts)):
        whole.items += block.items
        whole.rejected += block.rejected
    return whole


def reasons(block: Block) -> list[tuple[int, str | None, str]]:
    told = [json.loads(line.text) for line in block.rejected]
    return [(one["error"]["line"], one["custom_id"], one["error"]["message"]) for one in told]


@given(cuts=st.lists(st.integers(0, 2000), max_size=12), ending=st.sampled_from([b"", b"\n", b"\r\n\r\n  "]))
async def test_where_a_body_is_cut_changes_nothing(cuts: list[int], ending: bytes) -> None:
    lines = [a_job_line("a"), b"{", b"", a_job_line("b", "ünï\u2028cödé"), a_job_line("a")]
    body = b"\r\n".join(lines) + ending
    bounds = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    parts = [body[start:end] for start, end in itertools.pairwise(bounds)]
    reception = Reception("job_1", options=b"o")
    block = await taken(reception, *parts)
    assert block.items == [lines[0], lines[3]]
    assert [(line, name) for line, name, _ in reasons(block)] == [(2, None), (5, "a")]
    assert reception.lines == 4
    assert reception.digest == hashlib.sha256(b"o" + body).hexdigest()


async def test_blocks_are_small() -> None:
    reception = Reception("job_1")
    sizes = [len(block.items) async for block in reception.blocks(arriving([job_lines(1000)]))]
    assert sum(sizes) == 1000
    assert max(sizes) <= 256
    big = b"".join(a_job_line(str(n), "x" * 400_000) + b"\n" for n in range(20))
    reception = Reception("job_1")
    sizes = [sum(map(len, block.items)) async for block in reception.blocks(arriving([big]))]
    assert max(sizes) <= 2 * 2**20


async def test_empty_lines_are_counted_and_cost_no_block() -> None:
    reception = Reception("job_1")
    parts = [b" \n" * 50_000 for _ in range(6)]
    blocks = [block async for block in reception.blocks(arriving([*parts, b"{\n", b"\r\n" * 3000, b"["]))]
    assert len(blocks) == 1
    assert [line for line, _, _ in reasons(blocks[0])] == [300_001, 303_002]
    assert reception.lines == 2


async def test_a_body_of_empty_lines_is_refused_before_its_end_came() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for n in range(1000):
            assert n < 10, "read on"
            yield b"\n" * 2**16

    with pytest.raises(BodyTooLarge, match="at most 500000 lines, empty ones included"):
        async for _ in Reception("job_1").blocks(endless()):
            pass


async def test_draining_takes_the_same_digest() -> None:
    one, other = Reception("job_1", options=b"o"), Reception("job_2", options=b"o")
    await taken(one, job_lines(3))
    await other.drain(arriving([job_lines(1), job_lines(3)[len(job_lines(1)) :]]))
    assert one.digest == other.digest != Reception("job_3", options=b"p").digest


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\t\n"])
async def test_a_body_without_a_line_is_rejected(body: bytes) -> None:
    with pytest.raises(BodyRejected, match="no lines"):
        await taken(Reception("job_1"), body)


async def test_one_line_more_than_the_cap_is_too_many() -> None:
    assert len((await taken(Reception("job_1", items_cap=3), job_lines(3), b"\n\n")).items) == 3
    with pytest.raises(BodyTooLarge, match="at most 3 lines"):
        await taken(Reception("job_1", items_cap=3), job_lines(4))


async def test_a_line_beyond_its_cap_is_refused_before_its_end_came() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for n in range(1000):
            assert n * 2**20 <= LINE_CAP + 2**20, "read on"
            yield b"x" * 2**20

    with pytest.raises(BodyTooLarge, match="a line has at most"):
        async for _ in Reception("job_1").blocks(endless()):
            pass


async def test_a_body_beyond_its_cap_is_refused() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for n in range(1000):
            assert n * 2**22 <= BYTES_CAP + 2**22, "read on"
            yield b"\n" * 2**22

    with pytest.raises(BodyTooLarge, match="a job has at most"):
        await Reception("job_1").drain(endless())


async def test_slow_lines_are_given_on_before_a_block_is_full() -> None:
    now = 0.0

    async def slow() -> AsyncIterator[bytes]:
        nonlocal now
        for part in (a_job_line("a") + b"\n", a_job_line("b"), b" ", b" ", b" ", b"\n"):
            yield part
            now += 6.0

    reception = Reception("job_1", clock=lambda: now)
    sizes = [len(block.items) async for block in reception.blocks(slow())]
    assert sizes == [1, 0, 1]


BAD = {
    "no JSON": b"{",
    "an array": b"[]",
    "a number": b"1",
    "NaN": b'{"custom_id": NaN}',
    "a key twice": b'{"custom_id": "a", "custom_id": "b"}',
    "half a character": b'{"custom_id": "\\ud800"}',
    "no UTF-8": b'{"custom_id": "\xff"}',
    "no custom_id": b'{"method": "POST", "url": "/v1/scores", "body": {}}',
    "an empty custom_id": b'{"custom_id": "", "method": "POST", "url": "/v1/scores", "body": {}}',
    "a long custom_id": b'{"custom_id": "%s", "method": "POST", "url": "/v1/scores", "body": {}}'
    % (b"x" * 257),
    "another method": b'{"custom_id": "a", "method": "GET", "url": "/v1/scores", "body": {}}',
    "another url": b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {}}',
    "a body that is none": b'{"custom_id": "a", "method": "POST", "url": "/v1/scores", "body": []}',
    "a field more": b'{"custom_id": "a", "method": "POST", "url": "/v1/scores", "body": {}, "x": "SECRET"}',
    "deeply nested": b"[" * 100_000,
}
NAMED = {"another method", "another url", "a body that is none", "a field more"}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_line_harms_no_other_and_is_not_quoted(kind: str) -> None:
    body = b"\n".join([a_job_line("first"), BAD[kind], a_job_line("last")])
    block = await taken(Reception("job_1"), body)
    assert len(block.items) == 2
    ((line, name, message),) = reasons(block)
    assert (line, name) == (2, "a" if kind in NAMED else None)
    assert message
    assert "SECRET" not in message
    assert block.rejected[0].outcome == "bad_line"
