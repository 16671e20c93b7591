"""Works on the items of one batch, each by itself, and adds up what came of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from judge_service import errors
from judge_service.api.answering import is_no_answer
from judge_service.api.batch_answers import BatchAnswer, BatchEnd, ItemAnswer, Spent
from judge_service.api.problems import of_error, of_no_answer, patience
from judge_service.backends.purse import purse_of
from judge_service.domain.batch import CUSTOM_ID_CAP, BatchDefaults, BatchItem
from judge_service.domain.bill import Bill
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from judge_service.api.problems import Problem
    from judge_service.domain.batch import BatchEnvelope
    from judge_service.domain.place import Place
    from judge_service.domain.score import Score
    from judge_service.observation import Observation
    from judge_service.scoring.scorer import Scorer

# Opened pictures are held while their item waits for the judge; a body of 20 MB may hold very many of them.
PICTURED_AT_ONCE: Final = 32
# Raised before any judge is asked, so that nothing was spent.
_FREE = (
    errors.BodyRejected,
    errors.RubricNotFound,
    errors.JudgeNotFound,
    errors.ImageRejected,
    errors.UnfitCase,
    errors.CacheMiss,
)
_STAND_IN: Final = {"rubric": "any", "case": {"response": ""}}  # what a default need not say


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all items of a batch share."""

    scorer: Scorer
    observation: Observation
    place: Place
    began: float  # event-loop time, as all
    deadline: float
    request_id: str | None


class Batch:
    """The items of one request, in work from the first `answers` on."""

    def __init__(self, asked: BatchEnvelope, around: Circumstances) -> None:
        """Raises `BodyRejected` where the defaults are at fault."""
        if "case" in asked.defaults:
            fault = ("/defaults/case", "each item brings a case of its own")
            raise errors.BodyRejected(": ".join(fault), (fault,))
        validated(_STAND_IN | asked.defaults, BatchDefaults, "/defaults")
        self._asked = asked
        self._around = around
        self._purse = purse_of(asked.max_cost_usd)
        self._pictured = asyncio.Semaphore(PICTURED_AT_ONCE)
        self._counts: Counter[str] = Counter()
        self._bill = Bill()

    async def answer(self) -> BatchAnswer:
        """Everything, in the order of the items."""
        async with aclosing(self._answers()) as answers:
            items = [each async for each in answers]
        items.sort(key=lambda each: each.index)
        return BatchAnswer(items=items, counts=dict(self._counts), spent=self._spent())

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """A line for each item when it is done, and one for all of them."""
        async with aclosing(self._answers()) as answers:
            async for each in answers:
                yield each.model_dump_json().encode() + b"\n"
        end = BatchEnd(counts=dict(self._counts), spent=self._spent())
        yield end.model_dump_json().encode() + b"\n"

    async def _answers(self) -> AsyncGenerator[ItemAnswer, None]:
        """Each when it is done; whoever stops listening ends the work of all."""
        done: asyncio.Queue[ItemAnswer] = asyncio.Queue()

        async def work(index: int, given: object) -> None:
            done.put_nowait(await self._one(index, given))

        async def work_on_all() -> None:
            async with asyncio.TaskGroup() as group:
                for each in enumerate(self._asked.items):
                    group.create_task(work(*each))
                    # Reading an item and laying it out takes its milliseconds; others have their turn between.
                    await asyncio.sleep(0)

        working = asyncio.create_task(work_on_all())
        try:
            for _ in self._asked.items:
                one = await done.get()
                self._counts[one.outcome] += 1
                yield one
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _one(self, index: int, given: object) -> ItemAnswer:
        name, request_id = _custom_id(given), self._around.request_id
        try:
            item = self._read(index, given)
            async with self._turn(item):
                score = await self._score(item)
        except Exception as exc:  # noqa: BLE001 (whatever it is, it is this item's and no neighbour's)
            self._charge(exc)
            return _refused(index, name, of_error(exc, request_id))
        self._around.observation.score(score)
        self._bill.add(score.provenance)
        if not is_no_answer(score, request_id):
            return ItemAnswer(index=index, custom_id=name, status=200, score=score)
        wait = score.failure.retry_after_s if score.failure else None
        return _refused(index, name, of_no_answer(score, request_id), wait)

    def _read(self, index: int, given: object) -> BatchItem:
        whole = self._asked.defaults | given if isinstance(given, dict) else given
        return validated(whole, BatchItem, f"/items/{index}")

    def _turn(self, item: BatchItem) -> AbstractAsyncContextManager[None]:
        return self._pictured if item.case.images else nullcontext()

    async def _score(self, item: BatchItem) -> Score:
        around, own_ms = self._around, item.deadline_ms
        deadline = around.deadline if own_ms is None else min(around.deadline, around.began + own_ms / 1000)
        return await around.scorer.score(item, deadline=deadline, purse=self._purse, place=around.place)

    def _charge(self, exc: Exception) -> None:
        """Put on the bill what an item without a score has cost; what was refused before any call cost nothing."""
        if isinstance(exc, errors.CostCapReached):
            if exc.calls:
                self._bill.add_unknown(exc.spent_microusd)
        elif not isinstance(exc, _FREE):
            self._bill.add_unknown()

    def _spent(self) -> Spent:
        return Spent.model_validate(self._bill, from_attributes=True)


def _refused(index: int, name: str | None, problem: Problem, asked_s: float | None = None) -> ItemAnswer:
    return ItemAnswer(
        index=index,
        custom_id=name,
        status=problem.status,
        problem=problem,
        retry_after_s=patience(problem, asked_s),
    )


def _custom_id(given: object) -> str | None:
    """The item's name, also of an item that is at fault elsewhere."""
    name = given.get("custom_id") if isinstance(given, dict) else None
    return name if isinstance(name, str) and len(name) <= CUSTOM_ID_CAP else None
