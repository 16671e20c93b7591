"""Scores a file's rows with the scorer that serves requests: concurrent, resumable, interruptible."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge_service.backends.purse import Tab, purse_of
from judge_service.domain.bill import Bill
from judge_service.domain.request import DEADLINE_DEFAULT_MS, ScoreRequest
from judge_service.domain.verdict import Scored
from judge_service.errors import CacheMiss, CostCapReached, RequestError
from judge_service.files.ledger import is_unsettled
from judge_service.files.rows import read_rows
from judge_service.scoring.guard import degenerate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from judge_service.domain.case import Case
    from judge_service.domain.score import Score
    from judge_service.files.ledger import Ledger
    from judge_service.files.rows import Row
    from judge_service.scoring.scorer import Scorer

# Settings that change how long it takes and who is asked, and not what the score is a score of.
_BESIDE_THE_POINT = frozenset({"cache", "deadline_ms", "max_cost_usd"})


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with every row."""

    path: Path
    columns: Mapping[str, str]
    rubric: str
    judge: str = "default"
    settings: Mapping[str, object] = field(default_factory=dict)  # further fields of the scoring request
    concurrency: int = 64
    max_cost_usd: float | None = None  # of the whole file, what earlier runs spent included


@dataclass(slots=True)
class Tally:
    """What has come out so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    levels: dict[str, Counter[str]] = field(default_factory=dict)
    cache: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    unanswered: int = 0  # the judge gave no answer, and the same command asks again
    uncached: int = 0  # asked with `cache: only`, and not there
    unread: list[str] = field(default_factory=list)  # rows that took others with them: which and why
    bill: Bill = field(default_factory=Bill)
    capped: str | None = None  # why the cap on cost ended the asking

    @property
    def seen(self) -> int:
        """How many rows have been dealt with."""
        return self.resumed + self.outcomes.total() + self.uncached

    @property
    def unsettled(self) -> int:
        """How many rows the same command would ask again."""
        return self.unanswered + self.uncached + len(self.unread) + self.outcomes["cost_cap"]

    def add(self, score: Score) -> None:
        """Count one score and its verdicts."""
        self.outcomes[score.outcome] += 1
        self.cache[score.provenance.cache] += 1
        failure = score.failure.model_dump() if score.failure else None
        self.unanswered += is_unsettled(score.outcome, failure)
        self.bill.add(score.provenance)
        for criterion, verdict in score.criteria.items():
            level = str(verdict.level) if isinstance(verdict, Scored) else verdict.outcome
            self.levels.setdefault(criterion, Counter())[level] += 1


async def score_file(
    scorer: Scorer, order: Order, ledger: Ledger, tally: Tally, told: Callable[[], None]
) -> None:
    """Score every row that the ledger does not hold yet and count it; `told` is called after each."""
    asking = _Asking(scorer, order, ledger, tally, told)
    asking.check_the_frame()
    rows = read_rows(order.path, order.columns)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(order.concurrency):
                group.create_task(asking.work(rows))
    except ExceptionGroup as group_failed:
        raise group_failed.exceptions[0] from None  # those that follow it tell nothing more


class _Asking:
    def __init__(
        self, scorer: Scorer, order: Order, ledger: Ledger, tally: Tally, told: Callable[[], None]
    ) -> None:
        self._scorer = scorer
        self._order = order
        self._ledger = ledger
        self._tally = tally
        self._told = told
        stored, judge = scorer.rubrics.get(order.rubric), scorer.judge(order.judge)
        settings = {key: value for key, value in order.settings.items() if key not in _BESIDE_THE_POINT}
        self._frame = [stored.digest, judge.identity, settings]
        self._purse = purse_of(order.max_cost_usd, sum(ledger.spent.values()))

    def check_the_frame(self) -> None:
        """Refuse to add answers under one rubric, judge or setting to a file of answers under another."""
        if self._ledger.settled:
            first = min(self._ledger.settled)
            for row in read_rows(self._order.path, self._order.columns):
                if row.number == first:
                    self._ledger.holds(row.number, self._asked(row))
                    break

    async def work(self, rows: Iterator[Row]) -> None:
        for row in rows:
            asked = self._asked(row)
            if self._ledger.holds(row.number, asked):
                self._tally.resumed += 1
            elif row.case is None:
                self._reject(row, asked, row.fault or "")
            else:
                await self._score(row, asked)
            self._told()

    async def _score(self, row: Row, asked: str) -> None:
        request = ScoreRequest.model_validate(
            {
                "rubric": self._order.rubric,
                "judge": self._order.judge,
                "case": row.case,
                **self._order.settings,
            }
        )
        tab = None if self._purse is None else Tab(self._purse)
        budget_s = (request.deadline_ms or DEADLINE_DEFAULT_MS) / 1000
        try:
            deadline = asyncio.get_running_loop().time() + budget_s
            score = await self._scorer.score(request, deadline=deadline, purse=tab)
        except CacheMiss:
            self._tally.uncached += 1
            return
        except CostCapReached as exc:
            self._cap(row, asked, str(exc), request.case, tab)
            return
        except RequestError as exc:
            self._reject(row, asked, str(exc), request.case)
            return
        self._tally.add(score)
        self._ledger.append(row.number, asked, score.model_dump_json(), tab.taken if tab else None)

    def _cap(self, row: Row, asked: str, reason: str, case: Case, tab: Tab | None) -> None:
        """Ask no further judge; what is in the cache is still told."""
        if self._purse is not None:
            self._purse.close()
        self._tally.capped = self._tally.capped or reason
        if tab is not None and tab.calls:  # some were made for it all the same
            self._tally.bill.add_unknown(tab.spent)
        self._reject(row, asked, reason, case, outcome="cost_cap", taken=tab.taken if tab else None)

    def _reject(
        self,
        row: Row,
        asked: str,
        reason: str,
        case: Case | None = None,
        *,
        outcome: str = "rejected_input",
        taken: int | None = None,
    ) -> None:
        self._tally.outcomes[outcome] += 1
        answer: dict[str, object] = {
            "id": uuid.uuid4().hex,
            "case_id": case.id if case else None,
            "outcome": outcome,
            "score": None,
            "reason": reason,
            "criteria": {},
            "subgroups": dict(case.subgroups) if case else {},
        }
        if row.unread:
            self._tally.unread.append(f"Row {row.number}: {reason}.")
            answer["unread"] = True
        self._ledger.append(row.number, asked, json.dumps(answer), taken)

    def _asked(self, row: Row) -> str:
        # Whose response it is changes no verdict, and files that were begun before it could be said go on.
        case = row.fault if row.case is None else row.case.model_dump(mode="json", exclude={"model"})
        frame = list(self._frame)
        if row.case is not None and degenerate(row.case.response):
            frame[1] = "guard"  # no judge is asked, so it does not matter which
        asked = json.dumps([frame, case], sort_keys=True)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]
