"""A model loaded by vLLM in this process: all that we know of vLLM's interface."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from judge_service.backends.http_faults import code_of_words
from judge_service.errors import BackendError, BackendRejected, BackendUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.judge import JudgeSpec

# Fields of a request's body that are the engine's sampling parameters by the same name.
SAMPLING: Final = frozenset(
    {
        *("temperature", "max_tokens", "seed", "top_p", "top_k", "min_p", "min_tokens", "ignore_eos"),
        *("repetition_penalty", "presence_penalty", "frequency_penalty", "stop", "stop_token_ids"),
    }
)
TEMPLATE: Final = "chat_template_kwargs"
_OURS: Final = frozenset(
    {
        *("model", "messages", "response_format", "max_completion_tokens", "logprobs", "top_logprobs"),
        TEMPLATE,
    }
)
_MASKED: Final = -9999.0  # what the grammar forbids; JSON has no infinity
_UNFINISHED: Final = frozenset({"abort", "error"})
# In one process, which takes least memory, and silent but for errors; the user's own settings win.
_QUIET: Final = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR"}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Loading:
    """What the engine is started with: its options, the variables it reads, and what names the weights."""

    options: Mapping[str, object]
    environment: Mapping[str, str]
    weights: str


def foreign_fields(spec: JudgeSpec) -> list[str]:
    """Fields of `extra_body` that a server may know and the engine has nothing for."""
    return sorted(spec.extra_body.keys() - SAMPLING - {TEMPLATE})


class LoadedModel:
    """Takes prompts and steps until they are answered."""

    def __init__(self, name: str, loading: Loading) -> None:
        os.environ.update(loading.environment)
        for key, value in _QUIET.items():
            os.environ.setdefault(key, value)
        import vllm  # noqa: PLC0415  with torch, seconds and gigabytes: paid by runs that use it
        from vllm.sampling_params import StructuredOutputsParams  # noqa: PLC0415  likewise

        self._name = name
        self._fingerprint = f"vllm-{vllm.__version__}-in-process-{loading.weights[:16]}"
        self._sampling = vllm.SamplingParams
        self._form = StructuredOutputsParams
        self._llm = vllm.LLM(**loading.options)
        self._longest: int = self._llm.model_config.max_model_len

    def enqueue(self, body: Body) -> str:
        """Give the engine a prompt; the key under which its answer comes. Raises `BackendRejected`."""
        room = body.get("max_tokens") or body["max_completion_tokens"]
        if room > self._longest:  # as a server refuses it
            said = f"{room} tokens of answer are more than the {self._longest} of judge model {self._name!r}"
            raise BackendRejected(said, code="context_too_long")
        if foreign := body.keys() - SAMPLING - _OURS:
            said = f"the engine in this process takes no field {min(foreign)!r}"
            raise BackendRejected(said, code="bad_request")
        try:
            (key,) = self._llm.enqueue_chat(
                [body["messages"]],
                self._parameters(body, room),
                use_tqdm=False,
                chat_template_kwargs=body.get(TEMPLATE),
            )
        except Exception as exc:  # noqa: BLE001  a prompt's fault has many classes, and its words hold the prompt
            code = code_of_words(str(exc))
            said = f"judge model {self._name!r} refused the prompt ({code})"
            raise BackendRejected(said, code=code) from None
        return _outer(key)

    def _parameters(self, body: Body, room: int) -> object:
        chosen = {name: value for name, value in body.items() if name in SAMPLING}
        chosen |= {"logprobs": body["top_logprobs"]} if "top_logprobs" in body else {}
        asked = body.get("response_format", {})
        form = None
        if asked.get("type") == "json_schema":
            form = self._form(json=asked["json_schema"]["schema"])
        elif asked:
            form = self._form(json_object=True)
        return self._sampling(**chosen | {"max_tokens": room, "structured_outputs": form})

    def step(self) -> list[tuple[str, Body | BackendError]]:
        """Let the engine make one more token of every answer; those that are finished."""
        return [
            (_outer(output.request_id), self._outcome(output))
            for output in self._llm.llm_engine.step()
            if output.finished
        ]

    def _outcome(self, output: Any) -> Body | BackendError:
        """An answer in the shape of a server's reply."""
        (one,) = output.outputs
        if one.finish_reason in _UNFINISHED:
            return BackendUnavailable(f"judge model {self._name!r} did not finish its answer")
        counts = {"prompt_tokens": len(output.prompt_token_ids), "completion_tokens": len(one.token_ids)}
        return {
            "model": self._name,
            "system_fingerprint": self._fingerprint,
            "choices": [
                {
                    "message": {"content": one.text},
                    "finish_reason": one.finish_reason,
                    "logprobs": _chances(one.token_ids, one.logprobs),
                }
            ],
            "usage": counts,
        }

    def abort(self, keys: list[str]) -> None:
        """Take prompts out of the engine."""
        self._llm.llm_engine.abort_request(keys)

    def close(self) -> None:
        """End the engine and its processes."""
        self._llm.llm_engine.engine_core.shutdown()


def _chances(written: Any, told: Any) -> Body | None:
    """What the engine tells of each token and of what else could have stood there, as a server tells it."""
    if told is None:
        return None

    def entry(one: Any) -> Body:
        return {"token": one.decoded_token or "", "logprob": max(one.logprob, _MASKED)}

    return {
        "content": [
            entry(place[token]) | {"top_logprobs": [entry(one) for one in place.values()]}
            for token, place in zip(written, told, strict=True)
        ]
    }


def _outer(key: str) -> str:
    """Of a request's key the part that comes back: vLLM adds letters of its own, to tell equal ones apart."""
    return key.partition("-")[0]
