"""The use case: a request in, a score out, whatever happens on the way."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from judge_service import __version__
from judge_service.backends.purse import Purse
from judge_service.domain.price import MEGA
from judge_service.domain.score import Provenance, Score, TokenUsage
from judge_service.domain.verdict import Scored, Unscored
from judge_service.errors import BackendTimeout, JudgeNotFound, UnfitCase
from judge_service.scoring.aggregate import weighted_mean
from judge_service.scoring.calibrating import Answered, Calibrator, NoMaps
from judge_service.scoring.instrument import Instrument, fingerprint
from judge_service.scoring.judge import Judge, Matter, failed
from judge_service.scoring.judgement import GUARDED, Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_service.domain.case import Case, Image
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.rubric import Criterion, Mode
    from judge_service.rubric_store import RubricStore, StoredRubric
    from judge_service.scoring.aggregate import Total
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

    async def open(self, images: tuple[Image, ...]) -> tuple[Picture, ...]: ...


class Scorer:
    """Scores cases. Holds no state of its own but the rubrics and the judges it was given."""

    def __init__(
        self,
        rubrics: RubricStore,
        judges: Mapping[str, Judge],
        pictures: Pictures,
        maps: Maps | None = None,
    ) -> None:
        self.rubrics = rubrics
        self.judges = judges
        self._pictures = pictures
        self._calibrator = Calibrator(maps or NoMaps())

    async def score(self, request: ScoreRequest, *, deadline: float, purse: Purse | None = None) -> Score:
        """Judge one case by `deadline` (event-loop time), paid from `purse` or within the request's own cap.

        Raises a `RequestError` when the request itself is at fault; a judge that fails is in the score.
        """
        stored, judge = self.rubrics.get(request.rubric), self.judge(request.judge)
        mode = _mode(request, stored, judge)
        judgement = Judgement(verdicts={}, cache="none")
        digests: tuple[str, ...] = ()
        demanded = None
        if request.calibration not in {"auto", "none"}:
            expected = _provenance(stored, judge, mode, digests, judgement)
            demanded = await self._calibrator.demanded(request.calibration, stored.rubric, judge, expected)
        ready, verdicts = _by_readiness(stored, request.case, mode)
        if ready:
            try:
                async with asyncio.timeout_at(deadline):
                    matter = await self._matter(stored, ready, request.case, mode)
                    matter = replace(matter, purse=purse or _purse(request))
            except TimeoutError:
                judgement = failed(ready, BackendTimeout("the deadline passed while the images were opened"))
            else:
                digests = matter.image_digests
                judgement = await judge.judge(matter, cache=request.cache, deadline=deadline)
        verdicts = {c.id: judgement.verdicts.get(c.id) or verdicts[c.id] for c in stored.rubric.criteria}
        provenance = _provenance(stored, judge, mode, digests, judgement)
        total = weighted_mean(verdicts, partial=request.partial)
        calibration = await self._calibrator.calibrate(
            request,
            Answered(stored.rubric, judge, judgement, provenance, verdicts, total),
            demanded,
            deadline,
        )
        return _answer(request, verdicts, judgement, provenance, total, calibration)

    def judge(self, name: str) -> Judge:
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

    async def _matter(
        self, stored: StoredRubric, criteria: tuple[Criterion, ...], case: Case, mode: Mode
    ) -> Matter:
        if mode == "text":
            return Matter(stored, criteria, case, mode)
        pictures = await self._pictures.open(case.images)
        return Matter(
            stored,
            criteria,
            case,
            mode,
            images=tuple(picture.data_uri for picture in pictures),
            image_digests=tuple(picture.digest for picture in pictures),
            image_roles=tuple(image.role for image in case.images),
        )


def _purse(request: ScoreRequest) -> Purse | None:
    cap = request.max_cost_usd
    return None if cap is None else Purse(round(cap * MEGA))


def _mode(request: ScoreRequest, stored: StoredRubric, judge: Judge) -> Mode:
    """Choose between the two instruments; what was asked for by name is never exchanged for the other."""
    rubric, case = stored.rubric, request.case
    mode = request.mode
    if mode == "auto":
        looks = "image" in rubric.modes and judge.spec.images
        blind = case.has("images") and not case.has("visual_description")
        mode = "image" if "text" not in rubric.modes or (looks and blind) else "text"
    if mode not in rubric.modes:
        raise UnfitCase(f"rubric {rubric.ref!r} has no mode {mode!r} (it has: {', '.join(rubric.modes)})")
    if mode == "image" and not judge.spec.images:
        raise UnfitCase(f"judge {judge.name!r} cannot be shown images; choose another, or mode 'text'")
    return mode


def _by_readiness(
    stored: StoredRubric, case: Case, mode: Mode
) -> tuple[tuple[Criterion, ...], dict[str, Scored | Unscored]]:
    """Tell the criteria that can be judged from those that lack an input."""
    ready, lacking = [], {}
    for criterion in stored.rubric.criteria:
        missing = [name for name in criterion.needs[mode] if not case.has(name)]
        if missing:
            reason = f"the case has no {' and no '.join(missing)}"
            lacking[criterion.id] = Unscored(outcome="missing_input", weight=criterion.weight, reason=reason)
        else:
            ready.append(criterion)
    return tuple(ready), dict[str, Scored | Unscored](lacking)


def _provenance(
    stored: StoredRubric, judge: Judge, mode: Mode, digests: tuple[str, ...], judgement: Judgement
) -> Provenance:
    spec, guarded = judge.spec, GUARDED in judgement.flags
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
        sampling={} if guarded else spec.sampling,
        schema_mode=judgement.schema_mode,
        images=digests,
        cache=judgement.cache,
        attempts=judgement.attempts,
        usage=TokenUsage(
            input_tokens=judgement.usage.input_tokens, output_tokens=judgement.usage.output_tokens
        ),
        cost_microusd=judgement.cost_microusd,
        spent_microusd=judgement.spent_microusd,
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
        flags=(*judgement.flags, *total.flags, *unseen, *calibration.flags),
        failure=judgement.failure,
        subgroups=dict(request.case.subgroups),
        metadata=dict(request.metadata),
        provenance=provenance,
    )
