"""What can be done with jobs: hand one over, look at it, read its files, end it."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.job import FINAL, Job, JobCounts, JobOrder, JobUsage
from judge_service.errors import JobDeleted, JobNotFound, KeyInUse, KeyOfAnother, StoreError
from judge_service.jobs.holding import RECEIVING_S, RENEW_S, Hold
from judge_service.jobs.receiving import Reception

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from judge_service.domain.job import JobState
    from judge_service.jobs.base import JobBackend, JobRecord, Kind, Reservation

_ID = re.compile(r"job_[0-9a-f]+")
_STILL = "the first POST under this Idempotency-Key is still being received"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A job, and whether an earlier POST under the same key made it."""

    job: Job
    replayed: bool


class JobDesk:
    """Jobs of tenants; one tenant knows nothing of another's."""

    def __init__(
        self,
        jobs: JobBackend,
        *,
        opened: Callable[[], None] = lambda: None,
        renew_s: float = RENEW_S,
    ) -> None:
        self._jobs = jobs
        self._opened = opened
        self._renew_s = renew_s

    async def hand_over(
        self, order: JobOrder, stream: AsyncIterator[bytes], key: str | None = None
    ) -> HandedOver:
        """Take a job in from its lines.

        `key`: an idempotency key; under one that made a job from the same lines and options, that job is given
        back. Raises `KeyOfAnother` where they were others, `KeyInUse` while the first is being received,
        `JobDeleted`, `BodyTooLarge` and `BodyRejected`; of a job that is not taken nothing is kept.
        """
        reception = Reception(order.id, options=_options(order))
        hold = None if key is None else Hold(self._jobs, order, key, renew_s=self._renew_s)
        if hold is not None:
            held = await _reserved(hold)
            if held.state == "known":
                await reception.drain(stream)
                return await self._replay(order.tenant, held.job, same=held.digest == reception.digest)
        try:
            with _told_as_a_whole():
                await self._receive(order, reception, stream, hold)
        except BaseException:
            await asyncio.shield(self._drop(order, key))
            raise
        self._opened()
        return HandedOver(await self.get(order.tenant, order.id), replayed=False)

    async def _receive(
        self, order: JobOrder, reception: Reception, stream: AsyncIterator[bytes], hold: Hold | None
    ) -> None:
        await self._jobs.begin(order, RECEIVING_S)
        try:
            if hold is None:
                await self._take_in(order, reception, stream, None)
            else:
                async with hold.while_it_comes(stream) as coming:
                    await self._take_in(order, reception, coming, hold)
        except StoreError as exc:
            if await self._is_gone(order.id):
                raise JobDeleted("the job was deleted while its lines were being received") from exc
            raise

    async def _take_in(
        self, order: JobOrder, reception: Reception, stream: AsyncIterator[bytes], hold: Hold | None
    ) -> None:
        items = 0
        async for block in reception.blocks(stream):
            await self._jobs.add(order.id, items, block.items, block.rejected, RECEIVING_S)
            items += len(block.items)
            await _refuse_if_taken(hold)
        await _refuse_if_taken(hold)  # empty lines at the end are in no block, and may have come late
        settled = None if hold is None else (order.tenant, hold.key, reception.digest)
        await self._jobs.open(order.id, items, settled)

    async def _is_gone(self, job: str) -> bool:
        with suppress(StoreError):
            return await self._jobs.get(job) is None
        return False  # nobody knows

    async def _drop(self, order: JobOrder, key: str | None) -> None:
        # Where the ledger is away both lapse by themselves, and the caller is told why the job was not taken.
        with suppress(StoreError):
            await self._jobs.forget(order.id)
            if key is not None:
                await self._jobs.unreserve(order.tenant, key, order.id)

    async def made_before(self, order: JobOrder, key: str) -> HandedOver | None:
        """Give the job that a key made of the same file, which is no more; None where it made none.

        A file never changes and its id is one of the options, so that these tell its lines as well. Raises
        `KeyOfAnother` and `KeyInUse`.
        """
        held = await _reserved(Hold(self._jobs, order, key))
        if held.state == "new":
            await self._jobs.unreserve(order.tenant, key, order.id)
            return None
        made = await self._record(order.tenant, held.job)
        return await self._replay(order.tenant, held.job, same=_options(made.order) == _options(order))

    async def _replay(self, tenant: str, job: str, *, same: bool) -> HandedOver:
        if not same:
            raise KeyOfAnother("this Idempotency-Key was used for other lines or options; take a new one")
        return HandedOver(await self.get(tenant, job), replayed=True)

    async def get(self, tenant: str, job: str) -> Job:
        """Look at a job; raises `JobNotFound`."""
        return (await self.seen(tenant, job))[0]

    async def seen(self, tenant: str, job: str) -> tuple[Job, str]:
        """Look at a job; with a text that changes with anything that it tells: with `workers` too."""
        record, workers = await self._record(tenant, job), await self._jobs.workers()
        return self._view(record, workers), f"{record.version}-{workers}"

    async def of_tenant(self, tenant: str, after: str | None, limit: int) -> list[Job]:
        """A tenant's jobs, the newest first, from behind `after`; behind what is no job of theirs there is none."""
        if after is not None and not _ID.fullmatch(after):
            return []
        workers = await self._jobs.workers()
        return [self._view(record, workers) for record in await self._jobs.of_tenant(tenant, after, limit)]

    async def version(self, tenant: str, job: str) -> tuple[JobState, int]:
        """The state and a number that grows with every change; raises `JobNotFound`."""
        record = await self._record(tenant, job)
        return record.state, record.version

    async def size(self, tenant: str, job: str, kind: Kind) -> int:
        """How large a file is now; it only grows. Raises `JobNotFound`."""
        record = await self._record(tenant, job)
        return record.results_bytes if kind == "results" else record.errors_bytes

    def read(self, job: str, kind: Kind, start: int, end: int) -> AsyncIterator[bytes]:
        """A range of a file, of bytes that are there."""
        return self._jobs.read(job, kind, start, end)

    async def cancel(self, tenant: str, job: str) -> Job:
        """Begin to end a job; one that has ended stays what it is. Raises `JobNotFound`."""
        await self._record(tenant, job)
        await self._jobs.end(job, "cancelled")
        return await self.get(tenant, job)

    async def delete(self, tenant: str, job: str) -> None:
        """Drop a job and all that is kept of it; what is in work for it is cancelled. Raises `JobNotFound`."""
        await self._record(tenant, job)
        await self._jobs.forget(job)

    async def _record(self, tenant: str, job: str) -> JobRecord:
        # A ledger makes its keys of ids: with a suffix one would name what is kept inside of a job.
        record = await self._jobs.get(job) if _ID.fullmatch(job) else None
        if record is None or record.order.tenant != tenant:
            raise JobNotFound("no job is kept under this id")
        return record

    def _view(self, record: JobRecord, workers: int) -> Job:
        order, final = record.order, record.state in FINAL
        finished = record.completed + record.failed
        known = None if record.uncounted else record
        ended = record.times.get(record.state)
        return Job(
            id=order.id,
            state=record.state,
            priority=order.priority,
            concurrency=order.concurrency,
            per_minute=order.per_minute,
            max_cost_usd=order.max_cost_usd,
            counts=JobCounts(
                total=max(record.total, finished), completed=record.completed, failed=record.failed
            ),
            outcomes=record.outcomes,
            usage=JobUsage(
                input_tokens=known and known.input_tokens,
                output_tokens=known and known.output_tokens,
                cost_microusd=None if record.unpriced else record.microusd,
            ),
            workers=workers,
            created_at=order.created_at,
            **{f"{state}_at": record.times.get(state) for state in _TIMED},
            expires_at=order.expires_at,
            kept_until=ended + order.kept_s if final and ended is not None else None,
            results_bytes=record.results_bytes,
            errors_bytes=record.errors_bytes,
            faults=list(record.faults),
            metadata=order.metadata,
            input_file_id=order.input_file_id,
        )


_TIMED = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


@contextmanager
def _told_as_a_whole() -> Iterator[None]:
    """Say what a step of the ledger that failed means to who hands a job over."""
    try:
        yield
    except StoreError as exc:
        raise StoreError(f"the job could not be put on record: {exc}") from exc


async def _refuse_if_taken(hold: Hold | None) -> None:
    if hold is not None and not await hold.is_ours():
        raise KeyInUse(_STILL)


async def _reserved(hold: Hold) -> Reservation:
    with _told_as_a_whole():
        held = await hold.take()
    if held.state == "receiving":
        raise KeyInUse(_STILL)
    return held


def new_id() -> str:
    """A job's id, which nobody guesses."""
    return f"job_{secrets.token_hex(12)}"


def _options(order: JobOrder) -> bytes:
    """What of an order belongs to the digest that a key stands for: of its times how long, of its tags no order."""
    told = order.model_dump(mode="json", exclude={"id", "tenant", "created_at", "expires_at"})
    told["expires_in_s"] = round(
        order.expires_at - order.created_at, 3
    )  # a sum of wall time is no more exact
    return json.dumps(told, sort_keys=True).encode() + b"\n"
