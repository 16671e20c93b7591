"""This run beside the published table of Med-CMR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_client.run.page.drawings import Row, intervals
from judge_client.run.page.markup import Ours, paragraph, section, table
from judge_client.run.published import CRITERIA
from judge_client.run.tabling import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OPEN = (*CRITERIA, "open")
_TITLES = {"mcq": "MCQ", "open": "open"}
_WORDS = (
    "Figures of the paper (arXiv 2512.00818 v2, Tables 2 and 3), in percent and points. The paper's open-ended scores "
    "were given by another judge with a prompt that is not public: they show where models stand among "
    "each other there, and no difference to this run's scores can be read off."
)


def beside(summary: Mapping[str, Any]) -> str:
    """The table, and where this run stands in the two totals; nothing where no column fits."""
    told = summary["published"]
    if told is None:
        return ""
    ours, models = told["ours"], told["models"]
    figure = (
        intervals(
            list(_rows("mcq", ours["mcq"], models)),
            "Multiple choice, micro accuracy: this run among the published models",
            f"In the order of their figures; the open point is this run, over {told['mcq_items']} items. The published "
            f"figures are over {told['published_mcq_items']}.",
        )
        if "mcq" in ours
        else ""
    )
    doubts = " ".join(
        f"{each['model']}, {_TITLES.get(each['column'], each['column'])}: printed {each['printed']:.2f}, by the "
        f"formula {each['by_formula']:.2f}."
        for each in told["doubtful"]
    )
    parts = (
        paragraph(_WORDS),
        figure,
        _table(
            told, [name for name in told["columns"] if name not in _OPEN], "Multiple choice, percent right"
        ),
        _table(told, [*_OPEN], "Open-ended, points"),
        paragraph(f"Does not follow from its row: {doubts}", "note"),
    )
    return section("Beside the published table", *parts, anchor="published")


def _table(told: Mapping[str, Any], columns: Sequence[str], caption: str) -> str:
    head = ("", *(_TITLES.get(column, column.replace("_", " ")) for column in columns))
    rows = [(Ours("this run (items)"), *(_ours(told, column) for column in columns))]
    rows += [
        (name, *(number(each[column], 2) for column in columns)) for name, each in told["models"].items()
    ]
    return table(head, rows, caption=caption)


def _ours(told: Mapping[str, Any], column: str) -> str:
    """A figure of this run with the items behind it: of a few items it says little beside one of thousands."""
    if column not in told["ours"]:
        return MISSING
    return f"{number(told['ours'][column], 2)} ({told['ours_items'][column]})"


def _rows(column: str, ours: float, models: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    figures = [(each[column], name) for name, each in models.items()] + [(ours, "")]
    for value, name in sorted(figures, reverse=True):
        yield Row(name or "this run", value, whole=not name, other=bool(name))
