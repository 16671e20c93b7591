"""Puts one case before one judge: prompt, call, reading, and the cache around the three."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import rfc8785

from judge_service.backends.base import JudgeCallFailed, Usage
from judge_service.domain.place import INTERACTIVE
from judge_service.domain.price import total
from judge_service.domain.verdict import Scored
from judge_service.errors import BackendTimeout, CacheMiss, CostCapReached
from judge_service.scoring.guard import GUARD_VERSION, degenerate
from judge_service.scoring.image_check import ImageCheck, unread
from judge_service.scoring.judgement import NO_USE, OTHER_MODEL, Judgement, from_record
from judge_service.scoring.landing import GRACE_S, FixedLanding, JudgesShare
from judge_service.scoring.reading import PARSER_VERSION, Reading, read
from judge_service.scoring.sampling import together
from judge_service.scoring.unanswered import counted, failed, floored, summed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from judge_service.backends.base import Called, Completion, Landing, Prompt
    from judge_service.backends.purse import Payer
    from judge_service.domain.case import Case
    from judge_service.domain.judge import JudgeSpec
    from judge_service.domain.place import Place
    from judge_service.domain.rubric import Criterion, Mode
    from judge_service.prompts import Prompts
    from judge_service.rubric_store import StoredRubric

KEY_VERSION = 1
UNCOUNTED = Usage()
_SERVERS_FAULTS = frozenset({"tokens_not_told", "level_not_located", "mass_impossible"})

R = TypeVar("R", bound=Reading)


class Line(Protocol):
    """The way to a judge's backend, with its retries and its gate."""

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        """Raises `JudgeCallFailed` when no answer could be had."""
        ...


class JudgementCache(Protocol):
    """Finds or makes a judgement; equal questions at one time are asked once."""

    async def fetch(
        self,
        key: str,
        compute: Callable[[Landing], Awaitable[Judgement]],
        restore: Callable[[Mapping[str, object]], Judgement | None],
        *,
        deadline: float,
        refresh: bool,
        place: Place,
    ) -> Judgement:
        """Keep what `to_record` gives a record for, and nothing else."""
        ...

    async def peek(
        self, key: str, restore: Callable[[Mapping[str, object]], Judgement | None]
    ) -> Judgement | None: ...


@dataclass(frozen=True, slots=True)
class Matter:
    """One case as it is put before a judge: under which rubric, on which criteria, with which pictures."""

    stored: StoredRubric
    criteria: tuple[Criterion, ...]
    case: Case
    mode: Mode
    images: tuple[str, ...] = ()  # data URIs of re-encoded pixels
    image_digests: tuple[str, ...] = ()
    image_roles: tuple[str, ...] = ()
    rival: str | None = None  # where two responses are compared: the one shown second
    samples: int = 1  # how often the judge is asked
    purse: Payer | None = None  # what calls are paid from
    place: Place = INTERACTIVE  # where it stands in a judge's line
    check_images: bool = False  # of every answer, whatever the judge's settings say


@dataclass(slots=True)
class Asking:
    """Whether it was this request that asked the judge: what others asked, others pay."""

    here: bool = False


class Judge:
    """A configured judge: the settings, the way to it, and what it is known to have said."""

    def __init__(
        self,
        name: str,
        spec: JudgeSpec,
        line: Line,
        prompts: Prompts,
        cache: JudgementCache,
        *,
        version: str = "",
    ) -> None:
        self.name = name
        self.spec = spec
        self._line = line
        self._prompts = prompts
        self._cache = cache
        self.image_check = ImageCheck(spec, lambda prompt, landing: line.call(prompt, unread, landing))
        # Everything that makes this judge what it is, and not what it is called.
        self.identity = _identity(spec, version)
        self.model = spec.model or version or None  # of a judge that is our own code, its version

    async def judge(self, matter: Matter, *, cache: str, deadline: float) -> Judgement:
        """Verdicts on every criterion of the matter; a failure of the judge is a judgement too."""
        asking = Asking()
        used: Usage | None = None
        try:
            found = await self._find(matter, asking, cache=cache, deadline=deadline)
        except JudgeCallFailed as exc:
            found = failed(matter.criteria, exc.error, exc.attempts)
        except TimeoutError:
            late = BackendTimeout("the deadline of the request passed before the judge had answered")
            # Nobody knows what a call that goes on, or was cut, will have cost.
            found, used = replace(failed(matter.criteria, late), cost_microusd=None), UNCOUNTED
        if not asking.here:
            return replace(found, spent_microusd=0, spent_usage=NO_USE)
        return replace(found, spent_microusd=found.cost_microusd, spent_usage=used or counted(found.attempts))

    async def _find(self, matter: Matter, asking: Asking, *, cache: str, deadline: float) -> Judgement:
        ends = deadline + GRACE_S

        def ask(landing: Landing) -> Awaitable[Judgement]:
            asking.here = True
            return self._ask(matter, landing)

        if cache == "off":
            async with asyncio.timeout_at(ends):
                return replace(await ask(FixedLanding(ends, matter.place)), cache="off")
        key = self.key(matter)

        def restore(record: Mapping[str, object]) -> Judgement | None:
            return from_record(record, matter.criteria)

        if cache == "only":
            known = await self._cache.peek(key, restore)
            if known is None:
                raise CacheMiss("this case has no judgement in the cache; ask with cache: use")
            return known
        fetch = partial(
            self._cache.fetch,
            key,
            ask,
            restore,
            deadline=ends,
            refresh=cache == "refresh",
            place=matter.place,
        )
        return await self._shared(fetch, asking)

    @staticmethod
    async def _shared(fetch: Callable[[], Awaitable[Judgement]], asking: Asking) -> Judgement:
        """Fetch; where the cap of another request kept the question from being asked, ask it ourselves."""
        while True:
            try:
                return await fetch()
            except CostCapReached:
                if asking.here:
                    raise

    async def _ask(self, matter: Matter, landing: Landing) -> Judgement:
        # Of two that are compared each has something to judge: whoever compares has seen to that.
        if matter.rival is None and (reason := degenerate(matter.case.response)):
            return floored(matter.criteria, reason)
        rendered = self._prompts.render(
            matter.stored,
            matter.criteria,
            matter.case,
            matter.mode,
            matter.images,
            self.spec.reply_cap,
            roles=matter.image_roles,
            rival=matter.rival,
        )
        rendered = replace(rendered, prompt=replace(rendered.prompt, purse=matter.purse))
        response, rival = matter.case.response, matter.rival
        said = response if rival is None else f"{response}\0{rival}"  # no quotation runs over a null

        def reader(completion: Completion) -> Reading:
            return read(completion, matter.criteria, said, thinks=self.spec.reasoning)

        prompts = [replace(rendered.prompt, sample=at) for at in range(matter.samples)]
        calls = await asyncio.gather(
            *(self._line.call(prompt, reader, JudgesShare(landing)) for prompt in prompts),
            return_exceptions=True,
        )
        there = _all_there(calls)
        sight = await self.image_check.look_at_all(
            rendered.prompt, there, JudgesShare(landing), every=matter.check_images
        )
        return sight.told_in(self._judgement(matter, rendered.flags, there), matter.criteria)

    def _judgement(
        self, matter: Matter, flags: tuple[str, ...], calls: Sequence[Called[Reading]]
    ) -> Judgement:
        first = calls[0].completion
        reading = together(matter.criteria, [called.reading for called in calls])
        attempts = tuple(attempt for called in calls for attempt in called.attempts)
        are_its_own = all(self.spec.answers_for(called.completion.model) for called in calls)
        return Judgement(
            verdicts=reading.verdicts,
            model=first.model,
            fingerprint=first.fingerprint,
            schema_mode=first.schema_mode,
            attempts=attempts,
            usage=summed(attempts),
            cost_microusd=total(attempt.cost_microusd for attempt in attempts),
            prices_as_of=calls[0].prices_as_of,
            flags=flags if are_its_own else (*flags, OTHER_MODEL),
            keeps=reading.keeps and are_its_own and not _is_short(reading, matter),
        )

    def key(self, matter: Matter) -> str:
        """Name this judgement by everything it depends on, and nothing it does not (RFC 8785, SHA-256)."""
        case, pairwise = matter.case, matter.rival is not None
        asked = self._prompts.instructions(matter.stored, matter.criteria, matter.mode, pairwise=pairwise)
        content = {
            "v": KEY_VERSION,
            "parser": PARSER_VERSION,
            "guard": GUARD_VERSION,
            "judge": self.identity,
            "rubric": matter.stored.digest,
            "asked": asked.digest,
            "mode": matter.mode,
            "samples": matter.samples,
            "texts": [case.prompt, case.response, case.reference, case.claim, case.visual_description],
            "images": [list(pair) for pair in zip(matter.image_roles, matter.image_digests, strict=True)],
        } | ({"rival": matter.rival} if pairwise else {})
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def _identity(spec: JudgeSpec, version: str) -> str:
    settings = spec.model_dump(
        mode="json",
        exclude={
            *("api_key_env", "max_concurrency", "attempt_timeout_s", "max_attempts", "answers_as", "family"),
            *("images", "max_images", "max_image_pixels", "image_check", "price", "probe"),
        },
    )
    return hashlib.sha256(rfc8785.dumps([settings, version])).hexdigest()


def _is_short(reading: Reading, matter: Matter) -> bool:
    """Whether the total will lack what the server did not tell, or told wrong: the next asking may have it."""
    if matter.rival is not None or matter.stored.rubric.score_from == "level":
        return False
    scored = [verdict for verdict in reading.verdicts.values() if isinstance(verdict, Scored)]
    return any(verdict.distribution_withheld in _SERVERS_FAULTS for verdict in scored)


def _all_there(calls: Sequence[Called[Reading] | BaseException]) -> list[Called[Reading]]:
    """Every answer, or the first failure with all attempts: what some say is no distribution of all."""
    there = [call for call in calls if not isinstance(call, BaseException)]
    for call in calls:
        if isinstance(call, JudgeCallFailed):
            made = [
                one.attempts
                for one in calls
                if not isinstance(one, BaseException) or isinstance(one, JudgeCallFailed)
            ]
            raise JudgeCallFailed(call.error, tuple(attempt for attempts in made for attempt in attempts))
        if isinstance(call, BaseException):
            raise call
    return there
