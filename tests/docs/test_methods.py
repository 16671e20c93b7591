"""The methods note tells the options as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from judge_calibration.reporting.options import MOST_RESAMPLES, MOST_SUBGROUPS, Options
from judge_service.api.calibration import orders

TEXT = (Path(__file__).parents[2] / "calibration" / "README.md").read_text("utf-8")


def told() -> list[list[str]]:
    """The rows of the table of options, without its head."""
    section = TEXT.partition("## Options\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_option_is_told_with_its_default() -> None:
    table = {name.strip("`"): json.loads(default) for name, default, _ in told()}
    assert table == Options().as_json()
    assert tuple(table) == Options.names()


def test_bounds_and_choices_are_those_that_are_taken() -> None:
    words = {name.strip("`"): about for name, _, about in told()}
    assert f"at most {MOST_RESAMPLES:,};" in words["resamples"]
    assert f"at most {MOST_SUBGROUPS} groups" in words["subgroups"]
    for name in ("alt_test", "consensus"):
        for choice in re.findall(r'"(\w+)"', words[name]):
            assert Options.of({name: choice}).as_json()[name] == choice


def test_the_api_documents_the_same_options_with_the_same_defaults() -> None:
    assert orders.Options().model_dump() == Options().as_json()
