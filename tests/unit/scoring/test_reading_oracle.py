from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from builders import a_completion, a_criterion, a_rubric, a_scale, an_entry
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import replies, rubrics, shards

from judge_service.domain.verdict import Scored, Unscored
from judge_service.scoring.reading import read

if TYPE_CHECKING:
    from judge_service.domain.rubric import Rubric

ACCURACY = a_criterion("accuracy", weight=4)
SAID = "There is a fracture of the left radius, displaced by 3 mm."


def reply(level: object = 4, **fields: Any) -> str:
    return json.dumps({"accuracy": an_entry(level, **fields)})


def verdict(text: str) -> Scored | Unscored:
    return read(a_completion(text), [ACCURACY], SAID).verdicts["accuracy"]


# The oracle: the whole grammar of an acceptable reply on one criterion as a single pattern. It knows no
# JSON library and reads nothing but a level.
_WS = r"[ \t\n\r]*"
_STRING = r'"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_EVIDENCE = rf"\[{_WS}(?:{_STRING}{_WS}(?:,{_WS}{_STRING}{_WS})*)?\]"
_FIELD = rf'(?:"rationale"{_WS}:{_WS}{_STRING}|"evidence"{_WS}:{_WS}{_EVIDENCE}|"level"{_WS}:{_WS}-?\d+)'
_ENTRY = rf"\{{{_WS}{_FIELD}{_WS}(?:,{_WS}{_FIELD}{_WS})*\}}"
_OBJECT = rf'{_WS}\{{{_WS}"accuracy"{_WS}:{_WS}(?P<entry>{_ENTRY}){_WS}\}}{_WS}'
_PLAIN = re.compile(_OBJECT)
_FENCED = re.compile(rf"```(?:json)?[ \t]*\r?\n{_OBJECT}```", re.IGNORECASE)
_THOUGHTS = re.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>", re.IGNORECASE | re.DOTALL)


def oracle(text: str) -> int | None:
    body = _THOUGHTS.sub("", text, count=1) if _THOUGHTS.match(text) else text
    body = body.strip()
    found = _PLAIN.fullmatch(body) or _FENCED.fullmatch(body)
    if not found:
        return None
    # Walked from left to right: a string with a colon behind it is a key, and any other is emptied.
    fields = re.sub(rf"({_STRING})({_WS}:)?", lambda part: part[0] if part[2] else '""', found["entry"])
    names = sorted(re.findall(r'"(\w+)"\s*:', fields))
    if names not in (["level", "rationale"], ["evidence", "level", "rationale"]):
        return None
    level = re.search(r'"level"\s*:\s*(-?\d+)', fields)
    return int(level[1]) if level and re.fullmatch("[0-5]", level[1]) else None


@st.composite
def almost_replies(draw: st.DrawFn) -> str:
    """A good reply, or one that a few slips have gone into."""
    text = reply(draw(st.integers(-1, 6)), rationale=draw(st.text(max_size=8)), evidence=draw(st.just([])))
    text = draw(
        st.sampled_from(["{}", "```json\n{}\n```", "<think>a</think>{}", "<think>{}</think>{}"])
    ).replace("{}", text)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 3)))
        text = text[:start] + draw(shards | st.text(max_size=2)) + text[end:]
    return text


@given(replies | almost_replies())
@example(reply(5))
@example(f"<think>{reply(5)}")
@example(reply(0).replace("0", "-0"))
@example("<think>" + "\u0130" * 5 + "</think>abcde" + reply(5))
@example(reply(rationale="\\").replace("4", "\x1f4"))
def test_a_level_is_told_if_and_only_if_the_text_is_one_object_with_it(text: str) -> None:
    found = verdict(text)
    assert found.level == oracle(text)
    assert (found.value is not None) == isinstance(found, Scored)


def test_the_oracle_is_not_blind() -> None:
    assert oracle(reply(5)) == 5
    assert oracle("<think>a</think>```json\n" + reply(0, evidence=["level", "x"]) + "```") == 0
    for bad in (
        reply(6),
        reply("4"),
        reply(4.0),
        reply(4)[:-1],
        reply(4) * 2,
        reply(4, score=1),
        f"<think>{reply(4)}",
    ):
        assert oracle(bad) is None


@given(rubrics(), replies)
def test_reading_never_raises_and_answers_on_every_criterion(rubric: Rubric, text: str) -> None:
    found = read(a_completion(text), rubric.criteria, SAID)
    assert list(found.verdicts) == [criterion.id for criterion in rubric.criteria]
    assert found.keeps == all(v.outcome in {"scored", "abstained"} for v in found.verdicts.values())


@given(st.data(), rubrics())
def test_what_the_schema_allows_is_read_as_it_was_meant(data: st.DataObject, rubric: Rubric) -> None:
    levels = {c.id: data.draw(st.sampled_from([*c.scale.labels, None])) for c in rubric.criteria}
    text = json.dumps({name: an_entry(level) for name, level in levels.items()})
    found = read(a_completion(text), rubric.criteria, SAID)
    assert {name: verdict.level for name, verdict in found.verdicts.items()} == levels
    assert found.fault is None
    assert found.keeps


def test_scales_with_other_spacings_keep_their_own_values() -> None:
    levels = [{"label": at, "value": value, "means": "m"} for at, value in enumerate((0, 0.1, 1 / 3))]
    criterion = a_criterion("accuracy", scale=a_scale(levels=levels))
    values = [read(a_completion(reply(at)), [criterion], "").verdicts["accuracy"].value for at in range(3)]
    assert values == [0.0, 10.0, 33.333333333]
    assert a_rubric(criterion).is_numeric
