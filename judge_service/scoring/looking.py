"""Did the judge look? The same cases with their images, with blank ones, with others', and once more as they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from judge_service.backends.purse import Tab, purse_of
from judge_service.domain.looking import ArmCalls, ProbeReport
from judge_service.domain.price import total
from judge_service.domain.request import ScoreRequest
from judge_service.domain.score import TokenUsage
from judge_service.errors import BackendTimeout, CostCapReached, ImageRejected, UnfitCase
from judge_service.scoring.guard import degenerate
from judge_service.scoring.image_check import IMAGES_DROPPED
from judge_service.scoring.judge import Judge
from judge_service.scoring.shifts import LEVEL, TOLD_APART, Pair, answers, look, shift

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator, Sequence

    from judge_service.backends.purse import Purse
    from judge_service.domain.case import Case, Image
    from judge_service.domain.looking import Arm, CriterionLook, ProbeRequest
    from judge_service.domain.rubric import Rubric
    from judge_service.domain.score import Score
    from judge_service.scoring.scorer import Scorer

VARIES = "answers_vary"
_AT_ONCE = 8  # cases in memory, with their images
_UNANSWERED = frozenset({"provider_error", "timeout"})


class Blanks(Protocol):
    """Makes blank images; raises `ImageRejected`."""

    async def blanked(self, images: tuple[Image, ...]) -> tuple[Image, ...]:
        """A uniform one for each, of its size and in its role."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """Every answer of a probe, by arm and case, in the order of the cases."""

    scores: dict[Arm, tuple[tuple[Score, ...], ...]]

    def of(self, arm: Arm) -> tuple[Score, ...]:
        """All answers of one arm."""
        return tuple(score for case in self.scores.get(arm, ()) for score in case)

    @property
    def every(self) -> tuple[Score, ...]:
        """All answers."""
        return tuple(score for arm in self.scores for score in self.of(arm))

    @property
    def unanswered(self) -> Score | None:
        """The first answer, if none of all is one: then there is nothing to report."""
        every = self.every
        return every[0] if all(score.outcome in _UNANSWERED for score in every) else None

    @property
    def is_dropped(self) -> bool:
        """Whether whatever answered did so without the images."""
        codes = {score.failure.code if score.failure else "" for score in self.every}
        return IMAGES_DROPPED in codes and all(
            score.outcome in _UNANSWERED or (score.failure and score.failure.code == IMAGES_DROPPED)
            for score in self.every
        )


class Looker:
    """Probes judges through the scorer, so that what is probed is what scores."""

    def __init__(self, scorer: Scorer, blanks: Blanks) -> None:
        self._scorer = scorer
        self._blanks = blanks

    async def probe(self, name: str, request: ProbeRequest, *, deadline: float) -> ProbeReport | Score:
        """Ask everything by `deadline` and report; a `Score` without answer where not one answer could be had.

        Raises a `RequestError` when the request itself is at fault.
        """
        judge, rubric = self._scorer.judge(name), self._scorer.rubrics.get(request.rubric).rubric
        if not isinstance(judge, Judge):
            raise UnfitCase(f"judge {name!r} is made of judges; probe those one by one")
        _check(judge, rubric, request)
        at_once = min(_AT_ONCE, judge.spec.max_concurrency)
        looked = Looked(await self._ask(name, request, at_once, deadline))
        return looked.unanswered or report(judge, rubric, len(request.cases), looked)

    async def _ask(
        self, name: str, request: ProbeRequest, at_once: int, deadline: float
    ) -> dict[Arm, tuple[tuple[Score, ...], ...]]:
        room, purse = asyncio.Semaphore(at_once), purse_of(request.max_cost_usd)
        tab = None if purse is None else Tab(purse)
        refused: list[CostCapReached] = []

        async def one(arm: Arm, at: int, case: Case) -> Score | None:
            order = ScoreRequest(
                rubric=request.rubric,
                judge=name,
                case=case,
                mode="image",
                calibration="none",
                cache="off" if arm == "again" else "use",
            )
            async with room:
                with _naming(at, arm):
                    return await _paid(
                        self._scorer.score(order, deadline=deadline, purse=tab, check_images=True),
                        purse,
                        refused,
                    )

        plan = await self._plan(request, deadline)
        scores = await _all([one(*ask) for ask in plan])
        if refused and tab is not None:  # by now all that was under way has ended, and is on the tab
            raise CostCapReached(str(refused[0]), tab.calls, tab.spent)
        found: dict[Arm, dict[int, list[Score]]] = {}
        for (arm, at, _), score in zip(plan, filter(None, scores), strict=True):
            found.setdefault(arm, {}).setdefault(at, []).append(score)
        return {arm: tuple(map(tuple, cases.values())) for arm, cases in found.items()}

    async def _plan(self, request: ProbeRequest, deadline: float) -> list[tuple[Arm, int, Case]]:
        """List what is asked, arm by arm and case by case."""
        arms: dict[Arm, tuple[Case, ...]] = {"as_is": request.cases}
        try:
            async with asyncio.timeout_at(deadline):
                arms["blanked"] = tuple(
                    [await self._blank(at, case) for at, case in enumerate(request.cases)]
                )
        except TimeoutError:
            raise BackendTimeout("the deadline passed while blank images were made") from None
        arms["swapped"] = swapped(request.cases, request.swap_with)
        plan = [(arm, at, case) for arm, cases in arms.items() for at, case in enumerate(cases)]
        again: list[tuple[Arm, int, Case]] = [("again", at, case) for at, case in enumerate(request.cases)]
        return plan + again * request.repeats

    async def _blank(self, at: int, case: Case) -> Case:
        with _naming(at, "blanked"):
            return case.model_copy(update={"images": await self._blanks.blanked(case.images)})


def swapped(cases: tuple[Case, ...], donated: tuple[Image, ...]) -> tuple[Case, ...]:
    """Each case with other images in its own images' places and roles: those given, or the next case's.

    An image of the same role is taken where there is one. A single case without given images has none to swap in,
    and the answer is empty.
    """
    if not donated and len(cases) == 1:
        return ()
    following = (*cases[1:], cases[0])
    return tuple(
        case.model_copy(update={"images": _exchanged(case.images, donated or donor.images)})
        for case, donor in zip(cases, following, strict=True)
    )


def _exchanged(images: tuple[Image, ...], donors: tuple[Image, ...]) -> tuple[Image, ...]:
    found: list[Image] = []
    for image in images:
        fitting = [donor for donor in donors if donor.role == image.role] or donors
        taken = sum(one.role == image.role for one in found)
        found.append(image.model_copy(update={"url": fitting[taken % len(fitting)].url}))
    return tuple(found)


def report(judge: Judge, rubric: Rubric, cases: int, looked: Looked) -> ProbeReport:
    """Tell what moved. It does not depend on the order of the cases, but for whose images were swapped in."""
    tested = [arm for arm in TOLD_APART if arm in looked.scores]
    needing = {criterion.id for criterion in rubric.criteria if "images" in criterion.needs["image"]}
    deciding = needing or {criterion.id for criterion in rubric.criteria}
    threshold = LEVEL / (len(tested) * len(deciding))
    criteria = {
        c.id: _criterion(looked, c.id, needs_images=c.id in needing, threshold=threshold)
        for c in rubric.criteria
    }
    found, reason = _overall({name: one for name, one in criteria.items() if name in deciding})
    if looked.is_dropped:
        found, reason = False, "the provider dropped the images of every answer; look at the arms' failures"
    with_images, without = judge.image_check.tokens or (None, None)
    flags = {flag for score in looked.every for flag in score.flags}
    varies = judge.spec.is_llm and judge.spec.temperature > 0
    return ProbeReport(
        judge=judge.name,
        rubric=rubric.ref,
        models=tuple(sorted({score.provenance.model or "" for score in looked.every} - {""})),
        sampling=judge.spec.sampling,
        cases=cases,
        looked=found,
        reason=reason,
        threshold=threshold,
        criteria=criteria,
        arms={arm: _calls(looked.of(arm)) for arm in looked.scores},
        tokens_with_images=with_images,
        tokens_without_images=without,
        flags=(*sorted(flags), *((VARIES,) if varies else ())),
    )


def _overall(deciding: dict[str, CriterionLook]) -> tuple[bool | None, str]:
    """One criterion that the images move is enough; that none of them is moved takes all."""
    verdicts = {one.looked for one in deciding.values()}
    found = True if True in verdicts else None if None in verdicts else False
    name = next(name for name, one in deciding.items() if one.looked is found)
    return found, f"{name}: {deciding[name].reason}"


def _criterion(looked: Looked, name: str, *, needs_images: bool, threshold: float) -> CriterionLook:
    pairs = {arm: _pairs(looked, arm, name) for arm in looked.scores if arm != "as_is"}
    return look(
        {arm: answers([score.criteria[name] for score in looked.of(arm)]) for arm in looked.scores},
        {arm: shift(arm, of_arm, pairs["again"]) for arm, of_arm in pairs.items()},
        needs_images=needs_images,
        threshold=threshold,
    )


def _pairs(looked: Looked, arm: Arm, name: str) -> list[Pair]:
    return [
        Pair(as_is.criteria[name], other.criteria[name], same_images=_same_images(as_is, other))
        for (as_is,), others in zip(looked.scores["as_is"], looked.scores[arm], strict=True)
        for other in others
    ]


def _same_images(one: Score, other: Score) -> bool:
    shown = one.provenance.images
    return bool(shown) and shown == other.provenance.images


def _calls(scores: Sequence[Score]) -> ArmCalls:
    usages = [score.provenance.usage for score in scores]
    failures = Counter(score.failure.code for score in scores if score.failure)
    return ArmCalls(
        asked=len(scores),
        from_cache=sum(score.provenance.cache == "hit" for score in scores),
        usage=TokenUsage(
            input_tokens=_sum(usage.input_tokens for usage in usages),
            output_tokens=_sum(usage.output_tokens for usage in usages),
        ),
        spent_microusd=total(score.provenance.spent_microusd for score in scores),
        failures=dict(sorted(failures.items())),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _check(judge: Judge, rubric: Rubric, request: ProbeRequest) -> None:
    """Refuse what could tell nothing, before anything is asked."""
    if not judge.spec.images or judge.spec.kind == "embedded":
        raise UnfitCase(f"judge {judge.name!r} cannot be shown images, so there is nothing to probe")
    if "image" not in rubric.modes:
        raise UnfitCase(f"rubric {rubric.ref!r} has no image mode; probe with one that has")
    for at, case in enumerate(request.cases):
        if not case.images:
            raise UnfitCase(f"cases[{at}] has no image; give each case at least one")
        if reason := degenerate(case.response):
            raise UnfitCase(f"cases[{at}]: {reason}, so no judge would be asked; give a response to judge")


@contextmanager
def _naming(at: int, arm: Arm) -> Iterator[None]:
    """Say of a request's fault in which case it is."""
    try:
        yield
    except (ImageRejected, UnfitCase) as exc:
        raise type(exc)(f"cases[{at}], {arm}: {exc}") from exc


async def _paid(
    asked: Coroutine[object, object, Score], purse: Purse | None, refused: list[CostCapReached]
) -> Score | None:
    """Answer, or note that the cap does not last and have nothing more asked; what is under way may end."""
    try:
        return await asked
    except CostCapReached as exc:
        if purse is not None:
            purse.close()
        refused.append(exc)
        return None


async def _all(works: Sequence[Coroutine[object, object, Score | None]]) -> list[Score | None]:
    """Run all at once; the first that raises ends the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
