"""A way to a judge whose provider counts the tokens that it gets, images or none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from builders import a_completion, a_reply, an_attempt

from judge_service.backends.base import Called, JudgeCallFailed, Usage
from judge_service.scoring.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from judge_service.backends.base import Completion, Landing, Prompt
    from judge_service.errors import BackendError

R = TypeVar("R", bound=Reading)
IMAGE_TOKENS = 85
CENTS = 7


class CountingLine:
    """Counts words and images. `says` writes an answer, `faults` hold for prompts without images."""

    def __init__(
        self,
        says: Callable[[Prompt], str] | None = None,
        *,
        drops: bool | Callable[[Prompt], bool] = False,
        tells: bool = True,
        tells_bare: bool = True,
        seconds: float = 1.0,
        reminder: str = "",
        models: Sequence[tuple[str, str | None]] = (("judge-7b-0611", "fp_1"),),
        faults: Sequence[BackendError] = (),
    ) -> None:
        self.prompts: list[Prompt] = []
        self.drops = drops
        self._says = says or (lambda prompt: a_reply(prompt.criteria))
        self._tells = {True: tells, False: tells and tells_bare}  # with images, and without
        self._seconds = seconds
        self._reminder = reminder
        self._models = list(models)
        self._faults = list(faults)

    @property
    def bare(self) -> list[Prompt]:
        """What was asked without images."""
        return [prompt for prompt in self.prompts if not prompt.images]

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        self.prompts.append(prompt)
        await asyncio.sleep(self._seconds)
        if self._faults and not prompt.images:
            error = self._faults.pop(0)
            raise JudgeCallFailed(error, (an_attempt(outcome=error.code),))
        reminder = prompt.reminder or (self._reminder if prompt.images else "")
        usage = Usage(self._counted(prompt, reminder), 20) if self._tells[bool(prompt.images)] else Usage()
        model, fingerprint = self._models.pop(0) if len(self._models) > 1 else self._models[0]
        completion = a_completion(self._says(prompt), usage=usage, model=model, fingerprint=fingerprint)
        attempt = an_attempt(
            input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cost_microusd=CENTS
        )
        return Called(completion, read(completion), (attempt,), reminder)

    def _counted(self, prompt: Prompt, reminder: str) -> int:
        texts = (prompt.system, prompt.user, *prompt.labels, prompt.closing, reminder)
        words = sum(len(text.split()) for text in texts)
        drops = self.drops(prompt) if callable(self.drops) and prompt.images else self.drops
        return words + (0 if drops else IMAGE_TOKENS * len(prompt.images))
