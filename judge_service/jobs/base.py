"""The border of the jobs' ledger: what is written down of every job, and who works on what.

The ledger is the record; a queue, where there is one, is only the bell that wakes workers. Rules that every
backend keeps:

* An item has one result. The first valid one stays; a later one is dropped and `finish` says so.
* An item that was begun and not finished comes back when its worker's lease is over, with or without traffic.
* Counts, sizes and states change in the same step as the result they follow from.
* A job ends exactly once; after that nothing of it changes.
* `StoreError` is raised where the ledger cannot be reached. What was acknowledged before it holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from judge_service.domain.job import Ending, JobFault, JobOrder, JobState

Kind = Literal["results", "errors"]

LEASE_S = 30.0
POISON_AFTER = 5  # deliveries; an item that has had so many, and no result, is not tried again
ALONE_FROM = 4  # deliveries; an item that has had so many is in work with no other beside it
POISON = "poison"
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Spent:
    """What one item's calls used; None where it is not known. Nothing is asked of the cache: 0."""

    input_tokens: int | None = 0
    output_tokens: int | None = 0
    microusd: int | None = 0


@dataclass(frozen=True, slots=True)
class Line:
    """The end of one item: a line of NDJSON, with its newline, for one of the two files."""

    kind: Kind
    text: bytes
    outcome: str
    spent: Spent = Spent()


@dataclass(frozen=True, slots=True)
class Claim:
    """An item given to a worker, which has it until its lease is over."""

    job: str
    index: int
    deliveries: int  # this one included
    ticket: str  # names the delivery to the backend


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job's order and how far it is."""

    order: JobOrder
    state: JobState
    version: int  # grows with every change
    total: int = 0
    completed: int = 0
    failed: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    microusd: int = 0
    uncounted: int = 0  # items whose tokens are not known
    unpriced: int = 0  # items whose cost is not known
    results_bytes: int = 0
    errors_bytes: int = 0
    times: dict[str, float] = field(default_factory=dict)  # state → when it was entered
    ending: Ending = "completed"  # what it becomes when its last item is finished
    faults: tuple[JobFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an idempotency key stands for.

    `new`: it is ours now, for a job that we may make. `receiving`: another POST under it is still being
    received. `known`: it made `job` from a body of `digest`.
    """

    state: Literal["new", "receiving", "known"]
    job: str = ""
    digest: str = ""


class JobBackend(Protocol):
    """A ledger of jobs, shared by all who open it at the same address."""

    kind: str
    lease_s: float  # how long a claim is its worker's after its last beat

    # -- handing over ---------------------------------------------------------------------------------------

    async def reserve(self, tenant: str, key: str, job: str, lease_s: float) -> Reservation:
        """Take an idempotency key for a job to be made; the reservation lapses unless it is renewed.

        Reserving once more for the same job renews it. `settle` makes it last.
        """
        ...

    async def unreserve(self, tenant: str, key: str, job: str) -> None:
        """Let go of a key whose job was not made."""
        ...

    async def begin(self, order: JobOrder, lease_s: float) -> None:
        """Write a job down as `validating`; unless `add` comes within the lease, time and again, it fails."""
        ...

    async def add(
        self, job: str, first: int, items: Sequence[bytes], rejected: Sequence[Line], lease_s: float
    ) -> None:
        """Add items, the first of which has the index `first`, and lines that are no items, as errors.

        Adding the same indexes again changes nothing.
        """
        ...

    async def open(self, job: str, items: int, key: tuple[str, str, str] | None) -> None:
        """All is received: the job is `in_progress`, and ends at once where it has no items.

        `key`: (tenant, idempotency key, digest of the body), which stand for this job from now on.
        """
        ...

    async def fail(self, job: str, faults: Sequence[JobFault]) -> None:
        """End a job that is `validating` as `failed`; its items are dropped."""
        ...

    # -- looking --------------------------------------------------------------------------------------------

    async def get(self, job: str) -> JobRecord | None:
        """Give a job's record."""
        ...

    async def of_tenant(self, tenant: str, after: str | None, limit: int) -> list[JobRecord]:
        """Give a tenant's jobs, the newest first, from behind the job `after`."""
        ...

    def read(self, job: str, kind: Kind, start: int, end: int) -> AsyncIterator[bytes]:
        """Give the bytes from `start` to before `end` of a file, which must hold them, in pieces."""
        ...

    async def workers(self) -> int:
        """How many workers are alive."""
        ...

    # -- working --------------------------------------------------------------------------------------------

    async def claim(self, worker: str, most: int) -> list[Claim]:
        """Give a worker at most so many items: those that came back first, then new ones by fair shares."""
        ...

    def pulse(self, worker: str) -> Callable[[Iterable[Claim]], None]:
        """Make what a thread calls to renew the leases of a worker's claims, and that it is alive.

        What it returns is called from one thread only, blocks, and raises `StoreError`.
        """
        ...

    async def items(self, claims: Sequence[Claim]) -> list[bytes | None]:
        """Give the claims' items in their order.

        None for one that has its result, whose job is no more, or that the ledger has lost; empty for one that is
        there and cannot be read.
        """
        ...

    async def finish(self, claim: Claim, line: Line) -> bool:
        """Write an item's end down, if it has none yet, and give the claim back; say whether it was written.

        A line of the outcome `LOST` is not written for an item that is there: it goes out again.
        """
        ...

    async def hand_back(self, worker: str, claims: Sequence[Claim]) -> None:
        """Give back unfinished what a worker still holds: others may have it now. It counts as no delivery."""
        ...

    async def states(self, jobs: Sequence[str]) -> dict[str, JobState]:
        """Give the states of jobs; those that are no more are left out."""
        ...

    async def draw(self, job: str, need: int, most: int) -> int:
        """Take micro-dollars from what is left of a job's cap on cost: `need` at least, up to `most`, or none.

        A negative amount gives back.
        """
        ...

    # -- ending ---------------------------------------------------------------------------------------------

    async def end(self, job: str, ending: Ending) -> None:
        """Begin to end a job that is `in_progress`: no further item is given out.

        `cancelled` makes it `cancelling`, `expired` makes it `finalizing`; with nothing unfinished it ends. One
        that is `validating` is noted, and ends so as soon as it is opened: nothing of it is given out.
        """
        ...

    async def unfinished(self, job: str, limit: int) -> list[tuple[Claim, bytes]]:
        """Give items without a result of a job that is ending, for `finish`.

        `deliveries` is 0 for one that was never given out, so that it has cost nothing; else it is not. Of an
        item that is lost, or that cannot be read, there is nothing: it is empty.
        """
        ...

    async def due(self) -> list[JobRecord]:
        """Give the jobs that somebody must see to: past their time, ending, or left while being received."""
        ...

    async def forget(self, job: str) -> None:
        """Drop a job and all that is kept of it."""
        ...

    async def mend(self) -> int:
        """Give out again what the ledger lacks and no queue holds; say how many items."""
        ...

    async def aclose(self) -> None:
        """Close connections; what is written stays."""
        ...
