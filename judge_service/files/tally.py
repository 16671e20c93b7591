"""What has come out of a run so far, and where it is kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge_service.domain.bill import Bill
from judge_service.domain.verdict import Scored
from judge_service.files.ledger import is_unsettled

if TYPE_CHECKING:
    from judge_service.backends.purse import Tab
    from judge_service.domain.score import Score
    from judge_service.files.asking import Answer
    from judge_service.files.ledger import Ledger


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
    fatal: list[int] = field(default_factory=list)  # rows whose worker process ended while they were asked
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

    def _refuse(self, answer: Answer) -> None:
        told = json.loads(answer.text)
        self.outcomes[told["outcome"]] += 1
        if told.get("unread"):
            self.unread.append(f"Row {answer.row}: {told['reason']}.")
        if answer.kind == "capped":
            self.capped = self.capped or told["reason"]
        if told["outcome"] == "provider_error":
            self.unanswered += 1
            self.fatal.append(answer.row)

    def keep(self, answer: Answer, ledger: Ledger, tab: Tab | None = None) -> None:
        """Count an answer, and write it down unless it is there already or says nothing.

        `tab`: what its calls were paid by, where there is a cap.
        """
        if answer.kind == "held":
            self.resumed += 1
        elif answer.kind == "uncached":
            self.uncached += 1
        elif answer.kind == "scored":
            self.add(answer.score)
        else:
            self._refuse(answer)
            if (
                answer.kind == "capped" and tab is not None and tab.calls
            ):  # some were made for it all the same
                self.bill.add_unknown(tab.spent)
        if answer.text:
            ledger.append(answer.row, answer.asked, answer.text, tab.taken if tab else None)
