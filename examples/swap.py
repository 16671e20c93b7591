"""Runs the evaluation of `pipeline.py`, unchanged, under one judge's settings after another's, and compares.

    .venv/bin/python examples/swap.py [NAME=SETTINGS ...]

SETTINGS is a judge's JSON, as {"kind": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": "judge"}. The
embedded and the scripted judge, which need nothing, are always there. What may differ is the scores; that any answer
has another shape (a key more or less, a value of another type) ends it with exit code 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIPELINE = Path(__file__).with_name("pipeline.py")
SETTINGS: dict[str, Any] = {"embedded": {"kind": "embedded"}, "scripted": {"kind": "scripted"}}
FREE = frozenset({"sampling", "metadata", "subgroups"})  # objects whose keys are the judge's or the caller's

TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    type(None): "null",
}

Scores = list[dict[str, Any]]
Shape = dict[str, set[str]]


def scored(name: str, judge: Any, folder: Path) -> Scores:
    """Run the pipeline with this judge bound; nothing but the setting tells it so."""
    out = folder / f"{name}.jsonl"
    setting = {
        "JUDGE_SERVICE_JUDGES": json.dumps({"default": judge}),
        "JUDGE_SERVICE_STORE_URL": "memory://",
    }
    command = [sys.executable, str(PIPELINE), str(out)]
    done = subprocess.run(command, env=os.environ | setting, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}: the pipeline ended with {done.returncode}\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in out.read_bytes().splitlines()]  # only b"\n" ends a line


def shape(scores: Scores) -> Shape:
    """Types of every value by its place; verdicts with a level and those without have places of their own."""
    found: Shape = defaultdict(set)
    for score in scores:
        for place, kind in places(score, ""):
            found[place].add(kind)
    return found


def places(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Every place in a JSON value, with its type; what lists hold is theirs."""
    if not isinstance(value, dict):
        yield place, TYPES[type(value)]
        return
    yield place, "object"
    for key, inner in value.items():
        at = f"{place}.{key}"
        if isinstance(inner, dict) and {"outcome", "level"} <= inner.keys():
            yield at, "verdict"
            at += "(scored)" if inner["outcome"] == "scored" else "(unscored)"
        yield from () if key in FREE else places(inner, at)


def differences(one: Shape, other: Shape) -> list[str]:
    """Where two shapes do not agree. Null is of any type, and what stands where only one has an object is its own."""
    told = []
    for place in sorted({*one, *other}):
        mine, theirs = one.get(place, set()), other.get(place, set())
        around = place.rpartition(".")[0]
        if mine and theirs:
            if len(types := (mine | theirs) - {"null"}) > 1:
                told.append(f"{place} is {' and '.join(sorted(types))}")
        elif not place.endswith("scored)") and "object" in one[around] & other[around]:
            told.append(f"{place} is there only once")
    return told


def table(found: dict[str, Scores]) -> Table:
    """A line for each judge: what it is, how it went, and the means."""
    criteria = list(next(iter(found.values()))[0]["criteria"])
    title = "One pipeline under several settings: means of the cases that have a number"
    shown = Table("settings", "instrument", "model", "outcomes", "score", *criteria, title=title)
    for name, scores in found.items():
        told = Counter(score["provenance"]["instrument"] for score in scores).most_common(1)[0][0]
        model = next((m for score in scores if (m := score["provenance"]["model"])), "-")
        outcomes = ", ".join(f"{kind} {n}" for kind, n in Counter(s["outcome"] for s in scores).most_common())
        levels = [[score["criteria"][each]["value"] for score in scores] for each in criteria]
        means = [mean([score["score"] for score in scores]), *map(mean, levels)]
        shown.add_row(name, told, model, outcomes, *means)
    return shown


def mean(values: Sequence[float | None]) -> str:
    """Mean of the numbers there are; a dash where there is none."""
    numbers = [value for value in values if value is not None]
    return f"{fmean(numbers):.1f} of {len(numbers)}" if numbers else "-"


def main() -> None:
    """Run them all, print one table, and fail where an answer has another shape."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    judges = SETTINGS | {name: json.loads(text) for name, text in given.items()}
    with tempfile.TemporaryDirectory() as folder:
        found = {name: scored(name, judge, Path(folder)) for name, judge in judges.items()}
    console = Console(width=160)
    console.print(table(found))
    first, *others = found
    told = [
        f"{first} and {name}: {difference}"
        for name in others
        for difference in differences(shape(found[first]), shape(found[name]))
    ]
    console.print("\n".join(told) or "Every answer has the same shape.", markup=False)
    sys.exit(1 if told else 0)


if __name__ == "__main__":
    main()
