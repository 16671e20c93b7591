"""Reads answers of the scoring service itself: each verdict is a judge's score, with its outcome and instrument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from judge_calibration.ingest.cells import OUTCOME_AT, SCORED
from judge_calibration.ingest.names import Place
from judge_calibration.ingest.source import quoted, spelled

if TYPE_CHECKING:
    from judge_calibration.ingest.cells import Cells
    from judge_calibration.ingest.item_rows import ItemFacts
    from judge_calibration.ingest.names import Criterion, Names
    from judge_calibration.ingest.source import Faults, RowTable

FINGERPRINT = ("rubric_digest", "prompt_digest", "judge_kind", "model", "mode", "sampling")
TOTAL = "score"
_FULL = 100.0


class OwnScores:
    """Appends rows to cells, and keeps of each judge the instruments its answers name."""

    def __init__(self, names: Names, cells: Cells, facts: ItemFacts, faults: Faults) -> None:
        self._names = names
        self._cells = cells
        self._facts = facts
        self._faults = faults
        self._seen: dict[tuple[int, int, int], int] = {}
        self.fingerprints: dict[str, list[Mapping[str, object]]] = {}

    def read(self, table: RowTable) -> None:
        """Take in every answer of a table; criteria without a declared scale are passed over."""
        for number, given in table.numbered():
            place = Place(self._faults, table.name, number)
            if not isinstance(given, Mapping):
                place.fault("", "bad_row", f"an answer is an object, not {quoted(given)}")
                continue
            self._read(given, place)
        self._cells.close(table)

    def _read(self, answer: Mapping[str, Any], place: Place) -> None:
        provenance, criteria = answer.get("provenance"), answer.get("criteria")
        if not isinstance(provenance, Mapping) or not isinstance(criteria, Mapping):
            place.fault("provenance", "bad_row", "an answer of the service has 'criteria' and 'provenance'")
            return
        item, judge = self._item(answer, place), spelled(provenance.get("judge"))
        if judge is None:
            place.fault("provenance.judge", "bad_id", "the answer does not name its judge")
        if item is None or judge is None:
            return
        who = self._names.judges.setdefault(judge, len(self._names.judges))
        self._facts.read_subgroups(item, answer.get("subgroups"), place)
        self.fingerprints.setdefault(judge, []).append({key: provenance.get(key) for key in FINGERPRINT})
        for name, verdict in criteria.items():
            criterion = self._names.criteria.get(name)
            if criterion is not None and isinstance(verdict, Mapping):
                self._verdict(item, who, criterion, verdict, place)
        total = self._names.criteria.get(TOTAL)
        if total is not None and TOTAL not in criteria:
            self._add(item, who, total, answer.get("score"), answer.get("outcome"), place)

    def _item(self, answer: Mapping[str, Any], place: Place) -> int | None:
        metadata = answer.get("metadata")
        named = metadata.get("item") if isinstance(metadata, Mapping) else None
        text = spelled(answer.get("case_id") if named is None else named)
        if text is None:
            place.fault("case_id", "missing_field", "the case had no id, so its item is not known")
            return None
        return self._names.items.setdefault(text, len(self._names.items))

    def _verdict(
        self, item: int, who: int, criterion: Criterion, verdict: Mapping[str, Any], place: Place
    ) -> None:
        outcome = verdict.get("outcome")
        if outcome != SCORED:
            self._add(item, who, criterion, None, outcome, place)
            return
        level, value, scale = verdict.get("level"), verdict.get("value"), criterion.scale
        on_scale = scale.store(level) is not None
        if (
            not on_scale
            and scale.low is not None
            and scale.high is not None
            and isinstance(value, int | float)
        ):
            level = round(scale.low + value / _FULL * (scale.high - scale.low), 9)
        self._add(item, who, criterion, level, outcome, place)

    def _add(
        self, item: int, who: int, criterion: Criterion, score: object, outcome: object, place: Place
    ) -> None:
        """Append one cell; a second answer of one judge to one item is a repeat."""
        at = OUTCOME_AT.get(outcome) if isinstance(outcome, str) else None
        if at is None:
            place.fault("outcome", "unknown_outcome", f"{quoted(outcome)} is no outcome")
            return
        value = float("nan")
        if at == 0:
            found = criterion.scale.store(score)
            if found is None:
                place.fault("criteria", "off_scale", f"{quoted(score)} is not on the declared scale")
                return
            value = found
        key = (item, criterion.at, who)
        self._seen[key] = self._seen.get(key, 0) + 1
        cells = self._cells
        cells.items.append(item)
        cells.criteria.append(criterion.at)
        cells.who.append(who)
        cells.scores.append(value)
        cells.repeats.append(self._seen[key])
        cells.outcomes.append(at)
        cells.numbers.append(place.row)
