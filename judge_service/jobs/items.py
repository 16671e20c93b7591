"""Scores one item of a job with the scorer that serves requests, and writes its line."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from judge_service.domain.request import DEADLINE_DEFAULT_MS, ScoreRequest
from judge_service.errors import CostCapReached, RequestError
from judge_service.jobs.base import ALONE_FROM, LOST, POISON, Spent
from judge_service.jobs.lines import custom_id_of, error_line, read_line, result_line
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from judge_service.backends.purse import Purse
    from judge_service.domain.job import JobOrder
    from judge_service.domain.score import Failure, Score
    from judge_service.jobs.base import Claim, Line
    from judge_service.jobs.lines import JobLine, Problem

PATIENCE_S = 900.0  # how long an item whose judge gives no answer is asked for again
ALONE_PATIENCE_S = 30.0  # where it keeps all other places empty: for longer than a circuit stays open
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_UNKNOWN = Spent(None, None, None)
_UNANSWERED = frozenset({"provider_error", "timeout"})


class Telling(Protocol):
    """How an error, or a score that is none for want of an answer, is told over HTTP."""

    def __call__(self, what: Exception | Score) -> tuple[str, str, Problem]:
        """Give its code, its words, and its status and body as `POST /v1/scores` would send them."""
        ...


class Scoring(Protocol):
    """The scorer, called as a job calls it."""

    async def __call__(
        self, request: ScoreRequest, *, tenant: str, deadline: float, purse: Purse | None
    ) -> Score: ...


class Items:
    """Turns an item into the line of its end. Whatever an item is, it harms no other."""

    def __init__(
        self,
        score: Scoring,
        told: Telling,
        *,
        counted: Callable[[Score], None] = lambda _: None,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._score = score
        self._told = told
        self._counted = counted
        self._patience_s = patience_s
        self._sleep = sleep
        self._clock = clock

    async def line(self, claim: Claim, raw: bytes, order: JobOrder, purse: Purse | None) -> Line:
        """Score the item until it is answered, or until patience or the job's time is over.

        What the calls of a worker that had it before have cost nobody knows.
        """
        line = await self._line(claim, raw, order, purse)
        return line if claim.deliveries == 1 else replace(line, spent=_UNKNOWN)

    async def _line(self, claim: Claim, raw: bytes, order: JobOrder, purse: Purse | None) -> Line:
        name = _name(claim)
        try:
            item = read_line(raw)
            request = validated(item.body, ScoreRequest)
            until = min(self._clock() + self._patience(claim), order.expires_at)
            return await self._answered(name, item, request, order, purse, until)
        except Exception as exc:  # noqa: BLE001 (whatever it is, it is this item's end and harms no other)
            code, words, problem = self._told(exc)
            spent = (
                Spent() if isinstance(exc, RequestError) else _UNKNOWN
            )  # refused before any call, or who knows
            return error_line(name, custom_id_of(raw), code, words, problem=problem, spent=spent)

    def _patience(self, claim: Claim) -> float:
        """An item that is in work alone is not asked for as long: a judge that is away must not stop the others."""
        alone = claim.deliveries >= ALONE_FROM
        return min(self._patience_s, ALONE_PATIENCE_S) if alone else self._patience_s

    async def _answered(
        self,
        name: str,
        item: JobLine,
        request: ScoreRequest,
        order: JobOrder,
        purse: Purse | None,
        until: float,
    ) -> Line:
        budget_s = (request.deadline_ms or DEADLINE_DEFAULT_MS) / 1000
        spent, pause_s = Spent(), _FIRST_PAUSE_S
        while True:
            deadline = asyncio.get_running_loop().time() + budget_s
            try:
                score = await self._score(request, tenant=order.tenant, deadline=deadline, purse=purse)
            except (
                RequestError
            ) as refused:  # such as a cap that earlier calls for this item have brought near
                code, words, problem = self._told(refused)
                spent = _with_calls_of(refused, spent)
                return error_line(name, item.custom_id, code, words, problem=problem, spent=spent)
            spent = _sum(spent, score)
            if score.outcome not in _UNANSWERED or score.failure is None:
                self._counted(score)
                return result_line(name, item.custom_id, score, spent)
            wait_s = _pause(score.failure, pause_s)
            if not score.failure.retryable or self._clock() + wait_s > until:
                self._counted(score)
                code, words, problem = self._told(score)
                return error_line(name, item.custom_id, code, words, problem=problem, spent=spent)
            await self._sleep(wait_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def poisoned(claim: Claim, raw: bytes) -> Line:
    """The line of an item that was begun so often, and never ended, that it may be what ends its workers."""
    words = f"this item was given out {claim.deliveries - 1} times without an end; it is not tried again"
    return error_line(_name(claim), custom_id_of(raw), POISON, words, spent=_UNKNOWN)


def lost(claim: Claim) -> Line:
    """The line of an item that the ledger has no more, though its end was never written."""
    words = "the store has lost this item before it had an answer; hand it over again"
    spent = Spent() if claim.deliveries == 1 else _UNKNOWN
    return error_line(_name(claim), None, LOST, words, spent=spent)


def unfinished(claim: Claim, raw: bytes, code: str) -> Line:
    """The line of an item that its job's end came before."""
    words = {"cancelled": "the job was cancelled before this item had an answer"}.get(
        code, "the job's time was over before this item had an answer"
    )
    spent = _UNKNOWN if claim.deliveries else Spent()  # its calls were ended: nobody knows
    return error_line(_name(claim), custom_id_of(raw), code, words, spent=spent)


def _name(claim: Claim) -> str:
    return f"{claim.job}-{claim.index}"


def _pause(failure: Failure, least_s: float) -> float:
    jitter = random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)
    return max(least_s * jitter, failure.retry_after_s or 0.0)


def _sum(before: Spent, score: Score) -> Spent:
    provenance = score.provenance
    if provenance.cache in {"hit", "joined", "none"} or provenance.instrument == "guard":
        return before
    attempts = provenance.attempts
    counted = all(a.input_tokens is not None and a.output_tokens is not None for a in attempts)
    return Spent(
        _plus(before.input_tokens, (provenance.usage.input_tokens or 0) if counted else None),
        _plus(before.output_tokens, (provenance.usage.output_tokens or 0) if counted else None),
        _plus(before.microusd, provenance.spent_microusd),
    )


def _with_calls_of(refused: RequestError, before: Spent) -> Spent:
    """A cap may be reached between two calls: what the first read and wrote nobody tells, what it cost the cap does."""
    if not isinstance(refused, CostCapReached) or not refused.calls:
        return before
    return Spent(None, None, _plus(before.microusd, refused.spent_microusd))


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
