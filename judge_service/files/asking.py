"""Puts one row before the scorer and tells what came of it; where that is kept is not known here."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from judge_service.domain.request import DEADLINE_DEFAULT_MS, ScoreRequest
from judge_service.domain.score import Failure, Score
from judge_service.errors import CacheMiss, CostCapReached, RequestError
from judge_service.scoring.guard import degenerate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from judge_service.backends.purse import Payer
    from judge_service.files.rows import Row
    from judge_service.scoring.scorer import Scorer

# Settings that change how long it takes and who is asked, and not what the score is a score of.
_BESIDE_THE_POINT = frozenset({"cache", "deadline_ms", "max_cost_usd"})

Kind = Literal["scored", "rejected", "capped", "uncached", "held"]


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one row: a score, a reason why none was asked for, or nothing that is kept."""

    row: int
    asked: str  # digest of the question
    kind: Kind
    text: str = ""  # the JSON object that is kept; empty: none is
    found: Score | None = field(default=None, compare=False)  # the same, where it was made in this process

    @property
    def score(self) -> Score:
        """What the scorer said, of kind `scored`."""
        return self.found or Score.model_validate_json(self.text)


class Asking:
    """Asks about rows under one order."""

    def __init__(self, scorer: Scorer, order: Order) -> None:
        self._scorer = scorer
        self._order = order
        stored, judge = scorer.rubrics.get(order.rubric), scorer.judge(order.judge)
        settings = {key: value for key, value in order.settings.items() if key not in _BESIDE_THE_POINT}
        self._frame = [stored.digest, judge.identity, settings]

    def asked(self, row: Row) -> str:
        """Digest of what is asked about a row: case, rubric, judge and settings."""
        # Whose response it is changes no verdict, and files that were begun before it could be said go on.
        case = row.fault if row.case is None else row.case.model_dump(mode="json", exclude={"model"})
        frame = list(self._frame)
        if row.case is not None and degenerate(row.case.response):
            frame[1] = "guard"  # no judge is asked, so it does not matter which
        asked = json.dumps([frame, case], sort_keys=True)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    async def answer(self, row: Row, asked: str, purse: Payer | None = None) -> Answer:
        """Ask the judge, or say why it is not asked."""
        if row.case is None:
            return refused(row, asked, row.fault or "")
        request = ScoreRequest.model_validate(
            {
                "rubric": self._order.rubric,
                "judge": self._order.judge,
                "case": row.case,
                **self._order.settings,
            }
        )
        budget_s = (request.deadline_ms or DEADLINE_DEFAULT_MS) / 1000
        try:
            deadline = asyncio.get_running_loop().time() + budget_s
            score = await self._scorer.score(request, deadline=deadline, purse=purse)
        except CacheMiss:
            return Answer(row.number, asked, "uncached")
        except CostCapReached as exc:
            return refused(row, asked, str(exc), outcome="cost_cap")
        except RequestError as exc:
            return refused(row, asked, str(exc))
        return Answer(row.number, asked, "scored", score.model_dump_json(), score)


def refused(
    row: Row, asked: str, reason: str, *, outcome: str = "rejected_input", failure: Failure | None = None
) -> Answer:
    """Answer for a row that has no score to show, for a reason of ours."""
    case = row.case
    told: dict[str, object] = {
        "id": uuid.uuid4().hex,
        "case_id": case.id if case else None,
        "outcome": outcome,
        "score": None,
        "reason": reason,
        "criteria": {},
        "subgroups": dict(case.subgroups) if case else {},
    }
    if failure is not None:
        told["failure"] = failure.model_dump()
    if row.unread:
        told["unread"] = True
    return Answer(row.number, asked, "capped" if outcome == "cost_cap" else "rejected", json.dumps(told))
