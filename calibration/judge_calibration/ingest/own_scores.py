"""Reads answers of the scoring service: each verdict is a judge's score, with its outcome and instrument."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from judge_calibration.ingest.cells import SCORED
from judge_calibration.ingest.composites import TOTAL_SCALE
from judge_calibration.ingest.fingerprints import Heard
from judge_calibration.ingest.judge_rows import outcome_of, repeat_of
from judge_calibration.ingest.names import Place, stored
from judge_calibration.ingest.source import ID_RULE, quoted, spelled
from judge_calibration.scales import finite_number

if TYPE_CHECKING:
    from judge_calibration.ingest.cells import Cells
    from judge_calibration.ingest.item_rows import ItemFacts
    from judge_calibration.ingest.names import Criterion, Names
    from judge_calibration.ingest.source import Faults, RowTable
    from judge_calibration.scales import Scale

TOTAL = "score"
_FULL = 100.0
_SAME = 1e-6  # of the scale's width: what a percentage loses when it is written with few digits


class OwnScores:
    """Appends rows to cells, and keeps of each judge the instruments that its answers name.

    A judge's answers about one item are repeats, numbered by `metadata.repeat`, else in the order of the
    answers' ids: the order of lines in a file says nothing.
    """

    def __init__(self, names: Names, cells: Cells, facts: ItemFacts, faults: Faults) -> None:
        self._names = names
        self._cells = cells
        self._facts = facts
        self._faults = faults
        self._ids: dict[str, int] = {}
        self._open: list[
            tuple[int, int, int, str, int]
        ] = []  # cells that wait for the number of their repeat
        self.heard = Heard()

    def read(self, table: RowTable) -> None:
        """Take in every answer of a table; criteria without a declared scale are passed over."""
        for number, given in table.numbered():
            place = Place(self._faults, table.name, number)
            if isinstance(given, Mapping):
                self._read(given, place)
            else:
                place.fault("", "bad_row", f"an answer is an object, not {quoted(given)}")
        self._cells.close(table)

    def number_repeats(self) -> None:
        """Give every answer that does not say which repeat it is its number, from 1."""
        last: dict[tuple[int, int, int], int] = {}
        for item, criterion, judge, _, cell in sorted(self._open):
            key = (item, criterion, judge)
            last[key] = self._cells.repeats[cell] = last.get(key, 0) + 1

    def _read(self, answer: Mapping[str, object], place: Place) -> None:
        provenance, criteria = answer.get("provenance"), answer.get("criteria")
        if not isinstance(provenance, Mapping) or not isinstance(criteria, Mapping):
            place.fault(
                "provenance", "missing_field", "an answer has the objects 'criteria' and 'provenance'"
            )
            return
        item, judge = self._item(answer, place), spelled(provenance.get("judge"))
        if judge is None:
            place.fault("provenance.judge", "bad_id", f"{quoted(provenance.get('judge'))}: {ID_RULE}")
        if item is None or judge is None or not self._is_new(answer, place):
            return
        if _was_judged(provenance, criteria) and not self.heard.hear(judge, provenance):
            place.fault("provenance", "bad_row", "what it says of the judge is no plain data, or too much")
        self._facts.read_subgroups(item, answer.get("subgroups"), place)
        who = self._names.judges.setdefault(judge, len(self._names.judges))
        _Answer(self, answer, item, who, place).take(criteria)

    def _item(self, answer: Mapping[str, object], place: Place) -> int | None:
        metadata = answer.get("metadata")
        named = metadata.get("item") if isinstance(metadata, Mapping) else None
        given = answer.get("case_id") if named is None else named
        text = spelled(given)
        if text is None:
            code = "missing_field" if given is None else "bad_id"
            place.fault("case_id", code, f"the item is not known: {ID_RULE}")
            return None
        return self._names.items.setdefault(text, len(self._names.items))

    def _is_new(self, answer: Mapping[str, object], place: Place) -> bool:
        name = answer.get("id")
        if not isinstance(name, str) or self._ids.setdefault(name, place.row) == place.row:
            return True
        place.fault("id", "duplicate", f"row {self._ids[name]} is the same answer")
        return False

    def known(self, criterion: object) -> Criterion | None:
        """The criterion of this name, if its scale is declared."""
        return self._names.criteria.get(criterion) if isinstance(criterion, str) else None

    def append(
        self, cell: tuple[int, int, int], value: float, outcome: int, repeat: int | None, key: str, row: int
    ) -> None:
        """Add one cell (item, criterion, judge); `key` puts repeats without a number in order."""
        item, criterion, who = cell
        cells = self._cells
        if repeat is None:
            self._open.append((item, criterion, who, key, len(cells.items)))
        cells.items.append(item)
        cells.criteria.append(criterion)
        cells.who.append(who)
        cells.scores.append(value)
        cells.repeats.append(repeat or 0)
        cells.outcomes.append(outcome)
        cells.numbers.append(row)


class _Answer:
    """One answer: which item and judge it is about, and what it says of each criterion."""

    def __init__(
        self, rows: OwnScores, answer: Mapping[str, object], item: int, who: int, place: Place
    ) -> None:
        metadata, name = answer.get("metadata"), answer.get("id")
        numbered = isinstance(metadata, Mapping) and metadata.get("repeat") is not None
        self._rows = rows
        self._answer = answer
        self._item = item
        self._who = who
        self._place = place
        self._repeat = repeat_of(metadata, place) if numbered and isinstance(metadata, Mapping) else None
        self._key = name if isinstance(name, str) else ""

    def take(self, criteria: Mapping[object, object]) -> None:
        """Append a cell for each verdict, and one for the total where it has a scale of its own."""
        for name, verdict in criteria.items():
            criterion = self._rows.known(name)
            if criterion is None:
                continue
            if isinstance(verdict, Mapping):
                self._take_verdict(criterion, verdict)
            else:
                self._place.fault(
                    f"criteria.{name}", "bad_row", f"a verdict is an object, not {quoted(verdict)}"
                )
        total = self._rows.known(TOTAL)
        if total is not None and total.scale == TOTAL_SCALE and TOTAL not in criteria:
            self._take_total(total)

    def _take_verdict(self, criterion: Criterion, verdict: Mapping[str, object]) -> None:
        outcome = outcome_of(verdict.get("outcome"), self._place)
        if outcome == 0:
            self._append(criterion, _on_scale(criterion.scale, verdict))
        elif outcome is not None:
            self._append(criterion, None, outcome)

    def _take_total(self, criterion: Criterion) -> None:
        score, told = self._answer.get("score"), self._answer.get("outcome")
        if score is None and told == SCORED:
            return  # its scale has no numbers: there is no total
        outcome = outcome_of(told, self._place)
        if outcome is not None:
            self._append(criterion, score, outcome)

    def _append(self, criterion: Criterion, score: object, outcome: int = 0) -> None:
        value = math.nan if outcome else stored(criterion, score, self._place)
        if value is not None:
            cell = (self._item, criterion.at, self._who)
            self._rows.append(cell, value, outcome, self._repeat, self._key, self._place.row)


def _was_judged(provenance: Mapping[object, object], criteria: Mapping[object, object]) -> bool:
    """Whether a judge's own verdict is in it: a guard's answer, or none, says nothing of the judge's instrument."""
    outcomes = (each.get("outcome") for each in criteria.values() if isinstance(each, Mapping))
    return provenance.get("instrument") != "guard" and SCORED in outcomes


def _on_scale(scale: Scale, verdict: Mapping[str, object]) -> object:
    """The verdict's level, or where the scale does not hold its label the value that stands for it."""
    level, value = verdict.get("level"), finite_number(verdict.get("value"))
    if value is None or scale.low is None or scale.high is None or scale.store(level) is not None:
        return level
    width = scale.high - scale.low
    worth = scale.low + value / _FULL * width
    near = [known for known in scale.numeric.tolist() if abs(known - worth) <= _SAME * width]
    if near:
        return scale.told(near[0])
    return level if scale.is_discrete else worth
