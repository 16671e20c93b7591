"""What may be bound as a panel or a cascade, and what each refusal says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from judge_service.domain.panel import CascadeSpec, PanelSpec, concurrency
from judge_service.errors import ConfigurationError
from judge_service.settings import load_settings

PLAIN: dict[str, Any] = {
    "a": {"kind": "scripted", "max_concurrency": 8},
    "b": {"kind": "scripted", "max_concurrency": 3},
    "c": {"kind": "embedded"},
}
PANEL: dict[str, Any] = {"kind": "panel", "members": ["a", "b"]}
CASCADE: dict[str, Any] = {"kind": "cascade", "steps": ["a", "b"], "escalate_width": 20}


def bound(**more: Any) -> Any:
    return load_settings(judges=json.dumps(PLAIN | more)).judges


@given(st.integers(2, 16))
def test_a_quorum_is_from_one_to_the_number_of_members_and_by_default_more_than_half(size: int) -> None:
    members = [f"m{at}" for at in range(size)]
    for quorum in range(1, size + 1):
        spec = PanelSpec.model_validate({"kind": "panel", "members": members, "quorum": quorum})
        assert spec.needed == quorum
    assert PanelSpec.model_validate({"kind": "panel", "members": members}).needed == size // 2 + 1
    for quorum in (0, -1, size + 1):
        with pytest.raises(ValidationError, match="quorum"):
            PanelSpec.model_validate({"kind": "panel", "members": members, "quorum": quorum})


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"members": ["a"]}, "at least 2"),
        ({"members": [f"m{at}" for at in range(17)]}, "at most 16"),
        ({"members": ["a", "a"]}, "'a' is named twice"),
        ({"quorum": True}, "valid integer"),
        ({"quorum": "2"}, "valid integer"),
        ({"weights": {"a": 1, "b": True}}, "valid number"),
        ({"quorum": 3}, "a quorum of 3 is never reached by 2 members"),
        ({"weights": {"a": 1}}, "look at 'b'"),
        ({"weights": {"a": 1, "b": 1, "c": 1}}, "look at 'c'"),
        ({"weights": {"a": 1, "b": 0}}, "greater than or equal"),
        ({"weights": {"a": 1, "b": float("nan")}}, "finite|greater than or equal|less than or equal"),
        ({"weights": {"a": 1, "b": float("inf")}}, "less than or equal"),
        ({"model": "m"}, "Extra inputs"),
    ],
)
def test_a_panel_that_could_not_vote_is_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        PanelSpec.model_validate(PANEL | fields)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"steps": ["a"]}, "at least 2"),
        ({"steps": ["a", "b", "a"]}, "'a' is named twice"),
        ({"escalate_width": True}, "valid number"),
        ({"escalate_width": 0}, "greater than 0"),
        ({"escalate_width": 100.5}, "less than or equal to 100"),
        ({"escalate_width": float("nan")}, "less than or equal to 100|greater than 0"),
        ({"exhausted": "give_up"}, "Input should be"),
    ],
)
def test_a_cascade_that_could_not_climb_is_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        CascadeSpec.model_validate(CASCADE | fields)


@pytest.mark.parametrize(
    ("judges", "told"),
    [
        ({"p": PANEL | {"members": ["a", "x"]}}, r"panel 'p' names 'x', which is no configured judge \(a, b"),
        ({"k": CASCADE | {"steps": ["x", "a"]}}, "cascade 'k' names 'x'"),
        ({"p": PANEL | {"members": ["p", "a"]}}, "panel 'p': 'p' is a panel.*write out its members"),
        ({"p": PANEL, "q": PANEL | {"members": ["p", "c"]}}, "panel 'q': 'p' is a panel"),
        (
            {"k": CASCADE, "q": PANEL | {"members": ["k", "c"]}},
            "'k' is a cascade, which cannot stand in a panel",
        ),
        ({"k": CASCADE, "l": CASCADE | {"steps": ["k", "c"]}}, "'k' is a cascade.*write out its steps"),
        ({"k": CASCADE | {"steps": ["k", "c"]}}, "cascade 'k': 'k' is a cascade"),
        ({"p": {"kind": "panel", "members": 3}}, r"JUDGE_SERVICE_JUDGES\.p\.members: "),
        ({"p": {"members": ["a", "b"]}}, r"JUDGE_SERVICE_JUDGES\.p\.kind: "),
        ({"p": {"kind": "openai", "temperature": 9}}, r"JUDGE_SERVICE_JUDGES\.p\.temperature: "),
    ],
)
def test_what_cannot_be_put_together_is_named_with_the_remedy(judges: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        bound(**judges)


def test_a_step_may_be_a_panel_and_the_narrowest_judge_sets_the_pace() -> None:
    judges = bound(p=PANEL, k=CASCADE | {"steps": ["c", "p"]})
    assert [concurrency(judges, name) for name in ("a", "b", "c", "p", "k")] == [8, 3, 64, 3, 3]
