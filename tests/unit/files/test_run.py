"""A run: what one output file may hold together, what counts as settled, and what is counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from filescoring import case, jsonl, room_for, scores
from serving import RUBRICS, settings_of

from judge_service.errors import ConfigurationError
from judge_service.files.asking import Order
from judge_service.files.ledger import Ledger
from judge_service.files.run import score_file
from judge_service.files.tally import Tally
from judge_service.main import open_state
from judge_service.observation import Observation

if TYPE_CHECKING:
    from pathlib import Path

Judge = Mapping[str, Any]
PLAIN: Judge = {"kind": "scripted", "script": []}
OTHER: Judge = {"kind": "scripted", "script": [{"levels": {"*": 5}}]}
DOWN: Judge = {"kind": "scripted", "script": [{"when": "row 2", "fault": "unavailable"}], "max_attempts": 1}
SLOW: Judge = {"kind": "scripted", "script": [{"when": "row 2", "delay_ms": 400}]}
REFUSES: Judge = {"kind": "scripted", "script": [{"when": "row 2", "fault": "refused"}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return jsonl(tmp_path / "in.jsonl", [case(at) for at in (1, 2, 3)])


async def ran(path: Path, bound: Judge = PLAIN, *again: str, rubrics: Path = RUBRICS, **fields: Any) -> Tally:
    """Run once over the rows into out.jsonl beside them."""
    plain: dict[str, Any] = {"columns": {}, "rubric": "medical-qa"}
    ledger = Ledger(path.with_name("out.jsonl"), again=frozenset(again))
    tally, told = Tally(), []
    judges = {"default": bound, "other": OTHER, "same": bound, **fields.pop("more", {})}
    settings = settings_of(judges, rubrics_dir=rubrics)
    try:
        async with open_state(settings, Observation()) as state:
            ledger.open()
            await score_file(
                state["scorer"],
                Order(path=path, **plain | fields),
                ledger,
                tally,
                lambda: told.append(tally.seen),
            )
    finally:
        ledger.close()
    assert told == list(range(1, len(told) + 1))
    return tally


def outcomes(path: Path) -> list[str]:
    return [line["outcome"] for line in scores(path)]


async def test_a_name_bound_to_another_judge_adds_nothing_to_the_file(path: Path) -> None:
    await ran(path)
    before = path.with_name("out.jsonl").read_bytes()
    jsonl(path, [case(at) for at in (1, 2, 3, 4)])
    with pytest.raises(ConfigurationError, match=r"out\.jsonl holds the score of another row, rubric, judge"):
        await ran(path, OTHER)
    assert path.with_name("out.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "changed",
    [
        {"rubric": "med-cmr"},
        {"judge": "other"},
        {"settings": {"mode": "text"}},
        {"settings": {"partial": "renormalise"}},
    ],
    ids=str,
)
async def test_another_question_adds_nothing_to_the_file(path: Path, changed: dict[str, Any]) -> None:
    await ran(path)
    before = path.with_name("out.jsonl").read_bytes()
    jsonl(path, [case(at) for at in (1, 2, 3, 4)])
    with pytest.raises(ConfigurationError, match="holds the score of another row"):
        await ran(path, **changed)
    assert path.with_name("out.jsonl").read_bytes() == before


async def test_another_text_of_a_rubric_is_another_question(path: Path, tmp_path: Path) -> None:
    copied = tmp_path / "rubrics"
    (copied / "prompts").mkdir(parents=True)
    for file in RUBRICS.rglob("*.*"):
        (copied / file.relative_to(RUBRICS)).write_text(file.read_text("utf-8"), "utf-8")
    await ran(path, rubrics=copied)
    text = (copied / "medical-qa.yaml").read_text("utf-8")
    (copied / "medical-qa.yaml").write_text(text.replace("Clear throughout", "Clear everywhere"), "utf-8")
    (copied / "digests.json").unlink()
    with pytest.raises(ConfigurationError, match="another row, rubric"):
        await ran(path, rubrics=copied)


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"deadline_ms": 60_000}},
        {"settings": {"cache": "refresh"}},
        {"settings": {"cache": "off"}},
        {"judge": "same"},
        {"concurrency": 1},
    ],
    ids=str,
)
async def test_what_makes_no_other_score_goes_on_with_the_file(path: Path, changed: dict[str, Any]) -> None:
    await ran(path)
    before = path.with_name("out.jsonl").read_bytes()
    jsonl(path, [case(at) for at in (1, 2, 3, 4)])
    tally = await ran(path, **changed)
    assert (tally.resumed, tally.outcomes) == (3, {"scored": 1})
    assert path.with_name("out.jsonl").read_bytes().startswith(before)


async def test_a_row_that_was_too_slow_is_asked_again_with_more_time(path: Path) -> None:
    first = await ran(path, SLOW, settings={"deadline_ms": 200})
    assert outcomes(path) == ["scored", "timeout", "scored"]
    assert (first.unsettled, first.resumed) == (1, 0)
    second = await ran(path, SLOW, settings={"deadline_ms": 60_000})
    assert outcomes(path) == ["scored"] * 3
    assert (second.unsettled, second.resumed) == (0, 2)


async def test_a_row_without_an_answer_is_asked_again(path: Path) -> None:
    for _ in range(2):
        tally = await ran(path, DOWN)
        assert outcomes(path) == ["scored", "provider_error", "scored"]
        assert (tally.unsettled, tally.outcomes["provider_error"]) == (1, 1)


async def test_a_panel_that_was_short_of_a_member_for_now_is_asked_again(path: Path) -> None:
    panel: Judge = {"kind": "panel", "members": ["first", "second"], "quorum": 2}

    async def round_with(second: Judge) -> Tally:
        return await ran(path, panel, judge="default", more={"first": PLAIN, "second": second})

    tally = await round_with(DOWN)
    assert (outcomes(path), tally.unsettled) == (["scored", "no_quorum", "scored"], 1)
    mended = await round_with({**DOWN, "max_attempts": 2})
    assert (mended.resumed, mended.unsettled) == (2, 1)
    path.with_name("out.jsonl").unlink()
    refused = await round_with(REFUSES)
    assert (outcomes(path)[1], refused.unsettled) == ("no_quorum", 0)
    assert (await round_with(REFUSES)).resumed == 3


async def test_a_refusal_is_settled_unless_it_is_named(path: Path) -> None:
    assert (await ran(path, REFUSES)).unsettled == 0
    before = scores(path)
    assert [line["outcome"] for line in before] == ["scored", "refused", "scored"]
    assert (await ran(path, REFUSES)).resumed == 3
    again = await ran(path, REFUSES, "refused", "truncated")
    assert (again.resumed, again.outcomes, again.unsettled) == (2, {"refused": 1}, 0)
    after = scores(path)
    assert [line["id"] == old["id"] for line, old in zip(after, before, strict=True)] == [True, False, True]


async def test_what_is_not_in_the_cache_is_counted_and_not_written(path: Path, tmp_path: Path) -> None:
    tally = await ran(path, settings={"cache": "only"})
    assert (tally.uncached, tally.outcomes, tally.seen, tally.unsettled) == (3, {}, 3, 3)
    assert scores(path) == []
    assert (await ran(path)).outcomes == {"scored": 3}


async def test_rows_that_cannot_be_read_leave_the_run_unsettled(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,response,reference\n1,row,r\n2,"row,r\n3,row,r\n4,row,r\n')
    tally = await ran(path)
    assert (tally.outcomes, tally.unsettled) == ({"scored": 1, "rejected_input": 1}, 1)
    assert len(tally.unread) == 1
    assert "line 3" in tally.unread[0]
    assert "everything from there on is unread" in scores(path)[1]["reason"]
    path.write_text("id,response,reference\n1,row,r\n2,row,r\n3,row,r\n4,row,r\n")
    mended = await ran(path)
    assert (mended.resumed, mended.outcomes, mended.unsettled) == (1, {"scored": 3}, 0)
    assert [line["case_id"] for line in scores(path)] == ["1", "2", "3", "4"]


async def test_subgroups_come_out_with_the_score_and_with_a_rejection(tmp_path: Path) -> None:
    (tmp_path / "two.png").write_text("no picture")
    rows: list[object] = [
        case(1, organ="lung", age=7),
        case(2, organ="heart", age=8, file="two.png", prompt="q"),
        {**case(3), "case": {"response": "a", "reference": "b", "subgroups": {"ward": "3"}}},
    ]
    columns = {"organ": "subgroups.organ", "age": "subgroups.age", "file": "image"}
    path = jsonl(tmp_path / "in.jsonl", rows)
    await ran(path, rubric="med-cmr", columns=columns, settings={"mode": "image"})
    assert [(line["outcome"], line["subgroups"]) for line in scores(path)] == [
        ("missing_input", {"organ": "lung", "age": "7"}),
        ("rejected_input", {"organ": "heart", "age": "8"}),
        ("missing_input", {"ward": "3"}),
    ]
    assert json.loads(path.with_name("out.jsonl").read_text().splitlines()[1])["case_id"] == "c2"


async def test_a_disk_that_is_full_ends_the_run_with_one_sentence(path: Path) -> None:
    with room_for(3000), pytest.raises(ConfigurationError, match="the same command goes on"):
        await ran(path)
    held = path.with_name("out.jsonl").read_bytes().count(b"\n")
    assert held < 3
    assert (await ran(path)).resumed == held
    assert [line["row"] for line in scores(path)] == [1, 2, 3]
