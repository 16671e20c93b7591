"""The door to vLLM's engine inside this process: for a file's rows, where nobody else waits for the model."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from judge_service.backends.openai_wire import completion_of, request_body
from judge_service.backends.vllm_model import LoadedModel
from judge_service.errors import BackendError, BackendTimeout, BackendUnavailable

if TYPE_CHECKING:
    from judge_service.backends.base import Completion, Prompt
    from judge_service.backends.vllm_model import Body, Loading
    from judge_service.domain.judge import JudgeSpec

LOADED_WITHIN_S: Final = 3600.0
CLOSED_WITHIN_S: Final = 30.0
_CAUSE_CAP: Final = 500


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
        self._model: LoadedModel | None = None
        self._fault = ""
        self._asked: dict[str, Question] = {}

    def run(self) -> None:
        """Work until the end is asked for; a model that fails is unavailable from then on."""
        try:
            self._model = LoadedModel(self._name, self._loading)
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

    def _step(self, model: LoadedModel) -> None:
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


def _first_line(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines() or [type(exc).__name__]
    return lines[0][:_CAUSE_CAP]
