"""The two kinds of questions: a figure and, under it, its table, for the whole and for each way to cut it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_client.run.items import CUTS
from judge_client.run.page.drawings import Row, intervals
from judge_client.run.page.markup import counted, estimate, paragraph, section, table
from judge_client.run.published import column_of
from judge_client.run.tabling import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MICRO, _MACRO = "all (micro: mean of items)", "macro (mean of dimensions)"


def choices(summary: Mapping[str, Any]) -> str:
    """Multiple choice."""
    track = summary["mcq"]
    if track is None:
        return ""
    whole = track["all"]
    words = (
        f"{whole['correct']} of {whole['scored']} replies are right: accuracy "
        f"{estimate(whole['accuracy_micro'])} % (micro){_macro(whole['accuracy_macro'], ' %')}. "
        f"{counted(whole['invalid'], whole['invalid_rate'])} replies choose no option and "
        f"count as wrong. {_without(whole)}"
    )
    parts = [
        f"<h3>By {CUTS[name]}</h3>"
        + intervals(
            _choice_rows(cells, whole, others_of(summary, name, cells)),
            f"Accuracy by {CUTS[name]}",
            "Percent right, with 95 % intervals; an invalid reply is wrong.",
        )
        + _choice_table(cells, whole)
        for name, cells in track["cuts"].items()
    ]
    return section("Multiple choice", paragraph(words, "headline"), *parts, anchor="choices")


def others_of(summary: Mapping[str, Any], cut: str, cells: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """Figures of the published models, by the name of a cut's group, where they have a column for it."""
    models = (summary["published"] or {}).get("models", {}).values()
    columns = {value: column for value in cells if (column := column_of(cut, value))}
    return {value: [figures[column] for figures in models] for value, column in columns.items()}


def _choice_rows(
    cells: Mapping[str, Any], whole: Mapping[str, Any], others: Mapping[str, Sequence[float]]
) -> list[Row]:
    rows = [
        _point(_MICRO, whole["accuracy_micro"], whole=True),
        _point(_MACRO, whole["accuracy_macro"], whole=True),
    ]
    return rows + [
        _point(value, cell["accuracy_micro"], others.get(value, ())) for value, cell in cells.items()
    ]


def _point(label: str, told: Mapping[str, Any], others: Sequence[float] = (), *, whole: bool = False) -> Row:
    return Row(label, told["estimate"], told["low"], told["high"], _items(told["n"]), whole, others=others)


def _choice_table(cells: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    head = (
        "",
        "items",
        "scored",
        "right",
        "accuracy, %",
        "invalid",
        "unscored",
        "why unscored",
        "to do",
        "interval",
    )
    rows = [_choice_row(_MICRO, whole), *(_choice_row(value, cell) for value, cell in cells.items())]
    macro = whole["accuracy_macro"]
    rows.insert(1, (_MACRO, "", "", "", estimate(macro), "", "", "", "", _method(macro)))
    return table(head, rows, words=(7, 9))


def _choice_row(name: str, cell: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        name,
        cell["items"],
        cell["scored"],
        cell["correct"],
        estimate(cell["accuracy_micro"]),
        counted(cell["invalid"], cell["invalid_rate"]),
        counted(cell["unscored"], cell["unscored_rate"]),
        reasons(cell),
        cell["pending"],
        _method(cell["accuracy_micro"]),
    )


def _method(told: Mapping[str, Any]) -> str:
    pictures = "1 picture" if told["clusters"] == 1 else f"{told['clusters']} pictures"
    lacking = told.get("without_dimension")
    left = f"; without a dimension, and left out: {_items(lacking)}" if lacking else ""
    return f"{told['method']}; {_items(told['n'])}, {pictures}{left}"


def _macro(told: Mapping[str, Any], unit: str = "") -> str:
    """The macro mean as words, or why there is none."""
    if told["estimate"] is None:
        return f"; no mean of dimensions (macro): {told['method']}"
    lacking = told["without_dimension"]
    left = f", {_items(lacking)} without a dimension left out" if lacking else ""
    return f", {estimate(told)}{unit} as the mean of dimensions (macro{left})"


def _macro_figure(told: Mapping[str, Any]) -> str:
    lacking = told["without_dimension"]
    return estimate(told) + (f" ({lacking} left out)" if lacking and told["estimate"] is not None else "")


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def reasons(cell: Mapping[str, Any]) -> str:
    """Why items have no score."""
    told = (f"{name.replace('_', ' ')} {count}" for name, count in cell["unscored_reasons"].items())
    return ", ".join(told) or MISSING


def _without(cell: Mapping[str, Any]) -> str:
    """What the mean is without."""
    to_do = f"; {cell['pending']} are still to do" if cell["pending"] else ""
    return f"Unscored, and in no mean: {counted(cell['unscored'], cell['unscored_rate'])} of the items reached{to_do}."


def opens(summary: Mapping[str, Any]) -> str:
    """Open-ended questions."""
    track = summary["open"]
    if track is None:
        return ""
    whole = track["all"]
    words = (
        f"Mean score {estimate(whole['score_micro'])} (micro){_macro(whole['score_macro'])}, in points from 0 to 100. "
        f"{_without(whole)} "
        f"{counted(whole['off_format'], whole['off_format_rate'])} answers lack the two parts that were asked for."
    )
    if whole["left_out_of_mean"]:
        words += f" {whole['left_out_of_mean']} totals lack a criterion, and are in no mean of totals."
    parts = [
        f"<h3>By {CUTS[name]}</h3>"
        + intervals(
            [
                _point(_MICRO, whole["score_micro"], whole=True),
                _point(_MACRO, whole["score_macro"], whole=True),
            ]
            + [_point(value, cell["score_micro"]) for value, cell in cells.items()],
            f"Score by {CUTS[name]}",
            "Means in points, with 95 % intervals.",
        )
        + _open_table(cells, whole)
        for name, cells in track["cuts"].items()
    ]
    return section(
        "Open-ended", paragraph(words, "headline"), _criteria(summary, whole), *parts, anchor="open"
    )


def _criteria(summary: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    weights = summary["settings"]["instrument"].get("weights", {})
    models = (summary["published"] or {}).get("models", {}).values()
    others = {name: [each[name] for each in models if name in each] for name in (*whole["criteria"], "open")}
    rows = [_point(_named(name), told["micro"], others[name]) for name, told in whole["criteria"].items()] + [
        _point("score (micro: mean of items)", whole["score_micro"], others["open"], whole=True)
    ]
    lines = [
        (
            _named(name),
            number(weights.get(name), 0),
            estimate(told["micro"]),
            _macro_figure(told["macro"]),
            told["scored"],
            counted(told["unscored"], told["unscored_rate"]),
            _method(told["micro"]),
        )
        for name, told in whole["criteria"].items()
    ]
    lines.append(
        (
            "score",
            "",
            estimate(whole["score_micro"]),
            _macro_figure(whole["score_macro"]),
            whole["scored"],
            counted(whole["unscored"], whole["unscored_rate"]),
            _method(whole["score_micro"]),
        )
    )
    head = (
        "",
        "weight",
        "micro: mean of items",
        "macro: mean of dimensions",
        "scored",
        "unscored",
        "interval",
    )
    figure = intervals(
        rows,
        "Criteria",
        "Means in points, with 95 % intervals. The strokes are of another judge with another prompt.",
    )
    return f"<h3>Criteria</h3>{figure}{table(head, lines, words=(6,))}"


def _open_table(cells: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    names = list(whole["criteria"])
    head = (
        "",
        "items",
        "scored",
        "score",
        *map(_named, names),
        "unscored",
        "why unscored",
        "off format",
        "to do",
    )
    rows = [
        _open_row(_MICRO, whole, names),
        *(_open_row(value, cell, names) for value, cell in cells.items()),
    ]
    return table(head, rows, words=(5 + len(names),))


def _open_row(name: str, cell: Mapping[str, Any], names: Sequence[str]) -> tuple[object, ...]:
    return (
        name,
        cell["items"],
        cell["scored"],
        estimate(cell["score_micro"]),
        *(_with_count(cell["criteria"].get(each)) for each in names),
        counted(cell["unscored"], cell["unscored_rate"]),
        reasons(cell),
        counted(cell["off_format"], cell["off_format_rate"]),
        cell["pending"],
    )


def _with_count(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return MISSING
    missing = f"; unscored {counted(told['unscored'], told['unscored_rate'])}" if told["unscored"] else ""
    return estimate(told["micro"]) + missing


def _named(criterion: str) -> str:
    return criterion.replace("_", " ")
