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
        (
            {"kind": "litellm", "model": "m", "extra_body": {"model": "other"}},
            "extra_body may not hold 'model'",
        ),
        ({"kind": "litellm", "model": "m", "extra_body": {"fallbacks": ["b"]}}, "may not hold 'fallbacks'"),
        ({"kind": "litellm", "model": "m", "extra_body": {"max_retries": 3}}, "may not hold 'max_retries'"),
        ({"kind": "openai", "base_url": "http://u:p@h/v1", "model": "m"}, "keys come from api_key_env"),
        ({"kind": "openai", "base_url": "127.0.0.1:8000/v1", "model": "m"}, "begins with http"),
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


@pytest.mark.parametrize(
    ("asked", "answered", "is_its_own"),
    [
        ("judge", "judge", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("openai/gpt-4o", "gpt-4o-2024-08-06", True),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5-20250929", True),
        ("mistral-large-latest", "mistral-large-2411", True),
        ("Qwen/Qwen3-32B", "qwen3-32b", True),
        ("judge", None, True),
        ("my-deployment", "gpt-4o-2024-08-06", False),
        ("big-judge-70b", "tiny-fallback-1b", False),
        ("gpt-4o-2024-08-06", "gpt-4o", False),
        ("gpt-4", "gpt-4-0613", True),
        ("gpt-4", "gpt-4o-mini-2024-07-18", False),
        ("gpt-5", "gpt-5-mini", False),
        ("o1", "o1-mini-2024-09-12", False),
        ("gemini-2.5-pro", "gemini-2.5-pro-preview-05-06", True),
        ("anthropic.claude-sonnet-4", "anthropic.claude-sonnet-4-20250514-v1:0", True),
        ("llama3", "llama3:latest", True),
        ("qwen3-8b", "Qwen3-8B-AWQ", False),
        ("gpt-4", "gpt-4.1", False),
        ("gpt-4", "gpt-4.1-2025-04-14", False),
        ("gpt-5", "gpt-5.2", False),
        ("qwen2", "Qwen/qwen2.5-72b", False),
        ("claude-3", "claude-3-5-sonnet-20241022", False),
        ("gpt-4", "gpt-4-32k", False),
        ("llama-3-8b", "llama-3-8b-w4a16", False),
        ("gemini-1.5-pro", "gemini-1.5-pro-002", True),
        ("gpt-4", "gpt-4-1106-preview", True),
        ("claude-3-5-sonnet", "claude-3-5-sonnet@20241022", True),
    ],
)
def test_a_reply_under_another_name_is_another_models(
    asked: str, answered: str | None, is_its_own: bool
) -> None:
    assert a_spec(model=asked).answers_for(answered) is is_its_own


def test_a_deployments_name_can_be_told() -> None:
    spec = a_spec(model="my-deployment", answers_as=("gpt-4o-2024-08-06",))
    assert spec.answers_for("gpt-4o-2024-08-06")
    assert not spec.answers_for("gpt-3.5-turbo")
    assert JudgeSpec(kind="embedded").answers_for("anything")
