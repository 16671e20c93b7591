"""Reads HealthBench meta-evaluation files: does a response meet a criterion, say physicians and a judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from judge_calibration.errors import OptionRejected, RowFault
from judge_calibration.ingest.building import study_of
from judge_calibration.ingest.json_text import TextRejected, decoded, parse
from judge_calibration.ingest.source import RowTable, Source, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.study import Study

CRITERION = "met"


def healthbench_study(gold_path: str | Path, judge_path: str | Path, judge: str = "judge") -> Study:
    """Physicians' labels from one file, a judge's from another, as a study of the binary criterion `met`.

    Gold lines have `item_id`, `binary_labels`, `anonymized_physician_ids`, `prompt_id` and `category`: each
    label is a rating by its physician, the prompt is the item's cluster, the category a subgroup. Judge lines
    have `item_id` and `criteria_met`. A physician with two labels for one item is a fault: which of them
    counts is not ours to choose.
    """
    source = Source(specs={CRITERION: {"kind": "binary"}})
    gold = _Lines(source, Path(gold_path))
    items, ratings, numbers = [], [], []
    for line in gold:
        physicians, labels = line.get("anonymized_physician_ids"), line.get("binary_labels")
        if not isinstance(physicians, list) or not isinstance(labels, list) or len(physicians) != len(labels):
            gold.fault("binary_labels", "the line has as many 'binary_labels' as 'anonymized_physician_ids'")
            continue
        about = {"cluster": line.get("prompt_id"), "subgroups": {"category": line.get("category")}}
        items.append({"item": line.get("item_id"), **about})
        for rater, label in zip(physicians, labels, strict=True):
            row = {"item": line.get("item_id"), "criterion": CRITERION}
            ratings.append(row | {"rater": rater, "score": label})
            numbers.append(gold.number)
    source.items = [RowTable(gold.name, items, gold.sound)]
    source.ratings = [RowTable(gold.name, ratings, numbers)]
    source.judge_scores = [_judge_table(source, Path(judge_path), judge)]
    return study_of(source)


def _judge_table(source: Source, path: Path, judge: str) -> RowTable:
    lines = _Lines(source, path)
    rows = [
        {
            "item": line.get("item_id"),
            "criterion": CRITERION,
            "judge": judge,
            "score": line.get("criteria_met"),
        }
        for line in lines
    ]
    return RowTable(lines.name, rows, lines.sound)


class _Lines:
    """The objects of a JSONL file. `number` is the line at hand, `sound` those that were not at fault."""

    def __init__(self, source: Source, path: Path) -> None:
        self._source = source
        try:
            self._text = decoded(path.read_bytes())
        except OSError as exc:
            raise OptionRejected("study", f"{path.name} cannot be read: {exc.strerror or exc}") from None
        except TextRejected as exc:
            raise OptionRejected("study", f"{path.name}, line {exc.line}: {exc.detail}") from None
        self.name = path.name
        self.number = 0
        self.sound: list[int] = []

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        for number, line in enumerate(self._text.split("\n"), start=1):
            self.number = number
            if not line.strip():
                continue
            try:
                found = parse(line)
            except TextRejected as exc:
                self.fault("", exc.detail)
                continue
            if isinstance(found, Mapping):
                self.sound.append(self.number)
                yield found
            else:
                self.fault("", f"a line is an object, not {quoted(found)}")

    def fault(self, field: str, detail: str) -> None:
        """Note what is wrong with the line at hand."""
        if self.sound and self.sound[-1] == self.number:
            self.sound.pop()
        self._source.faults.append(RowFault(self.name, self.number, field, "bad_row", detail))
