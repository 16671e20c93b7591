"""An `evaluate` for a data set of VLMEvalKit. A prediction without a score has an empty cell, and is in no mean."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmeval.smp import dump, load

from judge_client.hooks.asking import Asker, Judged, Told, Unjudged, mean_scored

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_client import JudgeClient

# What VLMEvalKit writes where the model under test gave no answer: a failure, and no answer to be judged.
_NO_ANSWER = "Failed to obtain answer via API"


def judged(
    service: str | JudgeClient, rubric: str, *, images: bool = True, **options: Any
) -> Callable[..., dict[str, float | int | None]]:
    """Make an `evaluate` from 0 to 1, to be set in the class of a data set; the column `answer` is the reference.

    It writes a file beside `eval_file` with the columns `judge` and `judge_unscored` (why), and gives the means over
    what has a score, `Overall` and by category, with the counts `scored` and `unscored`.
    """
    asker = Asker(service, rubric, options)

    def evaluate(self: Any, eval_file: str, **judge_kwargs: Any) -> dict[str, float | int | None]:  # noqa: ARG001
        data = load(eval_file)
        rows = [
            {name: value for name, value in row.items() if not _is_empty(value)} for _, row in data.iterrows()
        ]
        answered = [
            at for at, row in enumerate(rows) if _NO_ANSWER not in str(row.get("prediction", _NO_ANSWER))
        ]
        told: list[Told] = [Unjudged("no_prediction", "the model under test gave no answer")] * len(rows)
        pictures = _Pictures(self) if images else None
        cases = (_case(rows[at], pictures.of(rows[at]) if pictures else None) for at in answered)
        for at, each in zip(answered, asker.many(cases), strict=True):
            told[at] = each
        values = [each.value if isinstance(each, Judged) else None for each in told]
        data["judge"] = values
        data["judge_unscored"] = [each.explanation if isinstance(each, Unjudged) else None for each in told]
        path = Path(eval_file)
        dump(data, str(path.with_name(f"{path.stem}_judge{path.suffix}")))
        groups: dict[str, list[float | None]] = {}
        for row, value in zip(rows, values, strict=True):
            groups.setdefault(str(row.get("category", "")), []).append(value)
        groups.pop("", None)
        by = {name: mean_scored(group) for name, group in groups.items()}
        unscored = values.count(None)
        return {"Overall": mean_scored(values), **by, "scored": len(rows) - unscored, "unscored": unscored}

    return evaluate


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and isnan(cell))


def _case(row: dict[str, Any], pictures: list[Path | str] | None) -> dict[str, Any]:
    fields = {"prompt": "question", "reference": "answer", "response": "prediction"}
    return {**{field: row.get(column) for field, column in fields.items()}, "images": pictures}


class _Pictures:
    """Where a data set has the pictures of a row."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._places = {str(index): place for place, index in enumerate(dataset.data["index"])}

    def of(self, row: dict[str, Any]) -> list[Path | str]:
        parts = self._dataset.build_prompt(self._places[str(row["index"])])
        told = [str(part["value"]) for part in parts if part["type"] == "image"]
        return [value if "://" in value or value.startswith("data:") else Path(value) for value in told]
