"""A panel through the scorer: who was asked, what came of it, and what is told of each member."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_criterion, a_nominal_scale, a_rubric, an_attempt
from compositejudges import (
    ShelfOfNames,
    SlowLine,
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

from judge_service.domain.verdict import Scored
from judge_service.errors import CacheMiss, StaleMap, UnfitCase
from judge_service.scoring.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_service.scoring.judge import Line


def test_a_panel_gives_the_mean_the_median_level_and_every_members_verdicts() -> None:
    scorer = a_scorer(
        {"a": saying(5, cost_microusd=3), "b": saying(4, cost_microusd=4), "c": saying(1, cost_microusd=5)},
        {"p": a_panel("c", "a", "b")},
    )
    found = score(scorer, "p")
    verdict = found.criteria["accuracy"]
    assert found.score == pytest.approx(200 / 3)
    assert isinstance(verdict, Scored)
    assert (verdict.level, verdict.weight) == (4, 4)
    assert verdict.value == pytest.approx(200 / 3)
    assert verdict.by == "b"
    assert verdict.disagreement is not None
    assert verdict.disagreement.model_dump() == {
        "scored": 3,
        "range": 80.0,
        "sd": pytest.approx(33.993463424),
        "share": pytest.approx(1 / 3),
    }
    assert {name: (each.outcome, each.score) for name, each in found.members.items()} == {
        "a": ("scored", 100.0),
        "b": ("scored", 80.0),
        "c": ("scored", 20.0),
    }
    assert (found.flags, found.failure) == ((), None)


def test_where_it_comes_from_is_told_of_the_panel_and_of_each_member() -> None:
    found = score(
        a_scorer(
            {"a": saying(5, cost_microusd=3, model="model-a-0611"), "b": saying(4, cost_microusd=4)},
            {"p": a_panel("a", "b")},
        ),
        "p",
    )
    told = found.provenance
    assert (told.judge, told.judge_kind, told.instrument, told.is_llm) == ("p", "panel", "panel", True)
    assert (told.model, told.model_fingerprint, told.schema_mode) == (
        "model-a + model-b",
        None,
        "json_schema",
    )
    assert (told.usage.input_tokens, told.usage.output_tokens, told.cost_microusd) == (200, 40, 7)
    assert (told.attempts, told.cache, told.path) == ((), "miss", ())
    assert told.sampling["quorum"] == 2
    own = found.members["a"].provenance
    assert (own.judge, own.judge_kind, own.model, own.cost_microusd) == ("a", "openai", "model-a-0611", 3)
    assert len(own.attempts) == 1


def test_an_unknown_cost_makes_the_sum_unknown_and_never_smaller() -> None:
    found = score(a_scorer({"a": saying(5, cost_microusd=3), "b": saying(4)}, {"p": a_panel("a", "b")}), "p")
    assert found.provenance.cost_microusd is None


def test_tokens_that_one_member_did_not_count_make_what_was_spent_unknown() -> None:
    def spent(b: Line) -> tuple[int | None, int | None]:
        told = score(a_scorer({"a": saying(5), "b": b}, {"p": a_panel("a", "b", quorum=1)}), "p").provenance
        return told.spent_usage.input_tokens, told.spent_usage.output_tokens

    assert spent(saying(5)) == (200, 40)
    assert spent(FakeLine(attempts=(an_attempt(),))) == (None, None)


def test_how_the_form_was_asked_for_is_told_by_those_who_answered() -> None:
    found = score(a_scorer({"a": saying(5), "b": late()}, {"p": a_panel("a", "b", quorum=1)}), "p")
    assert (found.provenance.schema_mode, found.flags) == ("json_schema", ("panel_incomplete",))


def test_each_member_keeps_its_own_answer_and_a_hit_is_one_of_all() -> None:
    cache = FakeCache()
    lines = {"a": saying(5), "b": saying(3), "c": refusing()}
    made = {"p": a_panel("a", "b"), "q": a_panel("a", "b", "c")}
    scorer = a_scorer(lines, made, cache=cache)
    assert score(scorer, "p").provenance.cache == "miss"
    assert len(cache.records) == 2
    assert score(scorer, "p").provenance.cache == "hit"
    assert score(scorer, "a").provenance.cache == "hit"
    assert score(scorer, "p", cache="only").score == 80.0
    mixed = score(scorer, "q")
    assert [each.provenance.cache for each in mixed.members.values()] == ["hit", "hit", "miss"]
    assert mixed.provenance.cache == "miss"
    used, spent = mixed.provenance.usage, mixed.provenance.spent_usage
    assert (used.input_tokens, spent.input_tokens) == (300, 100)
    with pytest.raises(CacheMiss, match="member 'c'"):
        score(scorer, "q", cache="only")
    assert score(scorer, "p", cache="off").provenance.cache == "off"


def test_a_member_that_is_slow_to_the_deadline_costs_no_more_than_the_deadline() -> None:
    scorer = a_scorer({"a": saying(5), "b": SilentLine(), "c": saying(3)}, {"p": a_panel("a", "b", "c")})
    found = score(scorer, "p", seconds=10)
    assert (found.outcome, found.score, found.failure) == ("scored", 80.0, None)
    assert "panel_incomplete" in found.flags
    member = found.members["b"]
    assert (member.outcome, member.score) == ("timeout", None)
    assert member.failure is not None
    assert member.failure.code == "timeout"


def test_members_are_asked_at_the_same_time() -> None:
    lines = {name: SlowLine(6) for name in "abc"}
    found = score(a_scorer(lines, {"p": a_panel(*lines)}), "p", seconds=10)
    assert (found.outcome, found.flags) == ("scored", ())


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.sampled_from(["scored", "refused", "down", "late"]), min_size=4, max_size=4),
)
def test_a_quorum_decides_whether_there_is_a_score(quorum: int, kinds: list[str]) -> None:
    make: dict[str, Callable[[], Line]] = {
        "scored": lambda: saying(4),
        "refused": refusing,
        "down": down,
        "late": late,
    }
    lines = {name: make[kind]() for name, kind in zip("abcd", kinds, strict=True)}
    found = score(a_scorer(lines, {"p": a_panel(*lines, quorum=quorum)}), "p")
    if kinds.count("scored") >= quorum:
        assert (found.outcome, found.score, found.failure) == ("scored", 80.0, None)
        assert ("panel_incomplete" in found.flags) == (kinds.count("scored") < 4)
        return
    assert found.score is None
    if set(kinds) <= {"down", "late"}:
        expected = "provider_error" if "down" in kinds else "timeout"
        assert found.outcome == expected
        assert found.failure is not None
        assert found.failure.code == ("unavailable" if "down" in kinds else "timeout")
    else:
        assert found.outcome == ("refused" if set(kinds) == {"refused"} else "no_quorum")
        assert (found.failure is not None) == bool({"down", "late"} & set(kinds))
        assert found.reason


def test_the_reason_of_no_quorum_names_the_members_and_their_outcomes() -> None:
    found = score(
        a_scorer({"a": saying(4), "b": refusing(), "c": down()}, {"p": a_panel("a", "b", "c")}), "p"
    )
    assert found.reason == (
        "accuracy: 1 of 3 members gave a level and 2 are needed: a scored, b refused, c provider_error"
    )


def test_a_member_that_abstains_on_one_criterion_counts_on_the_other() -> None:
    lines = {"a": saying(4), "b": saying_of_each(accuracy=None, clarity=2)}
    found = score(a_scorer(lines, {"p": a_panel("a", "b", quorum=1)}), "p")
    values = {name: verdict.value for name, verdict in found.criteria.items()}
    assert values == {"accuracy": 80.0, "clarity": 60.0}
    assert found.members["b"].outcome == "abstained"
    assert found.members["a"].score == 80.0


def test_the_order_of_members_is_nowhere_in_the_answer_or_the_fingerprint() -> None:
    lines = {"a": saying(5), "b": saying(2), "c": saying(1)}
    weights = {"a": 0.2, "b": 0.3, "c": 0.5}
    answers, prints = [], []
    for names in permutations("abc"):
        scorer = a_scorer(lines, {"p": a_panel(*names, weights=weights)})
        answers.append(score(scorer, "p").model_dump(exclude={"id"}))
        prints.append((scorer.fingerprint("plain", "p", "text"), scorer.judge("p").identity))
    assert all(answer == answers[0] for answer in answers)
    assert all(each == prints[0] for each in prints)


def test_the_fingerprint_moves_with_a_member_a_weight_or_the_quorum_and_not_with_a_name() -> None:
    def sampling(lines: str = "abc", names: str = "abc", **fields: Any) -> object:
        specs = {name: {"model": f"model-{line}"} for name, line in zip(names, lines, strict=True)}
        scorer = a_scorer({name: saying(4) for name in names}, {"p": a_panel(*names, **fields)}, specs=specs)
        found = scorer.fingerprint("plain", "p", "text")
        return found["sampling"], found["model"]

    plain = sampling()
    assert sampling(names="xyz") == plain
    assert sampling(weights={"a": 2, "b": 2, "c": 2}) == plain
    assert sampling(quorum=2) == plain
    others = [sampling(lines="abd"), sampling(quorum=3), sampling(weights={"a": 2, "b": 1, "c": 1})]
    assert all(other != plain for other in others)


def test_a_map_of_the_panel_calibrates_it_until_a_member_changes() -> None:
    lines = {"a": saying(4), "b": saying(2)}
    made = {"p": a_panel("a", "b")}
    fingerprint = a_scorer(lines, made).fingerprint("plain", "p", "text")
    shelf = ShelfOfNames(p=a_map_of("p", 5, **fingerprint))
    found = score(a_scorer(lines, made, maps=shelf), "p")
    assert (found.score, found.calibrated.score, found.calibrated.status) == (60.0, 60.0, "calibrated")
    assert found.interval is not None
    moved = a_scorer(lines, made, maps=shelf, specs={"b": {"temperature": 1}})
    assert score(moved, "p").calibrated.status == "stale"
    with pytest.raises(StaleMap):
        score(moved, "p", calibration=shelf.maps["p"].id)


def test_a_map_of_the_panel_is_not_for_part_of_it() -> None:
    made = {"p": a_panel("a", "b", quorum=1)}
    fingerprint = a_scorer({"a": saying(4), "b": saying(4)}, made).fingerprint("plain", "p", "text")
    shelf = ShelfOfNames(p=a_map_of("p", 5, **fingerprint))
    found = score(a_scorer({"a": saying(4), "b": refusing()}, made, maps=shelf), "p")
    assert (found.score, found.interval, found.calibrated.score) == (80.0, None, None)
    assert (found.calibrated.status, found.calibrated.flags) == ("out_of_domain", ("panel_incomplete",))


def test_an_empty_response_is_the_guards_for_every_member() -> None:
    rubric = a_rubric(a_criterion("accuracy", when_degenerate=0))
    lines = {"a": saying(4), "b": saying(4)}
    found = score(a_scorer(lines, {"p": a_panel("a", "b")}, rubric=rubric), "p", case=a_case(response=" "))
    assert (found.outcome, found.score, found.provenance.instrument) == ("scored", 0.0, "guard")
    assert "degenerate_response" in found.flags
    assert [line.prompts for line in lines.values()] == [[], []]


def test_criteria_that_nobody_could_be_asked_are_missing_for_each_member_too() -> None:
    rubric = a_rubric(a_criterion("accuracy"), a_criterion("clarity", needs=["response", "claim"]))
    lines = {"a": saying_of_each(accuracy=4), "b": saying_of_each(accuracy=2)}
    found = score(a_scorer(lines, {"p": a_panel("a", "b")}, rubric=rubric), "p", partial="renormalise")
    assert (found.score, found.left_out) == (60.0, ("clarity",))
    assert [each.criteria["clarity"].outcome for each in found.members.values()] == ["missing_input"] * 2
    assert [each.score for each in found.members.values()] == [80.0, 40.0]


def test_without_numbers_the_members_vote() -> None:
    rubric = a_rubric(a_criterion("claim", scale=a_nominal_scale("yes", "no")))
    lines = {
        "a": saying_of_each(claim="yes"),
        "b": saying_of_each(claim="no"),
        "c": saying_of_each(claim="no"),
    }
    found = score(a_scorer(lines, {"p": a_panel(*lines)}, rubric=rubric), "p")
    assert (found.outcome, found.score, found.criteria["claim"].level) == ("scored", None, "no")
    del lines["c"]
    tied = score(a_scorer(lines, {"p": a_panel(*lines)}, rubric=rubric), "p")
    assert (tied.outcome, tied.criteria["claim"].level) == ("no_quorum", None)
    assert "members disagree" in (tied.reason or "")


def test_a_panel_sees_images_only_if_all_of_its_members_do() -> None:
    lines = {"a": saying(4), "b": saying(4)}
    with pytest.raises(UnfitCase, match="judge 'p' cannot be shown images"):
        score(a_scorer(lines, {"p": a_panel("a", "b")}, specs={"b": {"images": False}}), "p", mode="image")


def test_who_judges_an_answer_of_its_own_family_is_flagged_and_so_is_the_panel() -> None:
    lines = {"a": saying(4), "b": saying(4)}
    specs = {"a": {"model": "Qwen/Qwen3-8B"}, "b": {"family": "llama"}}
    scorer = a_scorer(lines, {"p": a_panel("a", "b")}, specs=specs)
    found = score(scorer, "p", case=a_case(model="qwen2.5-72b-instruct"))
    assert found.flags == ("own_family",)
    assert [each.flags for each in found.members.values()] == [("own_family",), ()]
    assert score(scorer, "b", case=a_case(model="meta-llama/Llama-3-8B")).flags == ("own_family",)
    assert score(scorer, "p", case=a_case(model="claude-opus-4")).flags == ()
    assert score(scorer, "p").flags == ()
    prompts = [prompt for line in lines.values() for prompt in line.prompts]
    assert all("qwen2.5" not in prompt.user + prompt.system for prompt in prompts)
    assert isinstance(scorer.judge("p"), Panel)


def test_another_model_in_a_members_place_is_flagged_and_named() -> None:
    lines = {"a": saying(4, model="somebody-else-3b"), "b": saying(4)}
    found = score(a_scorer(lines, {"p": a_panel("a", "b")}), "p")
    assert (found.flags, found.provenance.model) == (("other_model",), "model-b + somebody-else-3b")
