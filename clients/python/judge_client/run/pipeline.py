"""The run itself: each answer goes to the judge when it arrives, while the model is asked for the next ones."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from judge_client import JudgeClientError
from judge_client.run import answering, judging
from judge_client.run.endpoint import Sent, may_be_paid
from judge_client.run.folder import FAILED
from judge_client.run.items import DatasetFault, Item
from judge_client.run.pictures import picture_of
from judge_client.run.prompts import body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client import AsyncJudgeClient
    from judge_client.run.endpoint import ModelUnderTest
    from judge_client.run.folder import RunFolder
    from judge_client.run.plan import Plan

# A reply that is nested too deeply is a `RecursionError` of whoever reads it.
_FAULTS = (JudgeClientError, DatasetFault, ValueError, OSError, RecursionError)


class Watch(Protocol):
    """Hears of every line: `stage` is `model` or `judge`."""

    def expects(self, stage: str, total: int, done: int) -> None: ...

    def heard(self, stage: str, line: Mapping[str, Any]) -> None: ...


class GaveUp(Exception):
    """So many calls in a row failed that going on would only cost; says what the last one said."""


class Pipeline:
    """Brings every item of a plan as far as it gets; what is in the folder already is not asked again."""

    def __init__(
        self, plan: Plan, folder: RunFolder, model: ModelUnderTest, judge: AsyncJudgeClient, watch: Watch
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._model = model
        self._judge = judge
        self._watch = watch
        self._to_ask: deque[Item] = deque()
        self._to_judge: asyncio.Queue[Item | None] = asyncio.Queue()
        self._stopping = False
        both = plan.model.concurrency + plan.judge.concurrency
        self._slots = asyncio.Semaphore(plan.in_flight or both)
        self._in_a_row = {"model": 0, "judge": 0}
        self._gave_up: GaveUp | None = None

    def stop(self) -> None:
        """Begin nothing more; calls under way are waited for, since they are paid."""
        self._stopping = True

    async def run(self) -> None:
        """Ask and judge until nothing is left to do; raises `GaveUp`."""
        self._sort()
        async with asyncio.TaskGroup() as group:
            judges = [group.create_task(self._judge_all()) for _ in range(self._plan.judge.concurrency)]
            askers = [group.create_task(self._ask_all()) for _ in range(self._plan.model.concurrency)]
            await asyncio.wait(askers)
            for _ in judges:
                self._to_judge.put_nowait(None)
        if self._gave_up is not None:
            raise self._gave_up

    def _sort(self) -> None:
        """Say of each item what is left to do for it."""
        done = {"model": 0, "judge": 0}
        items = self._plan.dataset.items
        for item in items:
            answer = self._folder.answered(item.key)
            if answer is None:
                self._to_ask.append(item)
                continue
            done["model"] += 1
            if not self._is_judged(item):
                self._pass_on(item, answer)
            elif item.kind == "open":
                done["judge"] += 1
        self._watch.expects("model", len(items), done["model"])
        self._watch.expects("judge", sum(item.kind == "open" for item in items), done["judge"])

    def _is_judged(self, item: Item) -> bool:
        line = self._folder.judged(item.key)
        if line is None:
            return False
        return not (self._plan.again_unscored and item.kind == "open" and line["score"] is None)

    def _pass_on(self, item: Item, answer: Mapping[str, Any]) -> None:
        if item.kind == "open":
            self._to_judge.put_nowait(item)
        else:
            self._folder.scores.append(answering.choice_line(item, answer))

    async def _ask_all(self) -> None:
        while self._to_ask and not self._stopping:
            item = self._to_ask.popleft()
            async with self._slots:
                if self._stopping:
                    return
                line = await self._ask(item)
            self._folder.predictions.append(line)
            self._watch.heard("model", line)
            if line["outcome"] != FAILED:
                self._pass_on(item, line)
            self._count("model", line)

    async def _ask(self, item: Item) -> dict[str, Any]:
        asked: dict[str, Any] | None = None
        called, sent = False, Sent()
        try:
            data = self._plan.dataset
            picture = picture_of(item, data.images)
            model = self._plan.model
            body = body_of(item, picture, model.name, model.fields)
            asked = answering.asked_line(item, picture, model)
            self._folder.begun("model", item.key, asked["digest"])
            called = True
            started = time.perf_counter()
            said = await self._model.ask(body, sent)
            line = answering.answer_line(item, asked, said, model.price, time.perf_counter() - started)
        except DatasetFault as exc:
            line = answering.failed_line(item, asked, str(exc), called=False) | {"fault": "no picture"}
        except _FAULTS as exc:
            paid: answering.Paid = "maybe" if called and may_be_paid(exc) else "no"
            line = answering.failed_line(item, asked, str(exc), called=called, paid=paid)
        return line | {"requests": sent.requests}

    async def _judge_all(self) -> None:
        while (item := await self._to_judge.get()) is not None:
            async with self._slots:
                if self._stopping:
                    continue
                line = await self._judge_one(item)
            self._folder.scores.append(line)
            self._watch.heard("judge", line)
            self._count("judge", line)

    async def _judge_one(self, item: Item) -> dict[str, Any]:
        answer = self._folder.predictions.last[item.key]
        asked: dict[str, Any] | None = None
        called = False
        try:
            plan = self._plan
            request = judging.request_of(item, answer, plan.judge, plan.model.name, plan.dataset)
            asked = judging.asked_line(request, answer)
            self._folder.begun("judge", item.key, asked["digest"])
            called = True
            line = judging.score_line(item, answer, await self._judge.score(request))
        except _FAULTS as exc:
            line = judging.failed_line(item, answer, exc, called=called)
        return line | {"request": asked}

    def _count(self, stage: str, line: Mapping[str, Any]) -> None:
        """Count calls that failed in a row; what was never asked costs nothing, and says nothing of who is asked."""
        if not line["called"]:
            return
        self._in_a_row[stage] = self._in_a_row[stage] + 1 if line["outcome"] == FAILED else 0
        if self._in_a_row[stage] >= self._plan.give_up_after:
            count = self._in_a_row[stage]
            self._gave_up = GaveUp(
                f"{count} calls of the {stage} in a row failed; the last: {line['reason']}"
            )
            self.stop()
