"""The published figures of Med-CMR (Tables 2 and 3 of arXiv 2512.00818 v2), to stand beside a run's own.

They were judged by another model with a prompt that is not public: they are shown beside, and never subtracted.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DIMENSIONS = ("SOD", "FDD", "SU", "TP", "CR", "LTG", "MSI")
INTELLIGENCE = ("CDS", "DX", "PA", "PRA", "SEE", "TRE")
CRITERIA = ("consistency", "coherence", "visual_accuracy", "ground_truth")
COLUMNS = (*DIMENSIONS, "mcq", *CRITERIA, "open", *INTELLIGENCE)
MCQ_ITEMS = 16_655
NAMES = {
    "small object detection": "SOD",
    "fine detail discrimination": "FDD",
    "spatial understanding": "SU",
    "temporal prediction": "TP",
    "causal reasoning": "CR",
    "long tail generalization": "LTG",
    "multi source integration": "MSI",
    "clinical decision support": "CDS",
    "decision support": "CDS",
    "diagnosis": "DX",
    "psychophysiologic analysis": "PA",
    "procedural risk": "PRA",
    "procedural risk assessment": "PRA",
    "staging and extent": "SEE",
    "staging and extent evaluation": "SEE",
    "treatment response": "TRE",
    "treatment response evaluation": "TRE",
}
# Two printed totals do not follow from their own row by the paper's formula.
# Where each kind of column is looked for: a modality that is spelt like a dimension ("CR") is none.
PLACES = {"dimension": DIMENSIONS, "subtype": INTELLIGENCE, "question_type": INTELLIGENCE}
DOUBTFUL = {("Gemini-2.5-Pro", "open"): 45.88, ("Qwen3-VL-32B", "open"): 40.23}


def published() -> dict[str, dict[str, float]]:
    """Every model's figures in percent, by column."""
    text = files("judge_client.run").joinpath("published.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["model"]: {column: float(row[column]) for column in COLUMNS} for row in rows}


def column_of(cut: str, value: str) -> str | None:
    """The column that a group of a cut stands for, by its letters or its words in full."""
    plain = " ".join(value.replace("-", " ").replace("_", " ").replace("&", "and").split())
    column = NAMES.get(plain.lower(), plain.upper())
    return column if column in PLACES.get(cut, ()) else None


def beside(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """This run's figures under the published columns, each with its items, and the table; `None` where none fits."""
    told = {**_choices(summary["mcq"]), **_opens(summary["open"])}
    if not told:
        return None
    return {
        "columns": list(COLUMNS),
        "ours": {column: each["estimate"] for column, each in told.items()},
        "ours_items": {column: each["n"] for column, each in told.items()},
        "models": published(),
        "doubtful": _doubts(),
        **_sizes(summary),
    }


def _sizes(summary: Mapping[str, Any]) -> dict[str, int]:
    track = summary["mcq"]
    return {"mcq_items": track["all"]["scored"] if track else 0, "published_mcq_items": MCQ_ITEMS}


def _choices(track: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    if track is None:
        return {}
    found = {"mcq": track["all"]["accuracy_micro"]}
    for cut, parts in track["cuts"].items():
        for value, cell in parts.items():
            column = column_of(cut, value)
            if column is not None:
                found.setdefault(column, cell["accuracy_micro"])
    known = _known(found)
    return known if len(known) > 1 else {}


def _opens(track: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    if track is None:
        return {}
    cell = track["all"]
    found = {name: cell["criteria"][name]["micro"] for name in CRITERIA if name in cell["criteria"]}
    return _known(found | {"open": cell["score_micro"]}) if len(found) == len(CRITERIA) else {}


def _known(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {column: each for column, each in found.items() if each["estimate"] is not None}


def _doubts() -> list[dict[str, Any]]:
    return [
        {"model": model, "column": column, "printed": published()[model][column], "by_formula": figure}
        for (model, column), figure in DOUBTFUL.items()
    ]
