"""The use case: a request in, a score out, whatever happens on the way."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from judge_service import __version__
from judge_service.backends.purse import paid_from
from judge_service.domain.place import INTERACTIVE
from judge_service.domain.score import Provenance, Score, TokenUsage
from judge_service.domain.verdict import Scored, Unscored
from judge_service.errors import BackendTimeout, JudgeNotFound, UnfitCase
from judge_service.rubric_store import RubricStore
from judge_service.scoring.aggregate import weighted_mean
from judge_service.scoring.answering import check_samples
from judge_service.scoring.calibrating import Answered, Calibrator, NoMaps
from judge_service.scoring.cascade import Cascade
from judge_service.scoring.fitting import by_readiness, mode_of
from judge_service.scoring.instrument import Instrument, fingerprint
from judge_service.scoring.judge import Matter
from judge_service.scoring.judgement import GUARDED, Judgement
from judge_service.scoring.panel import members_of, own_family
from judge_service.scoring.terms import Terms
from judge_service.scoring.unanswered import failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_service.backends.purse import Payer
    from judge_service.domain.case import Image
    from judge_service.domain.place import Place
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.rubric import Criterion, Mode, Rubric
    from judge_service.domain.score import Member
    from judge_service.rubric_store import StoredRubric
    from judge_service.scoring.aggregate import Total
    from judge_service.scoring.answering import Answering, Configured
    from judge_service.scoring.calibrating import Calibration, Maps
    from judge_service.scoring.instrument import Fingerprint


class Picture(Protocol):
    """An image after decoding and re-encoding: nothing but pixels."""

    @property
    def data_uri(self) -> str: ...

    @property
    def digest(self) -> str: ...


class Pictures(Protocol):
    """Opens a case's images; raises `ImageRejected`."""

    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Picture, ...]:
        """`most_pixels`: of one image; a larger one is rejected, never scaled."""
        ...


class Scorer:
    """Scores cases. Holds no state of its own but the rubrics and the judges it was given."""

    def __init__(
        self,
        rubrics: RubricStore,
        judges: Mapping[str, Answering | Cascade],
        pictures: Pictures,
        maps: Maps | None = None,
    ) -> None:
        self.rubrics = rubrics
        self.judges = judges
        self._pictures = pictures
        self._calibrator = Calibrator(maps or NoMaps())

    async def score(
        self,
        request: ScoreRequest,
        *,
        deadline: float,
        purse: Payer | None = None,
        place: Place = INTERACTIVE,
        check_images: bool = False,
    ) -> Score:
        """Judge one case by `deadline` (event-loop time), paid from `purse` and within the request's own cap.

        `check_images`: of every answer, and not only as the judge's settings say. Raises a `RequestError` when the
        request itself is at fault; a judge that fails is in the score.
        """
        paid = paid_from(request.max_cost_usd, purse)
        return await self._score(request, Terms(deadline, paid, place, check_images))

    async def _score(self, request: ScoreRequest, terms: Terms) -> Score:
        stored, judge = self.rubrics.get(request.rubric), self.judge(request.judge)
        mode = mode_of(request, stored, judge)
        check_samples(judge, request.samples, stored.rubric.score_from)
        judgement = Judgement(verdicts={}, cache="none", cost_microusd=0)
        digests: tuple[str, ...] = ()
        demanded = None
        if request.calibration not in {"auto", "none"}:
            expected = _provenance(stored, judge, mode, digests, judgement, request.samples)
            demanded = await self._calibrator.demanded(request.calibration, stored.rubric, judge, expected)
        if isinstance(judge, Cascade):
            return await self._by_steps(request, stored.rubric, judge, mode, demanded, terms)
        ready, verdicts = by_readiness(stored, request.case, mode)
        if ready:
            try:
                async with asyncio.timeout_at(terms.deadline):
                    matter = await self._matter(stored, ready, request, mode, judge)
                    matter = replace(
                        matter, purse=terms.purse, place=terms.place, check_images=terms.check_images
                    )
            except TimeoutError:
                judgement = failed(ready, BackendTimeout("the deadline passed while the images were opened"))
            else:
                digests = matter.image_digests
                judgement = await judge.judge(matter, cache=request.cache, deadline=terms.deadline)
        verdicts = {c.id: judgement.verdicts.get(c.id) or verdicts[c.id] for c in stored.rubric.criteria}
        provenance = _provenance(stored, judge, mode, digests, judgement, request.samples)
        total = weighted_mean(verdicts, partial=request.partial, score_from=stored.rubric.score_from)
        calibration = await self._calibrator.calibrate(
            request,
            Answered(stored.rubric, judge, judgement, provenance, verdicts, total),
            demanded,
            terms.deadline,
        )
        members = members_of(
            judge,
            judgement,
            verdicts,
            request,
            stored.rubric.score_from,
            lambda one, said: _provenance(stored, one, mode, digests, said, request.samples),
        )
        flags = own_family(judge, request.case, judgement)
        return _answer(request, verdicts, judgement, provenance, total, calibration, members, flags)

    async def _by_steps(
        self,
        request: ScoreRequest,
        rubric: Rubric,
        cascade: Cascade,
        mode: Mode,
        demanded: CalibrationMap | None,
        terms: Terms,
    ) -> Score:
        """Score by one step after another; the last one asked gives the answer."""
        course = await cascade.climb(request, mode, partial(self._score, terms=terms))
        provenance = course.provenance(cascade)
        answered = Answered(
            rubric, cascade, course.judgement(), provenance, course.last.criteria, course.total()
        )
        own = await self._calibrator.calibrate(request, answered, demanded, terms.deadline)
        return course.answer(cascade, request, provenance, own)

    def under(self, stored: StoredRubric) -> Scorer:
        """The same judges under a rubric that came with a request and is in no folder; no map can be of it."""
        return Scorer(RubricStore([stored]), self.judges, self._pictures)

    def judge(self, name: str) -> Answering | Cascade:
        """Find a configured judge by its name; raises `JudgeNotFound`."""
        try:
            return self.judges[name]
        except KeyError:
            known = ", ".join(sorted(self.judges))
            raise JudgeNotFound(f"no judge is configured under {name!r} (known: {known})") from None

    def fingerprint(self, rubric: str, judge: str, mode: Mode) -> Fingerprint:
        """What names the instrument that a judge is under a rubric, as it is configured."""
        return fingerprint(self._expected(rubric, judge, mode), self.judge(judge))

    def may_fit(self, one: CalibrationMap, rubric: str, judge: str, mode: Mode) -> bool:
        """Whether a map can be of the instrument that a judge is under a rubric, as it is configured."""
        return Instrument.expected(self._expected(rubric, judge, mode), self.judge(judge), one).fits(one)

    def _expected(self, rubric: str, judge: str, mode: Mode) -> Provenance:
        nothing = Judgement(verdicts={}, cache="none")
        return _provenance(self.rubrics.get(rubric), self.judge(judge), mode, (), nothing)

    def lay_out(self, request: ScoreRequest) -> tuple[Matter, dict[str, Unscored]]:
        """What can be judged of a case, its pictures not yet opened, and the criteria that lack an input."""
        stored = self.rubrics.get(request.rubric)
        mode = mode_of(request, stored, self.judge(request.judge))
        ready, lacking = by_readiness(stored, request.case, mode)
        without = {key: verdict for key, verdict in lacking.items() if isinstance(verdict, Unscored)}
        return Matter(stored, ready, request.case, mode), without

    async def illustrate(self, matter: Matter, request: ScoreRequest) -> Matter:
        """The same with the pictures of its request opened; raises `ImageRejected`."""
        return await self._matter(
            matter.stored, matter.criteria, request, matter.mode, self.judge(request.judge)
        )

    @staticmethod
    def provenance(matter: Matter, judge: Configured, judgement: Judgement) -> Provenance:
        """Where a judgement of a matter came from."""
        return _provenance(matter.stored, judge, matter.mode, matter.image_digests, judgement)

    async def _matter(
        self,
        stored: StoredRubric,
        criteria: tuple[Criterion, ...],
        request: ScoreRequest,
        mode: Mode,
        judge: Configured,
    ) -> Matter:
        case = request.case
        if mode == "text":
            return Matter(stored, criteria, case, mode, samples=request.samples)
        if len(case.images) > judge.spec.max_images:
            raise UnfitCase(
                f"the case has {len(case.images)} images, and judge {judge.name!r} is shown at most "
                f"{judge.spec.max_images} (its setting max_images); send fewer or choose another judge"
            )
        pictures = await self._pictures.open(case.images, judge.spec.max_image_pixels)
        return Matter(
            stored,
            criteria,
            case,
            mode,
            images=tuple(picture.data_uri for picture in pictures),
            image_digests=tuple(picture.digest for picture in pictures),
            image_roles=tuple(image.role for image in case.images),
            samples=request.samples,
        )


def _provenance(
    stored: StoredRubric,
    judge: Configured,
    mode: Mode,
    digests: tuple[str, ...],
    judgement: Judgement,
    samples: int = 1,
) -> Provenance:
    spec, guarded = judge.spec, GUARDED in judgement.flags
    several = {"samples": samples} if samples > 1 else {}
    return Provenance(
        rubric=stored.rubric.ref,
        rubric_digest=stored.digest,
        prompt_digest=stored.prompt_digest,
        judge=judge.name,
        judge_kind=spec.kind,
        is_llm=spec.is_llm and not guarded,
        instrument="guard" if guarded else spec.instrument,
        model=None if guarded else judgement.model or judge.model,
        model_fingerprint=judgement.fingerprint,
        mode=mode,
        sampling={} if guarded else spec.sampling | several,
        score_from=stored.rubric.score_from,
        schema_mode=judgement.schema_mode,
        images=digests,
        cache=judgement.cache,
        attempts=judgement.attempts,
        usage=TokenUsage(
            input_tokens=judgement.usage.input_tokens, output_tokens=judgement.usage.output_tokens
        ),
        cost_microusd=judgement.cost_microusd,
        spent_microusd=judgement.spent_microusd,
        spent_usage=TokenUsage(
            input_tokens=judgement.spent_usage.input_tokens, output_tokens=judgement.spent_usage.output_tokens
        ),
        prices_as_of=judgement.prices_as_of,
        service_version=__version__,
    )


def _answer(
    request: ScoreRequest,
    verdicts: dict[str, Scored | Unscored],
    judgement: Judgement,
    provenance: Provenance,
    total: Total,
    calibration: Calibration,
    members: dict[str, Member],
    own_family: tuple[str, ...],
) -> Score:
    unseen = ("images_not_shown",) if provenance.mode == "text" and request.case.images else ()
    return Score(
        id=uuid.uuid4().hex,
        case_id=request.case.id,
        outcome=total.outcome,
        score=total.score,
        reason=total.reason,
        criteria=verdicts,
        interval=calibration.interval,
        calibrated=calibration.calibrated,
        comparable=not total.left_out,
        left_out=total.left_out,
        flags=(*judgement.flags, *total.flags, *unseen, *own_family, *calibration.flags),
        failure=judgement.failure,
        members=members,
        subgroups=dict(request.case.subgroups),
        metadata=dict(request.metadata),
        provenance=provenance,
    )
