"""Scores, batches and comparisons through both clients, before the real service."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from bothclients import KINDS, Either, either
from serving import REFERENCE

from judge_client import (
    JudgeClient,
    NoAnswer,
    Preferred,
    Refused,
    Scored,
    ScoredCase,
    Unreachable,
    Unscored,
    UnscoredCase,
)
from judge_client.models import Case, Image, ScoreRequest

if TYPE_CHECKING:
    from pathlib import Path

FIELDS: dict[str, Any] = {"rubric": "medical-qa", "reference": REFERENCE}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def row(response: str, **more: Any) -> dict[str, Any]:
    return {"case": {"response": response, "reference": REFERENCE}, "rubric": "medical-qa", **more}


async def test_a_case_is_scored_by_its_frequent_fields(client: Either) -> None:
    told = await client.do("score", response="Pneumonia on the right.", case_id="a-1", **FIELDS)
    assert isinstance(told, ScoredCase)
    assert 0 <= told.score <= 100
    assert told.answer.case_id == "a-1"
    assert told.provenance.judge == "default"
    assert all(isinstance(verdict, Scored) for verdict in told.criteria.values())


async def test_a_whole_request_and_plain_data_give_the_same(client: Either) -> None:
    case = Case(response="Pneumonia.", reference=REFERENCE)
    whole = await client.do("score", ScoreRequest(rubric="medical-qa", case=case, metadata={"run": 7}))
    plain = await client.do("score", row("Pneumonia."))
    assert whole.score == plain.score
    assert whole.answer.metadata == {"run": 7}


async def test_where_a_judge_gives_no_level_there_is_no_number(client: Either) -> None:
    told = await client.do("score", response="Pneumonia.", reference="x", rubric="medical-qa")
    assert isinstance(told, UnscoredCase)
    assert told.outcome == "abstained"
    assert told.reason
    assert any(isinstance(verdict, Unscored) for verdict in told.criteria.values())


async def test_a_judge_that_does_not_answer_is_an_error_after_all_tries(client: Either) -> None:
    with pytest.raises(NoAnswer) as raised:
        await client.do("score", response="Pneumonia.", judge="away", **FIELDS)
    assert raised.value.outcome == "provider_error"
    assert raised.value.retryable
    assert client.naps.taken


async def test_a_request_at_fault_is_refused_with_its_faults_and_asked_once(client: Either) -> None:
    with pytest.raises(Refused) as raised:
        await client.do("score", {"rubric": "medical-qa", "case": {"respons": "secret of a case"}})
    assert raised.value.status == 422
    assert raised.value.name == "malformed-body"
    assert "/case/response" in {fault.pointer for fault in raised.value.faults}
    assert "secret" not in f"{raised.value} {raised.value.faults}"
    assert client.naps.taken == []


async def test_what_is_asked_wrongly_is_a_type_error_before_anything_is_sent(client: Either) -> None:
    with pytest.raises(TypeError, match="rubric"):
        await client.do("score", response="x")
    with pytest.raises(TypeError, match="not both"):
        await client.do("score", row("x"), response="y")
    with pytest.raises(ValueError, match="JSON"):
        await client.do("score", row("x", metadata={"a": float("nan")}))


async def test_a_picture_is_sent_from_a_file_from_bytes_and_as_it_stands(
    client: Either, tmp_path: Path
) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(PNG)
    whole = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    asked = {"rubric": "med-cmr", "response": "x", "prompt": "?", "reference": "y", "judge": "scripted"}
    told = await client.do("score", images=[file, PNG, whole, Image(url=whole)], mode="image", **asked)
    assert isinstance(told, ScoredCase)
    assert len(told.provenance.images) == 4
    assert len(set(told.provenance.images)) == 1
    with pytest.raises(ValueError, match="none of them"):
        await client.do("score", response="x", rubric="med-cmr", images=[b"GIF89a"])


async def test_a_batch_tells_each_item_by_itself(client: Either) -> None:
    rows = [
        row("Pneumonia."),
        {"case": {"response": "Pneumonia."}},
        row("x", rubric="none"),
        row("y", judge="away"),
    ]
    told = await client.do("score_many", rows, defaults={"rubric": "medical-qa"})
    first, second, third, fourth = told.items
    assert [item.index for item in told.items] == [0, 1, 2, 3]
    assert isinstance(first.result, ScoredCase)
    assert isinstance(second.result, UnscoredCase)
    assert isinstance(third.result, Refused)
    assert third.result.name == "rubric-not-found"
    assert isinstance(fourth.result, NoAnswer)
    assert fourth.result.outcome == "provider_error"
    assert told.counts["scored"] == 1
    assert told.spent.asked >= 1


async def test_a_stream_gives_every_case_once_over_many_calls(client: Either) -> None:
    rows = ({"case": {"response": f"Pneumonia {at}.", "reference": REFERENCE}} for at in range(300))
    told = await client.do("stream", rows, defaults={"rubric": "medical-qa"})
    assert sorted(item.index for item in told) == list(range(300))
    assert all(isinstance(item.result, ScoredCase) for item in told)


HALVES: list[dict[str, Any]] = [
    row("Pneumonia.", custom_id="a"),
    row("Pneumonia. \ud83d", custom_id="b"),
    row("Pneumonia.", metadata={"note": ["ok", "\ud83d"]}),
    row("Pneumonia.", metadata={"\ud83d": 1}),
    row("Pneumonia.", custom_id="\ud83d"),
    row("A fracture.", custom_id="f"),
]


@pytest.mark.parametrize("name", ["score_many", "stream"])
async def test_half_a_character_is_its_own_cases_error_and_no_others(client: Either, name: str) -> None:
    told = await client.do(name, HALVES)
    items = sorted(told if name == "stream" else told.items, key=lambda item: item.index)
    assert [item.index for item in items] == list(range(6))
    assert [item.custom_id for item in items] == ["a", "b", None, None, "\ud83d", "f"]
    assert [isinstance(item.result, ScoredCase) for item in items] == [True, *[False] * 4, True]
    errors = [item.result for item in items[1:5]]
    assert [error.name for error in errors] == ["malformed-body"] * 4
    assert all("half a character" in str(error) for error in errors)
    places = ["/case/response", "/metadata/note/1", "/metadata", "/custom_id"]
    assert [[fault.pointer for fault in error.faults] for error in errors] == [[place] for place in places]
    alone = await client.do(name, HALVES[1:2])
    assert [item.result.status for item in (alone if name == "stream" else alone.items)] == [422]


async def test_a_batch_of_none_and_of_too_many_is_not_sent(client: Either) -> None:
    for count in (0, 257):
        with pytest.raises(ValueError, match="256"):
            await client.do("score_many", [row("x")] * count)


async def test_two_responses_are_compared(client: Either) -> None:
    responses = {"a": "Right lower lobe pneumonia.", "b": "A broken leg."}
    case = {"prompt": "What is it?", "responses": responses, "reference": REFERENCE}
    told = await client.do("compare", {"rubric": "medical-qa", "case": case})
    assert isinstance(told, Preferred)
    assert told.winner in {"a", "b", "tie"}
    assert -1 <= told.preference <= 1


async def test_nobody_at_the_address_is_told_as_that(client: Either) -> None:
    for kind in KINDS:
        async with either(kind, "http://127.0.0.1:9") as lost:
            with pytest.raises(Unreachable, match="is it up"):
                await lost.do("score", row("x"))
            assert len(lost.naps.taken) == 5


async def test_an_address_of_another_kind_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="http"):
        JudgeClient("localhost:8080")
