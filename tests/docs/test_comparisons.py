"""The guide to comparisons: its example gives the answer shown, and its table is how answers are read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import serving

from judge_service.domain.verdict import Scored, Unscored
from judge_service.scoring.preference import by_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (Path(__file__).parents[2] / "docs" / "comparisons.md").read_text("utf-8")
JUDGES, BODY, ANSWER = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))


def shortened(found: Any, shown: Any) -> Any:
    """Leave of an answer what the guide shows of it."""
    if not isinstance(shown, dict):
        return found
    return {key: shortened(found[key], shown[key]) for key in shown}


async def test_the_example_gives_the_answer_shown() -> None:
    async with serving(JUDGES) as client:
        reply = await client.post("/v1/comparisons", json.dumps(BODY))
    assert reply.status == 200
    assert list(reply.body["criteria"]) == list(ANSWER["criteria"])
    assert shortened(reply.body, ANSWER) == ANSWER


def rows() -> Iterator[list[str]]:
    table = TEXT.partition("| one order |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def said(who: str, *, a_is_first: bool) -> Scored | Unscored:
    if who in {"no answer", "anything"}:
        return Unscored(outcome="abstained", weight=1, reason="it cannot tell")
    places = {"a": "first", "b": "second"} if a_is_first else {"a": "second", "b": "first"}
    return Scored(level=places.get(who, "tie"), value=None, weight=1, rationale="Because.")


@pytest.mark.parametrize("row", list(rows()), ids=" ".join)
def test_the_table_is_true_in_either_order(row: list[str]) -> None:
    one, other, outcome, winner, preference = row
    for first, second in ((one, other), (other, one)):
        found = by_orders(said(first, a_is_first=True), said(second, a_is_first=False))
        assert outcome.startswith(("why: `abstained", found.outcome))
        assert (found.winner or "null") == winner
        assert found.preference == (None if preference == "null" else float(preference))


def test_the_table_is_there() -> None:
    assert len(list(rows())) == 7
