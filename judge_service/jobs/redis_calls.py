"""How the ledger speaks with Redis: scripts under its prefix, each call with an end; and what its answers mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from judge_service.domain.job import JobFault, JobOrder
from judge_service.jobs.base import Claim, JobRecord
from judge_service.jobs.redis_scripts import RECORD
from judge_service.stores.redis_door import answered, ms, replicas_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from judge_service.jobs.base import Line
    from judge_service.stores.records import Codec

Arg = str | bytes | int | float

CALL_S = 5.0
BLOBS = 2  # times as long where items or lines of megabytes are on the way
_REPLICATED_S = 0.5
_ENTERED = "at:"


class Calls:
    """One client's calls. It is Any here, for only the door knows its library."""

    def __init__(self, client: Any, prefix: str, call_s: float) -> None:
        self._client = client
        self._scripts: dict[str, Any] = {}
        self._call_s = call_s
        self.blob_s = BLOBS * call_s
        self.prefix = f"{prefix}:jobs:"

    def job(self, job: str) -> str:
        """The key of a job's hash; what else is kept of it lies under keys that begin so."""
        return f"{self.prefix}j:{job}"

    async def run(self, name: str, script: str, *args: Arg, within_s: float | None = None) -> Any:
        """Run a script."""
        if script not in self._scripts:
            self._scripts[script] = self._client.register_script(script)
        prepared = self._scripts[script]
        return await self.ask(name, lambda _: prepared(args=(self.prefix, *args)), within_s)

    async def ask(
        self, name: str, command: Callable[[Any], Awaitable[Any]], within_s: float | None = None
    ) -> Any:
        """Run a command."""
        return await answered(name, self._client, command, within_s or self._call_s)

    async def ask_each(
        self, name: str, commands: Iterable[Sequence[Arg]], within_s: float | None = None
    ) -> list[Any]:
        """Run commands that need not be one step in one round trip."""
        asked = list(commands)

        async def send(client: Any) -> Any:
            async with client.pipeline(transaction=False) as steps:
                for command in asked:
                    steps.execute_command(*command)
                return await steps.execute()

        return list(await self.ask(name, send, within_s)) if asked else []

    async def run_replicated(self, name: str, script: str, *args: Arg) -> Any:
        """Run a script, and wait a moment until one of the replicas, where there are any, has what it wrote."""
        replicas = await self.ask(name, replicas_of)

        async def send(client: Any) -> Any:
            async with client.pipeline(
                transaction=False
            ) as steps:  # WAIT is about its own connection's writes
                steps.eval(script, 0, self.prefix, *args)
                steps.execute_command("WAIT", min(1, replicas), ms(_REPLICATED_S))
                return await steps.execute()

        return (await self.ask(name, send))[0]

    async def record(self, job: str) -> JobRecord | None:
        """Read a job's record."""
        fields, outcomes = await self.run("read a job", RECORD, job)
        return record(fields, outcomes) if fields else None


def record(fields: list[bytes], outcomes: list[bytes]) -> JobRecord:
    """Read the two hashes of a job's record, as lists of names and values by turns."""
    told = _pairs(fields)
    counted = sorted(
        ((name, int(n)) for name, n in _pairs(outcomes).items()), key=lambda one: (-one[1], one[0])
    )
    numbers = {
        name: int(told[name])
        for name in (
            *("version", "completed", "failed", "input_tokens", "output_tokens", "microusd"),
            *("uncounted", "unpriced", "results_bytes", "errors_bytes"),
        )
    }
    return JobRecord(
        order=JobOrder.model_validate_json(told["ord"]),
        state=told["state"],  # type: ignore[arg-type]  # only scripts of ours write it
        total=int(told["items"]) + int(told["rejected"]),
        outcomes=dict(counted),
        times={
            name.removeprefix(_ENTERED): float(at) for name, at in told.items() if name.startswith(_ENTERED)
        },
        ending=told["ending"],  # type: ignore[arg-type]  # as above
        faults=tuple(JobFault.model_validate(fault) for fault in json.loads(told["faults"])),
        **numbers,
    )


def line_args(line: Line, codec: Codec) -> tuple[Arg, ...]:
    """What a script needs of a line."""
    spent = (line.spent.input_tokens, line.spent.output_tokens, line.spent.microusd)
    known: Iterator[Arg] = ("" if one is None else one for one in spent)
    return (line.kind, codec.compress(line.text), len(line.text), line.outcome, *known)


def claim_of(row: list[Any]) -> Claim:
    """Read what a script says of a delivery."""
    level, entry, job, index, deliveries = row
    return Claim(job.decode(), int(index), int(deliveries), f"{level} {entry.decode()}")


def ticket_args(claims: Iterable[Claim]) -> list[str]:
    """The streams' numbers and the entries' ids of deliveries, by turns; there is none without a delivery."""
    return [part for claim in claims for part in (claim.ticket or "0 0").split(" ")]


def _pairs(flat: list[bytes]) -> dict[str, str]:
    texts = [one.decode() for one in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))
