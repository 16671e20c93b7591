"""The door to vLLM's engine inside this process: for a file's rows, where nobody else waits for the model."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from judge_service.backends.http_faults import code_of_words
from judge_service.backends.openai_wire import completion_of, request_body
from judge_service.errors import BackendError, BackendRejected, BackendTimeout, BackendUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.backends.base import Completion, Prompt
    from judge_service.domain.judge import JudgeSpec

LOADED_WITHIN_S: Final = 3600.0
CLOSED_WITHIN_S: Final = 30.0
# Fields of a request's body that are the engine's sampling parameters by the same name.
SAMPLING: Final = frozenset(
    {
        *("temperature", "max_tokens", "seed", "top_p", "top_k", "min_p", "min_tokens", "ignore_eos"),
        *("repetition_penalty", "presence_penalty", "frequency_penalty", "stop", "stop_token_ids"),
    }
)
TEMPLATE: Final = "chat_template_kwargs"
_OURS: Final = frozenset({"model", "messages", "response_format", "max_completion_tokens", TEMPLATE})
_UNFINISHED: Final = frozenset({"abort", "error"})
_CAUSE_CAP: Final = 500
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


class VllmEngineBackend:
    """Asks a model that a thread of this process has loaded; it is loaded when it is first asked for.

    All that is asked at one time is worked on at one time: the engine takes new questions between two of
    its steps. What is no longer waited for is taken out of it.
    """

    def __init__(self, spec: JudgeSpec, loading: Loading) -> None:
        self._spec = spec
        self._work = _Work(str(spec.model), loading)
        self._thread = threading.Thread(target=self._work.run, name="vllm", daemon=True)
        self._closed = False

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Ask the body that a server would get, and read the answer as a server's."""
        reply = await self._ask(request_body(self._spec, prompt), timeout_s)
        return completion_of(reply, self._spec, prompt)

    async def ping(self) -> None:
        """Wait until the model is loaded, which takes minutes the first time."""
        await self._ask(None, LOADED_WITHIN_S)

    async def aclose(self) -> None:
        """Give the model's memory back."""
        if self._closed:
            return
        self._closed = True
        if self._thread.ident is not None:
            self._work.inbox.put(None)
            await asyncio.to_thread(self._thread.join, CLOSED_WITHIN_S)

    async def _ask(self, body: Body | None, timeout_s: float) -> Body:
        if self._closed:
            raise BackendUnavailable(f"the door to judge model {self._spec.model!r} is closed")
        if self._thread.ident is None:
            self._thread.start()
        question = Question(body)
        self._work.inbox.put(question)
        try:
            async with asyncio.timeout(timeout_s):
                return await question.answer
        except TimeoutError:
            raise BackendTimeout(f"judge model {self._spec.model!r} took more than {timeout_s:g} s") from None


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked, and who waits for it; without a body it only asks whether the model is there."""

    body: Body | None
    answer: asyncio.Future[Body] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, outcome: Body | BackendError) -> None:
        """Hand the outcome over from the engine's thread."""
        with suppress(RuntimeError):  # the loop is closed, and with it everybody who waited
            self.answer.get_loop().call_soon_threadsafe(self._settle, outcome)

    def _settle(self, outcome: Body | BackendError) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, BackendError):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class _Work:
    """What the thread does: it loads the model, takes questions, and has the engine step until all are answered."""

    def __init__(self, name: str, loading: Loading) -> None:
        self.inbox: SimpleQueue[Question | None] = SimpleQueue()
        self._name = name
        self._loading = loading
        self._model: _Model | None = None
        self._fault = ""
        self._asked: dict[str, Question] = {}

    def run(self) -> None:
        """Work until the end is asked for; a model that fails is unavailable from then on."""
        try:
            self._model = _Model(self._name, self._loading)
        except Exception as exc:  # noqa: BLE001  loading raises whatever torch and vLLM raise
            self._fault = f"vLLM could not load {self._name!r}: {_first_line(exc)}"
        while self._takes():
            self._forget_the_left()
            if self._asked and self._model is not None:
                self._step(self._model)
        self._fail("the door to the model was closed")
        if self._model is not None:
            self._model.close()

    def _takes(self) -> bool:
        """Take every question that waits, and wait for one when there is nothing else to do; False at the end."""
        idle = not self._asked
        while True:
            try:
                question = self.inbox.get(block=idle)
            except Empty:
                return True
            if question is None:
                return False
            idle = False
            self._take(question)

    def _take(self, question: Question) -> None:
        if self._model is None:
            question.settle(BackendUnavailable(self._fault))
        elif question.body is None:
            question.settle({})
        elif not question.answer.cancelled():
            try:
                self._asked[self._model.enqueue(question.body)] = question
            except BackendError as refused:
                question.settle(refused)

    def _forget_the_left(self) -> None:
        left = [key for key, question in self._asked.items() if question.answer.cancelled()]
        for key in left:
            del self._asked[key]
        if left and self._model is not None:
            self._model.abort(left)

    def _step(self, model: _Model) -> None:
        try:
            finished = model.step()
        except Exception as exc:  # noqa: BLE001  whatever ends the engine; its words may hold the prompt's
            self._fault = f"vLLM's engine ended: {type(exc).__name__}"
            self._fail(self._fault)
            self._model = None
            return
        for key, outcome in finished:
            if question := self._asked.pop(key, None):
                question.settle(outcome)

    def _fail(self, why: str) -> None:
        for question in self._asked.values():
            question.settle(BackendUnavailable(why))
        self._asked.clear()


class _Model:
    """vLLM itself: all that we know of its interface."""

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
            "choices": [{"message": {"content": one.text}, "finish_reason": one.finish_reason}],
            "usage": counts,
        }

    def abort(self, keys: list[str]) -> None:
        """Take prompts out of the engine."""
        self._llm.llm_engine.abort_request(keys)

    def close(self) -> None:
        """End the engine and its processes."""
        self._llm.llm_engine.engine_core.shutdown()


def _outer(key: str) -> str:
    """Of a request's key the part that comes back: vLLM adds letters of its own, to tell equal ones apart."""
    return key.partition("-")[0]


def _first_line(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines() or [type(exc).__name__]
    return lines[0][:_CAUSE_CAP]
