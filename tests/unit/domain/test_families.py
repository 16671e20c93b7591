from __future__ import annotations

import pytest
from builders import a_spec
from hypothesis import given
from hypothesis import strategies as st

from judge_service.domain.families import families_of


@pytest.mark.parametrize(
    ("model", "families"),
    [
        ("gpt-4o-2024-08-06", {"gpt"}),
        ("openai/gpt-oss-120b", {"gpt"}),
        ("chatgpt-4o-latest", {"gpt"}),
        ("o3-mini", {"gpt"}),
        ("azure/o1", {"gpt"}),
        ("foo3-mini", {"foo3-mini"}),
        ("anthropic/claude-sonnet-4-5", {"claude"}),
        ("gemini/gemini-2.5-pro", {"gemini"}),
        ("google/medgemma-27b-it", {"gemma"}),
        ("gemma3:12b", {"gemma"}),
        ("meta-llama/Llama-3.1-70B-Instruct", {"llama"}),
        ("Qwen/Qwen2.5-VL-72B", {"qwen"}),
        ("QwQ-32B", {"qwen"}),
        ("mistralai/Mixtral-8x7B", {"mistral"}),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", {"deepseek", "qwen"}),
        ("microsoft/Phi-4", {"phi"}),
        ("xai/grok-4", {"grok"}),
        ("cohere/command-r-plus", {"command"}),
        ("delphi-medical-7b", {"delphi-medical-7b"}),
        ("our-lab/house-7b", {"house-7b"}),
        ("", set()),
    ],
)
def test_a_models_families_are_read_from_its_name(model: str, families: set[str]) -> None:
    assert families_of(model) == families


@given(st.text(min_size=1, max_size=40))
def test_a_name_is_kin_to_itself_however_it_is_written(model: str) -> None:
    name = model.rpartition("/")[2]
    assert families_of(model) == families_of(model.casefold())
    assert bool(families_of(model)) or not name


def test_a_judges_family_is_its_models_unless_it_is_named() -> None:
    assert a_spec(model="Qwen/Qwen3-8B").families == {"qwen"}
    assert a_spec(model="judge", family="Qwen").families == {"qwen"}
    assert a_spec(kind="scripted", base_url=None, model="qwen").families == frozenset()
    assert a_spec(kind="scripted", base_url=None, model=None, family="qwen").families == {"qwen"}
