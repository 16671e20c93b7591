"""How jobs come into Redis: keys, orders, items; and how they are dropped."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from judge_service.domain.job import KEY_CAP_S
from judge_service.errors import StoreError
from judge_service.jobs.base import Reservation
from judge_service.jobs.redis_calls import line_args
from judge_service.jobs.redis_scripts import ADD, BEGIN, FAIL, FORGET, OPEN, RESERVE, UNRESERVE
from judge_service.stores.redis_door import memory_rules
from judge_service.stores.redis_kept import refuse_to_lose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from judge_service.domain.job import JobFault, JobOrder
    from judge_service.jobs.base import Line
    from judge_service.jobs.redis_calls import Arg, Calls
    from judge_service.stores.records import Codec


class Intake:
    """Writes what is handed over. Every call is a script."""

    def __init__(self, calls: Calls, codec: Codec, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._codec = codec
        self._clock = clock

    async def reserve(self, tenant: str, key: str, job: str, lease_s: float) -> Reservation:
        now = self._clock()
        held = await self._calls.run("reserve", RESERVE, _field(tenant, key), job, now, now + lease_s)
        if not held:
            return Reservation("new", job)
        known, digest = (part.decode() for part in held)
        return Reservation("known" if digest else "receiving", known, digest)

    async def unreserve(self, tenant: str, key: str, job: str) -> None:
        await self._calls.run("unreserve", UNRESERVE, _field(tenant, key), job)

    async def begin(self, order: JobOrder, lease_s: float) -> None:
        refuse_to_lose(await self._calls.ask("tell its rules", memory_rules))
        now = self._clock()
        fields: dict[str, Arg | None] = {
            "ord": order.model_dump_json(),
            "at:validating": now,
            "expires": order.expires_at,
            "kept_s": order.kept_s,
            "priority": order.priority,
            "concurrency": order.concurrency,
            "per_minute": order.per_minute,
        }
        told = [part for name, value in fields.items() if value is not None for part in (name, value)]
        if not await self._calls.run("begin", BEGIN, order.id, order.tenant, now + lease_s, *told):
            message = f"job {order.id} is there already"
            raise StoreError(message)

    async def add(
        self, job: str, first: int, items: Sequence[bytes], rejected: Sequence[Line], lease_s: float
    ) -> None:
        packed: list[Arg] = await asyncio.to_thread(lambda: [self._codec.compress(item) for item in items])
        for line in rejected:
            packed.extend(line_args(line, self._codec))
        lease = self._clock() + lease_s
        counts = (lease, first, len(items), len(rejected))
        added = await self._calls.run("add", ADD, job, *counts, *packed, within_s=self._calls.blob_s)
        _still(job, added)

    async def open(self, job: str, items: int, key: tuple[str, str, str] | None) -> None:
        now = self._clock()
        field, settled, until = "", "", now + KEY_CAP_S
        if key is not None:
            tenant, name, digest = key
            field, settled = _field(tenant, name), f"{until!r}\n{digest}\n{job}"
        opened = await self._calls.run_replicated("open", OPEN, job, items, now, field, settled, until)
        _still(job, opened)
        if opened < 0:
            message = f"redis has lost items of job {job}"
            raise StoreError(message)

    async def fail(self, job: str, faults: Sequence[JobFault]) -> None:
        told = json.dumps([fault.model_dump(mode="json") for fault in faults])
        _still(job, await self._calls.run("fail", FAIL, job, told, self._clock()))

    async def forget(self, job: str) -> None:
        await self._calls.run("forget", FORGET, job)


def _field(tenant: str, key: str) -> str:
    return f"{tenant}\0{key}"


def _still(job: str, answer: int) -> None:
    if not answer:
        message = f"job {job} is not validating any more"
        raise StoreError(message)
