"""How well the lexical baseline orders answers of known quality and sees what is wrong with a text.

Files of groups in (a reference with its answers), or of single texts marked good or bad; figures out.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from judge_service.lexical import agreement, cohesion, self_consistency

Group = dict[str, Any]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one file: shares from 0 to 1, mean value by kind of answer, milliseconds per pair."""

    groups: int
    pairs: int
    pairwise: float
    danger: float
    dangers: int
    means: dict[str, float]
    milliseconds: float


def _values(group: Group) -> list[float]:
    """Return the value of each answer; an abstention counts below every value."""
    read = [agreement(answer["text"], group["reference"]).value for answer in group["answers"]]
    return [-1.0 if value is None else value for value in read]


def _pairs(group: Group, values: list[float]) -> Iterator[float]:
    """Yield 1, 0.5 or 0 for each pair of answers of different quality: right order, tie, wrong order."""
    marked = [(answer["quality"], value) for answer, value in zip(group["answers"], values, strict=True)]
    for one, other in combinations(marked, 2):
        if one[0] != other[0]:
            better, worse = (one, other) if one[0] > other[0] else (other, one)
            yield 0.5 if better[1] == worse[1] else float(better[1] > worse[1])


def _dangers(group: Group, values: list[float]) -> Iterator[bool]:
    """Yield, for each twin with one thing made wrong, whether the right answer stands strictly above it."""
    by_kind = {answer["kind"]: value for answer, value in zip(group["answers"], values, strict=True)}
    for answer, value in zip(group["answers"], values, strict=True):
        if answer["danger_of"] is not None:
            yield by_kind[answer["danger_of"]] > value


def read(path: Path) -> list[Group]:
    """Return the groups of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def measure(path: Path) -> Figures:
    """Return the figures of one file of groups."""
    groups = read(path)
    agreement("warm", "warm")
    started = time.perf_counter()
    values = [_values(group) for group in groups]
    spent = time.perf_counter() - started
    order = [point for group, found in zip(groups, values, strict=True) for point in _pairs(group, found)]
    danger = [held for group, found in zip(groups, values, strict=True) for held in _dangers(group, found)]
    kinds: dict[str, list[float]] = defaultdict(list)
    for group, found in zip(groups, values, strict=True):
        for answer, value in zip(group["answers"], found, strict=True):
            kinds[answer["kind"]].append(value)
    return Figures(
        groups=len(groups),
        pairs=len(order),
        pairwise=fmean(order),
        danger=fmean(danger),
        dangers=len(danger),
        means={kind: fmean(found) for kind, found in kinds.items()},
        milliseconds=1000 * spent / sum(map(len, values)),
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """Of texts marked by hand for one property: how many, share of bad ones caught, of good ones blamed."""

    texts: int
    caught: float
    alarms: float


MEASURES = {"consistency": self_consistency, "coherence": cohesion}
LOW = 0.5


def blamed(row: Group) -> bool:
    """Tell whether the text's measure puts it in the lower half."""
    value = MEASURES[row["property"]](row["text"]).value
    return value is not None and value < LOW


def mark(rows: list[Group], name: str) -> Marks:
    """Return how well one property's measure tells good texts from bad ones."""
    found = [(row["quality"], blamed(row)) for row in rows if row["property"] == name]
    share = {
        quality: fmean(blame for known, blame in found if known == quality) for quality in ("good", "bad")
    }
    return Marks(len(found), share["bad"], share["good"])


def main() -> None:
    """Print the figures of each file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="JSON Lines files of groups")
    for path in parser.parse_args().paths:
        if "property" in (rows := read(path))[0]:
            for name in MEASURES:
                print(f"{path.name}: {name} {mark(rows, name)}")
            continue
        found = measure(path)
        print(f"{path.name}: {found.groups} groups")
        print(f"  pairwise order  {found.pairwise:.3f} of {found.pairs} pairs")
        print(f"  danger held     {found.danger:.3f} of {found.dangers}")
        print(f"  ms per pair     {found.milliseconds:.3f}")
        for kind, mean in sorted(found.means.items(), key=lambda item: -item[1]):
            print(f"  {kind:<15} {mean:.3f}")


if __name__ == "__main__":
    main()
