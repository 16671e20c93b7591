"""Of which instrument a map is, and that of any other it is stale."""

from __future__ import annotations

from typing import Any

import pytest
from builders import a_completion, a_spec
from calibrationmaps import Shelf, a_fingerprint, a_map
from calibrationscorer import a_scorer, score
from lines import FakeLine

from judge_service.errors import StaleMap


@pytest.mark.parametrize(
    "moved",
    [
        {"rubric_digest": "another"},
        {"prompt_digest": "another"},
        {"judge_kind": "litellm"},
        {"model": "judge-70b"},
        {"mode": "image"},
        {"sampling": {"temperature": 0.7, "max_tokens": 2048}},
        {"sampling": {}},
    ],
    ids=lambda moved: next(iter(moved)),
)
def test_a_map_of_another_instrument_is_stale_and_gives_no_number(moved: dict[str, Any]) -> None:
    one = a_map(judge={"fingerprint": a_fingerprint(**moved)})
    shelf = Shelf(one)
    found = score(a_scorer(shelf))
    assert (found.calibrated.score, found.calibrated.map, found.calibrated.status) == (None, one.id, "stale")
    assert (found.interval, found.score) == (None, 80.0)
    with pytest.raises(StaleMap, match="another"):
        score(a_scorer(shelf), calibration=one.id)


@pytest.mark.parametrize("part", ["rubric_digest", "prompt_digest", "judge_kind", "model", "mode", None])
def test_a_map_that_leaves_open_of_which_instrument_it_is_is_of_none(part: str | None) -> None:
    one = a_map(judge={"fingerprint": None if part is None else a_fingerprint(**{part: None})})
    line = FakeLine()
    assert score(a_scorer(Shelf(one))).calibrated.status == "stale"
    with pytest.raises(StaleMap, match=part or "rubric_digest"):
        score(a_scorer(Shelf(one), line), calibration=one.id)
    assert line.prompts == []


@pytest.mark.parametrize("model", ["judge-7b", "judge-7b-0611"])
def test_a_map_may_name_the_model_as_it_was_asked_or_as_it_answered(model: str) -> None:
    one = a_map(judge={"fingerprint": a_fingerprint(model=model)})
    assert score(a_scorer(Shelf(one))).calibrated.status == "calibrated"
    assert score(a_scorer(Shelf(one)), calibration=one.id).calibrated.status == "calibrated"


def test_when_another_model_answered_the_map_of_the_configured_one_is_stale() -> None:
    line = FakeLine(a_completion(model="somebody-else-3b"))
    one = a_map()
    found = score(a_scorer(Shelf(one), line))
    assert "other_model" in found.flags
    assert found.calibrated.status == "stale"
    with pytest.raises(StaleMap):
        score(a_scorer(Shelf(one), line), calibration=one.id)


def test_a_judge_that_is_our_own_code_is_another_instrument_in_its_next_version() -> None:
    mine = a_fingerprint(judge_kind="embedded", model="baseline-1", sampling={})
    one = a_map(judge={"fingerprint": mine})
    line = FakeLine(a_completion(model="baseline-1"))
    settings: dict[str, Any] = {"kind": "embedded", "base_url": None, "model": None}
    now_ = a_scorer(Shelf(one), line, version="baseline-1", **settings)
    later = a_scorer(Shelf(one), FakeLine(a_completion(model="baseline-2")), version="baseline-2", **settings)
    assert score(now_).calibrated.status == "calibrated"
    assert score(later).calibrated.status == "stale"
    unasked = FakeLine()
    with pytest.raises(StaleMap):
        score(a_scorer(Shelf(one), unasked, version="baseline-2", **settings), calibration=one.id)
    assert unasked.prompts == []
    assert now_.fingerprint("plain", "default", "text") == mine


def test_further_fields_of_a_request_are_part_of_the_instrument() -> None:
    plain, warm = a_spec(), a_spec(extra_body={"top_p": 0.5})
    assert plain.sampling != warm.sampling
    assert warm.sampling != a_spec(extra_body={"top_p": 0.6}).sampling
    assert score(a_scorer(Shelf(a_map()), extra_body={"top_p": 0.5})).calibrated.status == "stale"


def test_a_demanded_map_that_settings_show_to_be_stale_costs_no_judge() -> None:
    moves: list[dict[str, Any]] = [{"rubric_digest": "another"}, {"model": "gpt-x"}, {"mode": "image"}]
    for moved in moves:
        one = a_map(judge={"fingerprint": a_fingerprint(**moved)})
        line = FakeLine()
        with pytest.raises(StaleMap):
            score(a_scorer(Shelf(one), line), calibration=one.id)
        assert line.prompts == []


def test_a_demanded_map_of_a_snapshot_is_stale_only_when_another_one_answered() -> None:
    one = a_map(judge={"fingerprint": a_fingerprint(model="judge-7b-0301")})
    line = FakeLine()
    with pytest.raises(StaleMap):
        score(a_scorer(Shelf(one), line), calibration=one.id)
    assert len(line.prompts) == 1
