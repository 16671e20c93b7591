from __future__ import annotations

from typing import Any

import pytest
from builders import a_spec
from pydantic import ValidationError

from judge_service.domain.judge import JudgeSpec

DIGEST = "0" * 64


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"kind": "openai", "model": "m"}, "needs base_url and model"),
        ({"kind": "openai", "base_url": "http://127.0.0.1/v1"}, "needs base_url and model"),
        ({"kind": "litellm"}, "needs model"),
        ({"kind": "embedded", "embeddings": "weights"}, "come together"),
        ({"kind": "embedded", "embeddings_sha256": DIGEST}, "come together"),
        ({"kind": "embedded", "embeddings": "weights", "embeddings_sha256": "0" * 63}, "match pattern"),
        ({"kind": "oracle"}, "Input should be"),
        ({"kind": "embedded", "temprature": 0}, "Extra inputs"),
        ({"kind": "scripted", "script": [{"fault": "boredom"}]}, "Input should be"),
        ({"kind": "embedded", "seed": 2**53}, "less than or equal"),
        ({"kind": "embedded", "temperature": float("nan")}, "less than or equal to 2"),
    ],
)
def test_a_judge_that_cannot_be_opened_is_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        JudgeSpec.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "is_llm", "instrument"),
    [
        ({"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}, True, "llm"),
        ({"kind": "litellm", "model": "m"}, True, "llm"),
        ({"kind": "embedded", "embeddings": "w", "embeddings_sha256": DIGEST}, False, "lexical-baseline"),
        ({"kind": "scripted"}, False, "scripted"),
    ],
)
def test_a_baseline_is_never_taken_for_a_model(fields: dict[str, Any], is_llm: bool, instrument: str) -> None:
    spec = JudgeSpec.model_validate(fields)
    assert (spec.is_llm, spec.instrument) == (is_llm, instrument)


def test_sampling_is_told_for_models_only() -> None:
    assert a_spec().sampling == {"temperature": 0.0, "max_tokens": 2048}
    assert a_spec(seed=0).sampling == {"temperature": 0.0, "max_tokens": 2048, "seed": 0}
    assert JudgeSpec(kind="embedded", seed=0).sampling == {}
