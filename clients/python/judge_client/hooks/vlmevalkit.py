"""An `evaluate` for a data set of VLMEvalKit. A prediction without a score has an empty cell, and is in no mean."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from vlmeval.smp import dump, load

from judge_client.hooks.asking import Asker, Judged, Told, Unjudged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        cases = (_case(rows[at], _pictures(self, rows[at]) if images else None) for at in answered)
        for at, each in zip(answered, asker.many(cases), strict=True):
            told[at] = each
        values = [each.value if isinstance(each, Judged) else None for each in told]
        data["judge"] = values
        data["judge_unscored"] = [each.explanation if isinstance(each, Unjudged) else None for each in told]
        path = Path(eval_file)
        dump(data, str(path.with_name(f"{path.stem}_judge{path.suffix}")))
        groups = [str(row.get("category", "")) for row in rows]
        by = {
            name: _mean(v for v, group in zip(values, groups, strict=True) if group == name)
            for name in groups
        }
        by.pop("", None)
        unscored = values.count(None)
        return {"Overall": _mean(values), **by, "scored": len(rows) - unscored, "unscored": unscored}

    return evaluate


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and isnan(cell))


def _case(row: dict[str, Any], pictures: list[Path] | None) -> dict[str, Any]:
    fields = {"prompt": "question", "reference": "answer", "response": "prediction"}
    return {**{field: row.get(column) for field, column in fields.items()}, "images": pictures}


def _pictures(dataset: Any, row: dict[str, Any]) -> list[Path]:
    place = [str(index) for index in dataset.data["index"]].index(str(row["index"]))
    return [Path(part["value"]) for part in dataset.build_prompt(place) if part["type"] == "image"]


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None
