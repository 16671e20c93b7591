"""Hypothesis strategies for what the builders build."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from builders import a_case, a_criterion, a_nominal_scale, a_rubric, a_scale, a_verdict, an_unscored
from hypothesis import strategies as st

from judge_service.domain.verdict import UnscoredOutcome

if TYPE_CHECKING:
    from judge_service.domain.case import Case
    from judge_service.domain.rubric import Criterion, Rubric, Scale
    from judge_service.domain.verdict import Scored, Unscored
    from judge_service.scoring.aggregate import Partial

words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
weights = st.floats(0.001, 1000, allow_nan=False)
values = st.floats(0, 100, allow_nan=False)
partials: st.SearchStrategy[Partial] = st.sampled_from(["forbid", "renormalise"])

# What judges and their providers have been seen to put around and into an answer.
shards = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<THINKING>",
        "</thinking>",
        "```json\n",
        "\n```",
        "{",
        "}",
        '{"accuracy": {"rationale": "r", "evidence": [], "level": 5}}',
        '{"accuracy": {"rationale": "r", "evidence": [], "level": "5"}}',
        '{"accuracy": {"rationale": "r", "level": 5, "level": 1}}',
        '"level": 5',
        "NaN",
        "\t",
        "\0",
        "\ud800",
        "\u0130",
        "[" * 5000,
        "1" * 5000,
        "Sure! ",
    ]
)
# Any text, also with halves of surrogate pairs in it.
any_text = st.text(st.characters(), max_size=60)
replies = st.lists(shards | any_text, max_size=6).map("".join)


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    if draw(st.booleans()):
        return a_nominal_scale(*draw(st.lists(words, min_size=2, max_size=6, unique=True)))
    values = sorted(draw(st.sets(st.floats(0, 1), min_size=2, max_size=8)))
    first = draw(st.integers(-3, 3))
    levels = [{"label": first + at, "value": value, "means": "m"} for at, value in enumerate(values)]
    return a_scale(levels=levels)


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    """With up to four criteria, all with values or all without."""
    numeric = draw(st.booleans())
    ids = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    fitting = scales().filter(lambda scale: scale.is_numeric == numeric)
    criteria: list[Criterion] = [a_criterion(name, weight=draw(weights), scale=draw(fitting)) for name in ids]
    return a_rubric(*criteria)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """With any texts; those that may be absent sometimes are."""
    text = st.text(max_size=40)
    names = ("prompt", "reference", "claim", "visual_description")
    fields = {name: draw(st.none() | text) for name in names}
    return a_case(response=draw(text), **fields)


@st.composite
def scored(draw: st.DrawFn) -> Scored:
    return a_verdict(round(draw(values), 9), weight=draw(weights))


@st.composite
def unscored(draw: st.DrawFn) -> Unscored:
    return an_unscored(draw(st.sampled_from(get_args(UnscoredOutcome))), weight=draw(weights))


numeric_verdicts = st.dictionaries(words, scored(), min_size=1, max_size=6)
mixed_verdicts = st.dictionaries(words, scored() | unscored(), min_size=1, max_size=6)
