from __future__ import annotations

from typing import Any

import pytest
from builders import a_request
from pydantic import ValidationError

from judge_service.domain.request import DEADLINE_CAP_MS


@pytest.mark.parametrize(
    "fields",
    [
        {"rubric": ""},
        {"judge": ""},
        {"mode": "sound"},
        {"samples": 0},
        {"samples": 33},
        {"samples": 1.0},
        {"samples": "1"},
        {"samples": True},
        {"partial": "allow"},
        {"cache": "yes"},
        {"deadline_ms": 0},
        {"deadline_ms": True},
        {"deadline_ms": "500"},
        {"deadline_ms": 0.5},
        {"deadline_ms": DEADLINE_CAP_MS + 1},
        {"metadata": {str(at): at for at in range(33)}},
        {"metadata": {"note": "x" * 513}},
        {"metadata": {"note": ["list"]}},
        {"sample": 1},
    ],
    ids=str,
)
def test_a_request_for_what_is_not_offered_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        a_request(**fields)
    assert "xxx" not in str(error.value)


def test_what_a_request_does_not_say_is_the_careful_choice() -> None:
    request = a_request()
    assert (request.judge, request.mode, request.partial) == ("default", "auto", "forbid")
    assert (request.cache, request.deadline_ms) == ("use", None)


def test_metadata_keeps_its_types() -> None:
    tags = {"run": "r7", "turn": 3, "share": 0.5, "final": True, "note": None}
    assert a_request(metadata=tags).metadata == tags
    assert a_request(deadline_ms=500).deadline_ms == 500
    assert type(a_request(samples=1).samples) is int
    assert type(a_request(metadata=tags).metadata["final"]) is bool
