"""Whether a judge was sent the images it is asked about: gateways may take them out and answer 200."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from judge_service.backends.base import Called, JudgeCallFailed, Usage
from judge_service.domain.price import total
from judge_service.domain.score import Failure
from judge_service.domain.verdict import Unscored
from judge_service.errors import CostCapReached
from judge_service.scoring.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from judge_service.backends.base import Completion, Landing, Prompt
    from judge_service.domain.judge import JudgeSpec
    from judge_service.domain.rubric import Criterion
    from judge_service.domain.score import Attempt
    from judge_service.scoring.judgement import Judgement

IMAGES_DROPPED = "images_dropped"  # code of the failure
IMAGES_UNCONFIRMED = "images_unconfirmed"  # flag: nobody knows whether the judge was shown them
IMAGE_CHECK = "image_check"  # outcome of the attempt that counts tokens

_MOST_KNOWN = 64  # some providers name another fingerprint with every answer

Answerer = tuple[str | None, str | None]  # model and fingerprint, as an answer names them


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of the images of one answer; `attempts` and `cost_microusd` of finding it out."""

    dropped: str | None = None  # why they are known to have been taken out
    flags: tuple[str, ...] = ()
    lasts: bool = True  # False: asking again may tell more, so the answer is not to be kept
    attempts: tuple[Attempt, ...] = ()
    cost_microusd: int | None = 0
    density: Fraction = Fraction(0)  # tokens to a character of the text alone; 0: not counted

    def told_in(self, judgement: Judgement, criteria: Sequence[Criterion]) -> Judgement:
        """The judgement with all of this; one of dropped images has no verdicts, and why."""
        told = replace(
            judgement,
            attempts=(*judgement.attempts, *self.attempts),
            usage=_with(judgement.usage, self.attempts),
            cost_microusd=total((judgement.cost_microusd, self.cost_microusd)),
            flags=(*judgement.flags, *self.flags),
            keeps=judgement.keeps and self.lasts,
        )
        if (why := self.dropped) is None:
            return told
        return replace(
            told,
            verdicts={
                c.id: Unscored(outcome="rejected_input", weight=c.weight, reason=why) for c in criteria
            },
            failure=Failure(code=IMAGES_DROPPED, detail=why, retryable=False),
            keeps=False,
        )

    def shared(self) -> Sight:
        """The same for an answer that did not pay for it."""
        return replace(self, attempts=(), cost_microusd=0)


NOTHING_SHOWN = Sight()
_UNCONFIRMED = Sight(flags=(IMAGES_UNCONFIRMED,))
_UNTOLD_YET = replace(_UNCONFIRMED, lasts=False)


class ImageCheck:
    """Compares the provider's count of tokens with that of the same prompt without its images.

    Done once for each model and fingerprint that answers, and again as long as that finds images dropped, and where
    an answer with images counts no more than its text alone should; answers that come at the same time share one
    asking. A provider that puts words in an image's place escapes it.
    """

    def __init__(self, spec: JudgeSpec, ask: Callable[[Prompt, Landing], Awaitable[Called[Reading]]]) -> None:
        self._spec = spec
        self._ask = ask
        self._known: dict[Answerer, Sight] = {}
        self._under_way: dict[Answerer, asyncio.Task[Sight]] = {}
        self.tokens: tuple[int, int] | None = None  # with and without, as last compared

    async def look_at_all(
        self, prompt: Prompt, calls: Sequence[Called[Reading]], landing: Landing, *, every: bool = False
    ) -> Sight:
        """What is known of several answers to one prompt, as `look` knows it of one."""
        sights = await asyncio.gather(*(self.look(prompt, called, landing, every=every) for called in calls))
        return Sight(
            dropped=next((sight.dropped for sight in sights if sight.dropped), None),
            flags=tuple(dict.fromkeys(flag for sight in sights for flag in sight.flags)),
            lasts=all(sight.lasts for sight in sights),
            attempts=tuple(attempt for sight in sights for attempt in sight.attempts),
            cost_microusd=total(sight.cost_microusd for sight in sights),
        )

    async def look(
        self, prompt: Prompt, called: Called[Reading], landing: Landing, *, every: bool = False
    ) -> Sight:
        """Say of an answer to `prompt` whether its images were seen, by `landing` at the latest.

        `every`: check it whatever is known of who gave it; a check that is set to `off` stays off.
        """
        if not prompt.images or not self._spec.is_llm:
            return NOTHING_SHOWN
        shown = called.completion.usage.input_tokens
        if self._spec.image_check == "off" or shown is None:
            return _UNCONFIRMED
        answerer = _answerer(called.completion)
        known = self._known.get(answerer)
        # The least dense text found so far sets the measure, so that texts unlike it are soon let be.
        is_doubted = known is not None and shown <= known.density * _characters(prompt, called.reminder)
        if self._spec.image_check == "each" or every or is_doubted:
            sight = await self._compare(prompt, called, shown, landing)
            self._learn(answerer, sight)
            return sight
        if known is not None:
            return known
        if (under_way := self._under_way.get(answerer)) is not None:
            return (await _awaited(under_way, landing)).shared()
        task = asyncio.create_task(self._compare(prompt, called, shown, landing))
        self._under_way[answerer] = task
        task.add_done_callback(lambda done: self._settle(answerer, done))
        return await _awaited(task, landing)

    async def _compare(self, prompt: Prompt, called: Called[Reading], shown: int, landing: Landing) -> Sight:
        try:
            bare = await self._ask(prompt.withheld(called.reminder), landing)
        except JudgeCallFailed as exc:
            cost = total(attempt.cost_microusd for attempt in exc.attempts)
            lasts = not exc.error.retryable
            return replace(_UNCONFIRMED, lasts=lasts, attempts=exc.attempts, cost_microusd=cost)
        except CostCapReached:
            return _UNTOLD_YET
        spent = Sight(
            attempts=_named(bare.attempts),
            cost_microusd=total(attempt.cost_microusd for attempt in bare.attempts),
        )
        tokens = bare.completion.usage.input_tokens
        if tokens is None:
            return replace(spent, flags=(IMAGES_UNCONFIRMED,))
        if bare.completion.model != called.completion.model:  # another model counts otherwise
            return replace(spent, flags=(IMAGES_UNCONFIRMED,), lasts=False)
        self.tokens = (shown, tokens)
        if shown > tokens:
            return replace(spent, density=Fraction(tokens, max(1, _characters(prompt, called.reminder))))
        return replace(spent, dropped=_why(called.completion.model or self._spec.model, shown, tokens))

    def _settle(self, answerer: Answerer, done: asyncio.Task[Sight]) -> None:
        self._under_way.pop(answerer, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._learn(answerer, done.result())

    def _learn(self, answerer: Answerer, sight: Sight) -> None:
        """Keep what lasts of the newest check; after any other the next answer is checked too."""
        was = self._known.pop(answerer, None)
        if not sight.lasts or sight.dropped is not None:
            return
        if was is not None and 0 < was.density < sight.density:
            sight = replace(sight, density=was.density)
        while len(self._known) >= _MOST_KNOWN:
            self._known.pop(next(iter(self._known)))
        self._known[answerer] = sight.shared()


def unread(completion: Completion) -> Reading:  # noqa: ARG001  as a completion is read
    """Read nothing out of an answer that is only asked for its count of tokens."""
    return Reading({})


async def _awaited(task: asyncio.Task[Sight], landing: Landing) -> Sight:
    """Wait as long as the answer is of use; whoever leaves stops nobody else's waiting."""
    try:
        async with asyncio.timeout_at(landing.deadline):
            return await asyncio.shield(task)
    except TimeoutError:
        return _UNTOLD_YET


def _characters(prompt: Prompt, reminder: str) -> int:
    return sum(map(len, (prompt.system, prompt.user, *prompt.labels, prompt.closing, reminder)))


def _answerer(completion: Completion) -> Answerer:
    return completion.model, completion.fingerprint


def _named(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    return (*attempts[:-1], *(last.model_copy(update={"outcome": IMAGE_CHECK}) for last in attempts[-1:]))


def _with(usage: Usage, attempts: Sequence[Attempt]) -> Usage:
    """Tokens with those of further attempts; what nobody counted stays unknown."""

    def counted(*counts: int | None) -> int | None:
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    return Usage(
        counted(usage.input_tokens, *(attempt.input_tokens for attempt in attempts)),
        counted(usage.output_tokens, *(attempt.output_tokens for attempt in attempts)),
    )


def _why(model: str | None, shown: int, bare: int) -> str:
    counted = f"{shown}" if shown == bare else f"{shown} and {bare}"
    return f"judge model {model!r}: the provider counted {counted} tokens with and without the images: it dropped them"
