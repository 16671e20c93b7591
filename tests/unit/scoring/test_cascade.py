"""A cascade: when it goes on, what it then answers, and that an earlier step's score is never told instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_completion, a_criterion, a_nominal_scale, a_request, a_rubric, an_attempt
from compositejudges import (
    ShelfOfNames,
    SlowLine,
    a_cascade,
    a_map_of,
    a_panel,
    a_scorer,
    down,
    late,
    refusing,
    saying,
    saying_of_each,
    score,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import FakeCache, FakeLine, SilentLine
from virtualtime import now, virtual

from judge_service.domain.place import Place
from judge_service.errors import CacheMiss, StaleMap, UnfitCase

if TYPE_CHECKING:
    from judge_service.scoring.judge import Line

NARROW, WIDE = 5.0, 30.0  # to either side
MADE = {"k": a_cascade("a", "b")}
HUMAN = {"k": a_cascade("a", "b", exhausted="needs_human")}


def maps(**half_widths: float) -> ShelfOfNames:
    return ShelfOfNames(**{name: a_map_of(name, width) for name, width in half_widths.items()})


def test_a_sure_first_step_is_the_answer_and_nobody_else_is_asked() -> None:
    second = saying(1)
    found = score(a_scorer({"a": saying(4), "b": second}, MADE, maps=maps(a=NARROW)), "k")
    assert (found.outcome, found.score, found.calibrated.score) == ("scored", 80.0, 80.0)
    assert found.interval is not None
    assert [step.model_dump() for step in found.provenance.path] == [
        {
            "judge": "a",
            "model": "model-a",
            "outcome": "scored",
            "score": 80.0,
            "width": 10.0,
            "why": "ended: the interval is no wider than 20 points",
        }
    ]
    assert second.prompts == []


@pytest.mark.parametrize(
    ("first", "width", "why"),
    [
        (saying(4), WIDE, "went on: the interval is wider than 20 points"),
        (saying(4), None, "went on: there is no interval (calibration: none)"),
        (refusing(), NARROW, "went on: the outcome is refused"),
        (down(), NARROW, "went on: the outcome is provider_error"),
        (late(), NARROW, "went on: the outcome is timeout"),
    ],
    ids=["wide", "unknown", "refused", "down", "late"],
)
def test_an_unsure_first_step_is_followed_by_the_next(first: Any, width: float | None, why: str) -> None:
    widths = {} if width is None else {"a": width}
    found = score(a_scorer({"a": first, "b": saying(1)}, MADE, maps=maps(b=NARROW, **widths)), "k")
    assert (found.outcome, found.score, found.failure) == ("scored", 20.0, None)
    assert [step.judge for step in found.provenance.path] == ["a", "b"]
    assert found.provenance.path[0].why == why
    assert found.provenance.path[1].why == "ended: the interval is no wider than 20 points"


def test_an_interval_as_wide_as_the_bound_is_narrow_enough() -> None:
    found = score(a_scorer({"a": saying(4), "b": saying(1)}, MADE, maps=maps(a=10.0)), "k")
    assert [step.width for step in found.provenance.path] == [20.0]


KINDS = st.sampled_from(["narrow", "wide", "unknown", "refused", "down", "abstains"])


@settings(deadline=None)
@given(st.lists(KINDS, min_size=2, max_size=4), st.sampled_from(["answer", "needs_human"]))
def test_what_is_answered_is_the_last_steps_or_nothing(kinds: list[str], exhausted: str) -> None:
    names = "abcd"[: len(kinds)]
    lines: dict[str, Line] = {}
    widths: dict[str, float] = {}
    for level, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        answers: dict[str, Any] = {"refused": refusing(), "down": down(), "abstains": saying(None)}
        lines[name] = answers.get(kind, saying(level + 1))
        widths |= {name: NARROW if kind == "narrow" else WIDE} if kind in {"narrow", "wide"} else {}
    made = {"k": a_cascade(*names, exhausted=exhausted)}
    found = score(a_scorer(lines, made, maps=maps(**widths)), "k")
    asked = kinds.index("narrow") + 1 if "narrow" in kinds else len(kinds)
    path = found.provenance.path
    assert [step.judge for step in path] == list(names[:asked])
    last = kinds[asked - 1]
    unsure = last != "narrow"
    if last == "down":
        assert (found.outcome, found.score) == ("provider_error", None)
        assert found.failure is not None
    elif unsure and exhausted == "needs_human":
        assert (found.outcome, found.score, found.interval) == ("needs_human", None, None)
        assert found.calibrated.score is None
        assert found.reason is not None
        assert repr(names[asked - 1]) in found.reason
    elif last in {"narrow", "wide", "unknown"}:
        assert (found.outcome, found.score) == ("scored", 20.0 * asked)
    else:
        assert (found.outcome, found.score) == ("refused" if last == "refused" else "abstained", None)


def test_without_time_for_the_next_step_that_steps_timeout_is_the_answer() -> None:
    lines: dict[str, Line] = {"a": SlowLine(8, level=4), "b": SilentLine()}
    for made in (MADE, HUMAN):
        found = score(a_scorer(lines, made, maps=maps(a=WIDE)), "k", seconds=10)
        assert (found.outcome, found.score, found.interval) == ("timeout", None, None)
        assert found.failure is not None
        assert (found.failure.code, found.failure.retryable) == ("timeout", True)
        path = found.provenance.path
        assert [(step.judge, step.outcome, step.score) for step in path] == [
            ("a", "scored", 80.0),
            ("b", "timeout", None),
        ]


def test_a_case_that_lacks_an_input_and_one_for_the_guard_ask_nobody_further() -> None:
    rubric = a_rubric(a_criterion("accuracy", needs=["response", "claim"], when_degenerate=0))
    for made in (MADE, HUMAN):
        scorer = a_scorer({"a": saying(4), "b": saying(4)}, made, rubric=rubric)
        lacking = score(scorer, "k")
        assert (lacking.outcome, len(lacking.provenance.path)) == ("missing_input", 1)
        empty = score(scorer, "k", case=a_case(response="", claim="It is broken."))
        assert (empty.outcome, empty.score, empty.provenance.instrument) == ("scored", 0.0, "guard")
        assert [step.why for step in empty.provenance.path] == ["ended: no judge would answer otherwise"]


def test_from_the_cache_only_a_whole_path_is_told() -> None:
    cache = FakeCache()
    scorer = a_scorer({"a": saying(4), "b": saying(2)}, MADE, maps=maps(a=WIDE, b=NARROW), cache=cache)
    with pytest.raises(CacheMiss, match="step 'a'"):
        score(scorer, "k", cache="only")
    score(scorer, "a")
    with pytest.raises(CacheMiss, match="step 'b'"):
        score(scorer, "k", cache="only")
    assert score(scorer, "k").provenance.cache == "miss"
    assert (score(scorer, "k", cache="only").score, score(scorer, "k").provenance.cache) == (40.0, "hit")


def test_what_all_steps_took_is_told_together_and_who_answered_in_the_path() -> None:
    attempts = (an_attempt(input_tokens=7, output_tokens=1, cost_microusd=5),)
    first = FakeLine(a_completion(model=None), attempts)
    found = score(a_scorer({"a": first, "b": saying(2, cost_microusd=8)}, MADE, maps=maps(a=WIDE)), "k")
    told = found.provenance
    assert (told.usage.input_tokens, told.usage.output_tokens, told.cost_microusd) == (107, 21, 13)
    assert len(told.attempts) == 2
    assert (told.judge, told.judge_kind, told.instrument, told.model) == (
        "k",
        "cascade",
        "cascade",
        "model-a + model-b",
    )
    assert [step.model for step in told.path] == ["model-a", "model-b"]
    assert told.sampling["escalate_width"] == 20


def test_a_panel_may_be_the_last_step_and_its_members_are_told() -> None:
    lines = {"a": saying(4), "b": saying(2), "c": saying(1)}
    made = {"p": a_panel("b", "c"), "k": a_cascade("a", "p")}
    found = score(a_scorer(lines, made), "k")
    assert (found.score, sorted(found.members)) == (30.0, ["b", "c"])
    assert [step.judge for step in found.provenance.path] == ["a", "p"]


def test_the_interval_decides_also_for_who_wants_no_calibration_told() -> None:
    lines = {"a": saying(4), "b": saying(2)}
    found = score(a_scorer(lines, MADE, maps=maps(a=NARROW)), "k", calibration="none")
    assert (found.score, found.interval, found.calibrated.status) == (80.0, None, "none")
    assert [step.width for step in found.provenance.path] == [10.0]


def test_a_map_of_the_cascade_itself_goes_before_its_steps_and_can_be_demanded() -> None:
    lines = {"a": saying(4), "b": saying(2)}
    fingerprint = a_scorer(lines, MADE).fingerprint("plain", "k", "text")
    shelf = ShelfOfNames(a=a_map_of("a", NARROW), k=a_map_of("k", 2.0, **fingerprint))
    scorer = a_scorer(lines, MADE, maps=shelf)
    for asked in ("auto", shelf.maps["k"].id):
        found = score(scorer, "k", calibration=asked)
        assert found.calibrated.map == shelf.maps["k"].id
        assert found.interval is not None
        assert found.interval.high - found.interval.low == 4.0
    with pytest.raises(StaleMap):
        score(scorer, "k", calibration=shelf.maps["a"].id)
    other = a_scorer(lines, {"k": a_cascade("a", "b", width=30)}, maps=shelf)
    assert score(other, "k").calibrated.status == "stale"


def test_all_steps_judge_in_one_mode() -> None:
    scorer = a_scorer({"a": saying(4), "b": saying(4)}, MADE, specs={"a": {"images": False}})
    with pytest.raises(UnfitCase, match="judge 'k' cannot be shown images"):
        score(scorer, "k", mode="image")


def test_without_numbers_there_is_no_interval_and_the_last_step_decides() -> None:
    rubric = a_rubric(a_criterion("claim", scale=a_nominal_scale("yes", "no")))
    lines = {"a": saying_of_each(claim="yes"), "b": saying_of_each(claim="no")}
    found = score(a_scorer(lines, MADE, rubric=rubric), "k")
    assert (found.outcome, found.criteria["claim"].level, len(found.provenance.path)) == ("scored", "no", 2)


def test_an_earlier_step_of_the_candidates_family_is_not_forgotten() -> None:
    specs = {"a": {"family": "qwen"}, "b": {"family": "gpt"}}
    scorer = a_scorer({"a": saying(4), "b": saying(4)}, MADE, specs=specs)
    assert "own_family" in score(scorer, "k", case=a_case(model="qwen3-32b")).flags
    assert "own_family" in score(scorer, "k", case=a_case(model="gpt-5")).flags
    assert score(scorer, "k", case=a_case(model="claude-opus-4")).flags == ()


@virtual
async def test_every_step_and_member_stands_where_the_caller_does() -> None:
    lines = {name: refusing() for name in ("a", "b", "c")}
    made = {"p": a_panel("b", "c"), "k": a_cascade("a", "p")}
    place = Place("batch", "ward 7")
    await a_scorer(lines, made).score(a_request(judge="k"), deadline=now() + 100, place=place)
    assert [line.places for line in lines.values()] == [[place]] * 3
