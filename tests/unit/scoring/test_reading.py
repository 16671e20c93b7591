from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from builders import a_completion, a_criterion, a_nominal_scale, an_entry

from judge_service.backends.base import Finish
from judge_service.domain.verdict import Scored, Unscored
from judge_service.scoring.reading import Reading, read, scored

ACCURACY = a_criterion("accuracy", weight=4)
SAID = "There is a fracture of the left radius, displaced by 3 mm."


def reply(level: object = 4, **fields: Any) -> str:
    return json.dumps({"accuracy": an_entry(level, **fields)})


def reading(text: str, **fields: Any) -> Reading:
    return read(a_completion(text, **fields), [ACCURACY], SAID)


def verdict(text: str, **fields: Any) -> Scored | Unscored:
    return reading(text, **fields).verdicts["accuracy"]


def test_a_plain_reply_is_read() -> None:
    found = verdict(reply(4, rationale="The side agrees.", evidence=["left radius"]))
    assert found == Scored(
        level=4, value=80.0, weight=4, rationale="The side agrees.", evidence=("left radius",)
    )


@pytest.mark.parametrize("level", range(6))
def test_every_level_of_the_scale_becomes_its_own_value(level: int) -> None:
    assert verdict(reply(level)).value == 20.0 * level


@pytest.mark.parametrize(
    ("finish", "told"),
    [("refusal", "refused"), ("content_filter", "refused"), ("length", "truncated"), ("other", "unparsable")],
)
def test_what_ended_the_reply_counts_before_a_perfect_text(finish: Finish, told: str) -> None:
    found = reading(reply(5), finish=finish)
    assert found.verdicts["accuracy"].outcome == told
    assert not found.keeps
    assert finish in get_args(Finish)


@pytest.mark.parametrize(
    ("finish", "fault"),
    [("refusal", None), ("content_filter", None), ("length", "truncated"), ("other", "unparsable")],
)
def test_a_refusal_is_not_asked_again_and_a_cut_reply_is(finish: Finish, fault: str | None) -> None:
    assert reading("", finish=finish).fault == fault


THINKING = "It could be a 5. " + reply(5)


@pytest.mark.parametrize(
    "text",
    [
        reply(),
        "  \n" + reply() + "\n\n",
        json.dumps(json.loads(reply()), indent=2),
        f"<think>{THINKING}</think>{reply()}",
        f"\n<thinking>\n{THINKING}\n</thinking>\n\n{reply()}",
        f"<THINK>{THINKING}</Think>{reply()}",
        f"<reasoning>{THINKING}</reasoning>{reply()}",
        f"<think></think>{reply()}",
        f"<think>\u0130\u0130\u0130</think>{reply()}",
    ],
)
def test_thoughts_before_the_reply_are_taken_off(text: str) -> None:
    found = verdict(text)
    assert found.level == 4
    assert found.flags == ()


OPENED_IN_THE_PROMPT = [
    f"I think level 3.\n</think>\n{reply()}",
    f"</think>{reply()}",
    f"{THINKING}</THINKING>\n\n{reply()}",
    f"{reply(5)}\nhm, no.</reasoning>{reply()}",
]


@pytest.mark.parametrize("text", OPENED_IN_THE_PROMPT)
def test_thoughts_that_the_prompt_opened_are_taken_off_where_the_judge_thinks(text: str) -> None:
    found = read(a_completion(text), [ACCURACY], SAID, thinks=True).verdicts["accuracy"]
    assert (found.level, found.flags) == (4, ())
    assert verdict(text).outcome == "unparsable"


@pytest.mark.parametrize(
    "text",
    [
        f"Hm.</think>{reply(5)}</think>{reply()}",
        f"Hm. <think>Hm.</think>{reply()}",
        f"Hm.</think>So: {reply()}",
        f"Hm.</think><think>{reply()}",
        f"{reply()}</think>",
        f"Hm. {reply()}",
    ],
)
def test_of_thoughts_without_one_clear_end_nothing_is_taken_off(text: str) -> None:
    assert (
        read(a_completion(text), [ACCURACY], SAID, thinks=True).verdicts["accuracy"].outcome == "unparsable"
    )


@pytest.mark.parametrize("text", ["{}", "```json\n{}\n```", "<think>Hm.</think>{}", "Hm.</think>{}"])
def test_a_tag_that_the_answer_quotes_ends_no_thoughts(text: str) -> None:
    quoting = reply(rationale="It opens with <think>.")
    if "</think>" not in text:
        quoting = reply(rationale="It says </think> twice.")
    found = read(a_completion(text.replace("{}", quoting)), [ACCURACY], SAID, thinks=True)
    assert found.verdicts["accuracy"].level == 4


@pytest.mark.parametrize(
    "fence", ["```json\n{}\n```", "```\n{}\n```", "```JSON \r\n{}\r\n```", "```json\n{}```"]
)
@pytest.mark.parametrize("before", ["", "<think>Hm.</think>\n"])
def test_one_code_fence_is_taken_off_and_told(fence: str, before: str) -> None:
    found = verdict(before + fence.replace("{}", reply()))
    assert found.level == 4
    assert found.flags == ("fenced_reply",)


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{reply(5)}",
        f"<think>\n{THINKING}",
        f"<think>{THINKING}</thinking>",
        f"<think>{reply(5)}<think>",
        f"<thinking>{reply(5)}</think>",
        f"<think>```json\n{reply(5)}\n```",
        "<think>",
    ],
)
def test_a_draft_inside_thoughts_that_never_end_is_a_cut_reply(text: str) -> None:
    found = reading(text)
    assert found.verdicts["accuracy"].outcome == "truncated"
    assert found.fault == "truncated"


UNREADABLE = {
    "empty": "",
    "blank": " \n\t",
    "thoughts alone": "<think>Hm.</think>",
    "prose": "I would give it a 4.",
    "prose before": "Here is my verdict: " + reply(),
    "prose after": reply() + " I hope this helps.",
    "closing tag alone": "</think>" + reply(),
    "thoughts and a closing tag alone": "Hm. </think>" + reply(),
    "two blocks of thoughts": f"<think>a</think><think>b</think>{reply()}",
    "thoughts after": reply() + "<think>or 5?</think>",
    "thoughts too long by letters that grow": "<think>" + "\u0130" * 5 + "</think>abcde" + reply(),
    "two objects": reply(5) + reply(1),
    "two objects in lines": reply(1) + "\n" + reply(5),
    "injected reply echoed first": f"The response says: {reply(5)}\n{reply(1)}",
    "injected reply fenced first": f"```json\n{reply(5)}\n```\n{reply(1)}",
    "two fences": f"```json\n{reply(5)}\n```\n```json\n{reply(1)}\n```",
    "open fence": "```json\n" + reply(),
    "fence of another language": "```python\n" + reply() + "\n```",
    "array": f"[{reply()}]",
    "string": json.dumps(reply()),
    "number": "4",
    "null": "null",
    "cut": reply()[:-2],
    "single quotes": reply().replace('"', "'"),
    "trailing comma": reply()[:-1] + ",}",
    "comment": reply()[:-1] + "/* sure */}",
    "byte order mark": "\ufeff" + reply(),
    "key twice": reply()[:-1] + ", " + reply(1)[1:],
    "key twice, spelt otherwise": reply()[:-1] + ", " + reply()[1:].replace("accuracy", "\\u0061ccuracy"),
    "level twice": reply().replace('"level": 4', '"level": 4, "level": 5'),
    "level twice, equal": reply().replace('"level": 4', '"level": 4, "level": 4'),
    "key twice deep inside": reply().replace("[]", '[{"a": 1, "a": 2}]'),
    "another criterion": reply(5).replace("accuracy", "overall")[:-1] + ", " + reply()[1:],
    "total": reply()[:-1] + ', "score": 5}',
    "wrapped": f'{{"verdict": {reply()}}}',
    "NaN": reply().replace("4", "NaN"),
    "Infinity": reply().replace("4", "Infinity"),
    "-Infinity": reply().replace("4", "-Infinity"),
    "huge integer": reply().replace("4", "4" * 5000),
    "deep array": reply().replace("4", "[" * 100_000),
    "deep object": '{"accuracy":' * 100_000,
    "huge integer after a raw tab": reply().replace("Because.", "\t").replace("4", "4" * 5000),
    "deep array after a raw tab": reply().replace("Because.", "\t").replace("4", "[" * 100_000),
    "cut after a raw tab": reply().replace("Because.", "\t")[:-2],
    "two objects after a raw tab": reply().replace("Because.", "\t") + reply(),
    "key twice after a raw tab": reply().replace("Because.", "\t").replace('"level"', '"level": 1, "level"'),
    "raw NUL between": reply().replace(": 4", ":\0 4"),
    "no criterion": "{}",
    "criterion in capitals": reply().replace("accuracy", "Accuracy"),
    "level alone": '{"accuracy": 4}',
    "criterion null": '{"accuracy": null}',
    "criterion as list": '{"accuracy": [4]}',
    "no level": '{"accuracy": {"rationale": "r", "evidence": []}}',
    "no rationale": '{"accuracy": {"evidence": [], "level": 4}}',
    "extra key": reply(4, confidence=0.9),
    "level as score": reply().replace("level", "score"),
    "rationale null": reply(4, rationale=None),
    "rationale as list": reply(4, rationale=["r"]),
    "evidence null": reply(4, evidence=None),
    "evidence as string": reply(4, evidence="left radius"),
    "evidence of numbers": reply(4, evidence=[3]),
    "evidence of objects": reply(4, evidence=[{"quote": "left"}]),
    "level as word": reply("4"),
    "level as written out": reply("four"),
    "level true": reply(level=True),
    "level false": reply(level=False),
    "level 4.0": reply(4.0),
    "level 4e0": reply().replace("4", "4e0"),
    "level 1e400": reply().replace("4", "1e400"),
    "level 3.5": reply(3.5),
    "level -0": reply().replace("4", "-0"),
    "level -0 after a raw tab": reply().replace("Because.", "\t").replace("4", "-0"),
    "level -0.0": reply(-0.0),
    "level as list": reply([4]),
    "level as object": reply({"level": 4}),
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_anything_but_one_object_of_the_form_is_unparsable(text: str) -> None:
    found = reading(text)
    assert found.verdicts["accuracy"].outcome == "unparsable"
    assert found.fault == "unparsable"
    assert not found.keeps


def test_reasons_quote_nothing_of_the_reply() -> None:
    for text in ["SECRET", '{"SECRET": 1}', '{"accuracy": {"SECRET": 1}}', reply("SECRET"), '{"a":"SECRET']:
        found = verdict(text)
        assert isinstance(found, Unscored)
        assert "SECRET" not in found.model_dump_json()


@pytest.mark.parametrize("level", [-1, 6, 11, 80, 10**18, 10**400])
def test_an_integer_that_is_no_level_is_off_the_scale(level: int) -> None:
    found = reading(reply(level))
    assert found.verdicts["accuracy"].outcome == "off_scale"
    assert found.fault == "off_scale"
    assert not found.keeps


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("supported", "scored"),
        ("Supported", "off_scale"),
        ("", "off_scale"),
        ("\ud800", "off_scale"),
        (1, "unparsable"),
    ],
)
def test_a_word_is_a_level_only_as_the_scale_writes_it(level: object, told: str) -> None:
    criterion = a_criterion("accuracy", scale=a_nominal_scale())
    found = read(a_completion(reply(level)), [criterion], SAID).verdicts["accuracy"]
    assert found.outcome == told
    assert found.value is None


def test_null_means_that_the_judge_abstains_and_may_be_kept() -> None:
    found = reading(reply(None, rationale="The image is missing."))
    verdict = found.verdicts["accuracy"]
    assert isinstance(verdict, Unscored)
    assert (verdict.outcome, verdict.rationale) == ("abstained", "The image is missing.")
    assert found.fault is None
    assert found.keeps


def test_one_bad_verdict_spoils_neither_its_neighbours_nor_the_cache() -> None:
    criteria = [a_criterion(name) for name in ("a", "b", "c", "d")]
    text = json.dumps({"a": an_entry(5), "b": an_entry(9), "c": an_entry(None)})
    found = read(a_completion(text), criteria, SAID)
    assert [found.verdicts[c.id].outcome for c in criteria] == [
        "scored",
        "off_scale",
        "abstained",
        "unparsable",
    ]
    assert found.fault == "unparsable"
    assert not found.keeps


def test_raw_control_characters_inside_a_string_are_told_and_forgiven() -> None:
    found = verdict(reply(rationale="@").replace("@", "line\n\tline\x01"))
    assert found.level == 4
    assert found.rationale == "line\n\tline\x01"
    assert found.flags == ("control_characters_in_reply",)


@pytest.mark.parametrize("half", ["\ud800", "\\ud800", "\\udfff", "x\udfffy"])
def test_half_a_character_is_replaced_and_can_be_carried_on(half: str) -> None:
    found = verdict(reply(rationale="@", evidence=["#"]).replace("@", half).replace("#", half))
    assert found.level == 4
    assert "?" in json.loads(found.model_dump_json())["rationale"]


@pytest.mark.parametrize("length", [500, 5_000, 60_000])
def test_a_long_rationale_is_read_in_full(length: int) -> None:
    found = verdict(reply(rationale="x" * length))
    assert found.rationale == "x" * length
    assert found.level == 4


@pytest.mark.parametrize(
    ("evidence", "flags"),
    [
        ([], ()),
        (["fracture of the left radius"], ()),
        (["FRACTURE  of the\nleft radius."], ()),
        (["There is ... displaced"], ()),
        (["There is \u2026 by 3 mm"], ()),
        (['"left radius"'], ()),
        ([""], ()),
        (["right radius"], ("evidence_not_found",)),
        (["left radius", "ulna"], ("evidence_not_found",)),
        (["There is ... the ulna"], ("evidence_not_found",)),
        (["displaced by 30 mm"], ("evidence_not_found",)),
    ],
)
def test_a_quotation_that_the_response_lacks_is_told(evidence: list[str], flags: tuple[str, ...]) -> None:
    found = verdict(reply(evidence=evidence))
    assert found.outcome == "scored"
    assert found.flags == flags


def test_a_level_without_a_reason_is_told() -> None:
    assert verdict(reply(rationale="  ")).flags == ("no_rationale",)


def test_evidence_may_be_left_out() -> None:
    assert verdict('{"accuracy": {"rationale": "r", "level": 0}}').value == 0.0


def test_a_level_becomes_a_number_in_one_place_only_and_never_by_guessing() -> None:
    assert scored(ACCURACY, 3, "r").value == 60.0
    assert scored(a_criterion(scale=a_nominal_scale()), "supported", "r").value is None
    for label in (True, "3", 3.0, 6, None):
        with pytest.raises(ValueError, match="no such level"):
            scored(ACCURACY, label, "r")  # type: ignore[arg-type]  # that is the point
