"""Stands in for vLLM: as much of its interface as is used, and of its ways to fail.

Put `tests/packages` on the path to import it. What a prompt holds decides how it goes: SLOW is never finished,
CUT and ABORTED end like that, DIES takes the engine along; an image is refused, and so is what has more words
than the model takes. A model whose folder is called `broken` cannot be loaded.
"""

from __future__ import annotations

import itertools
import json
import time
from types import SimpleNamespace
from typing import Any

from stubshapes import document_of

__version__ = "0.32.0"
AT_ONCE = 16
STEP_S = 0.001
FINISHES = {"CUT": "length", "ABORTED": "abort"}
loaded: list[LLM] = []


class VLLMValidationError(Exception):
    """A prompt is at fault; as in vLLM, this is no ValueError."""


class SamplingParams:
    """How one answer is sampled."""

    def __init__(
        self,
        *,
        temperature: float = 1.0,
        max_tokens: int = 16,
        seed: int | None = None,
        top_p: float = 1.0,
        logprobs: int | None = None,
        structured_outputs: Any = None,
    ) -> None:
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.seed = seed
        self.top_p = top_p
        self.logprobs = logprobs
        self.structured_outputs = structured_outputs


class LLM:
    """A model; keeps what it was asked for."""

    def __init__(self, model: str, max_model_len: int, **options: Any) -> None:
        if model.endswith("broken"):
            raise RuntimeError("no weights here\nand much more")
        self.options = {"model": model, "max_model_len": max_model_len, **options}
        self.model_config = SimpleNamespace(max_model_len=max_model_len)
        self.llm_engine = Steps()
        self.asked: list[tuple[list[dict[str, Any]], SamplingParams, Any]] = []
        loaded.append(self)

    def enqueue_chat(
        self,
        messages: list[list[dict[str, Any]]],
        sampling_params: SamplingParams,
        *,
        use_tqdm: bool,
        chat_template_kwargs: dict[str, Any] | None,
    ) -> list[str]:
        """Take one conversation."""
        assert not use_tqdm
        (one,) = messages
        content = one[-1]["content"]
        if not isinstance(content, str):
            raise ValueError(f"At most 0 image(s) may be provided in one prompt: {content}")
        if len(content.split()) > self.model_config.max_model_len:
            raise VLLMValidationError(
                f"This model's maximum context length is short: {content} (parameter=input_tokens)"
            )
        self.asked.append((one, sampling_params, chat_template_kwargs))
        return [self.llm_engine.add(content, sampling_params)]


def _chance(char: str, logprob: float) -> Any:
    return SimpleNamespace(decoded_token=char, logprob=logprob)


class Steps:
    """The engine's loop."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self.waiting: dict[str, tuple[str, SamplingParams]] = {}
        self.aborted: list[str] = []
        self.batches: list[int] = []
        self.engine_core = self
        self.shut = False

    def add(self, content: str, params: SamplingParams) -> str:
        """Number a prompt, and add letters to the number as vLLM does."""
        key = str(next(self._numbers))
        self.waiting[key] = (content, params)
        return f"{key}-a1b2c3d4"

    def step(self) -> list[Any]:
        """Finish some of what waits."""
        time.sleep(STEP_S)
        now = [key for key, (content, _) in self.waiting.items() if "SLOW" not in content][:AT_ONCE]
        if any("DIES" in self.waiting[key][0] for key in now):
            raise RuntimeError(f"engine died over {self.waiting[now[0]][0]}")
        self.batches += [len(now)] if now else []
        half = SimpleNamespace(request_id="never asked", finished=False)
        return [half, *(self._output(key, *self.waiting.pop(key)) for key in now)]

    @staticmethod
    def _output(key: str, content: str, params: SamplingParams) -> Any:
        form = params.structured_outputs
        text = json.dumps(document_of(form.json)) if form is not None and form.json else "{}"
        finish = next((reason for mark, reason in FINISHES.items() if mark in content), "stop")
        one = SimpleNamespace(text=text, finish_reason=finish, token_ids=[1] * 30, logprobs=None)
        if (
            params.logprobs is not None
        ):  # a token a character; of a digit, what the grammar forbids stands beside it
            one.token_ids = [ord(char) for char in text]
            one.logprobs = [
                {ord(char): _chance(char, 0.0)} | ({1: _chance("x", float("-inf"))} if char.isdigit() else {})
                for char in text
            ]
        return SimpleNamespace(request_id=key, finished=True, prompt_token_ids=[1] * 321, outputs=[one])

    def abort_request(self, request_ids: list[str]) -> None:
        """Drop what nobody waits for."""
        for key in request_ids:
            del self.waiting[key]
        self.aborted += request_ids

    def shutdown(self) -> None:
        """Note that it was ended."""
        self.shut = True
