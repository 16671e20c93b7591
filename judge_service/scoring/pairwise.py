"""The use case of a comparison: two responses in, which one is better out, whatever happens on the way."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from judge_service.backends.base import Usage
from judge_service.backends.purse import paid_from
from judge_service.domain.comparison import Asked, Comparison, preferring
from judge_service.domain.price import common_date, total
from judge_service.domain.score import TokenUsage
from judge_service.errors import BackendTimeout, UnfitCase
from judge_service.prompts import pairwise_digest
from judge_service.rubric_store import PAIRWISE
from judge_service.scoring import preference
from judge_service.scoring.guard import degenerate
from judge_service.scoring.judge import Judge
from judge_service.scoring.judgement import GUARDED, Judgement
from judge_service.scoring.panel import all_answered, own_family, strict_usage
from judge_service.scoring.unanswered import failed
from judge_service.texts import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from judge_service.domain.comparison import Asking, ComparedCriterion, ComparisonRequest, Pair
    from judge_service.domain.rubric import Rubric
    from judge_service.domain.score import Failure, Provenance
    from judge_service.scoring.answering import Configured
    from judge_service.scoring.judge import Matter
    from judge_service.scoring.scorer import Scorer

    Judgements = dict[Asking, Judgement]

SAME = "identical_responses"  # no judge was asked: one text twice
BY_LEVELS = "compared_by_levels"  # each response was judged by itself
_DEAREST = ("miss", "off", "joined", "hit", "none")


async def compare(scorer: Scorer, request: ComparisonRequest, *, deadline: float) -> Comparison:
    """Ask which of two responses is better by `deadline` (event-loop time), in both orders at once.

    Raises a `RequestError` when the request itself is at fault; a judge that fails is in the answer.
    """
    stored = scorer.rubrics.get(request.rubric)
    judge = _fitting(scorer.judge(request.judge), stored.rubric, scorer.rubrics.pairwise)
    alone = request.of("a")
    matter, lacking = scorer.lay_out(alone)
    same = bool(matter.criteria) and _is_same(request.case)
    judgements: Judgements = {}
    if matter.criteria and not same:
        try:
            async with asyncio.timeout_at(deadline):
                matter = await scorer.illustrate(matter, alone)
        except TimeoutError:
            late = BackendTimeout("the deadline passed while the images were opened")
            judgements = dict.fromkeys(_askings(matter, request.case, judge), failed(matter.criteria, late))
        else:
            matter = replace(matter, purse=paid_from(request.max_cost_usd))
            askings = _askings(matter, request.case, judge)
            judgements = await _judged(judge, askings, request.cache, deadline)
    compared = _compared(matter, judgements)
    criteria = {
        c.id: compared[c.id] if c.id in compared else preference.without_input(lacking[c.id])
        for c in stored.rubric.criteria
    }
    provenance = _provenance(scorer, matter, judge, judgements, same=same)
    kin = dict.fromkeys(
        flag
        for side in ("a", "b")
        for said in judgements.values()
        for flag in own_family(judge, request.case.with_response(side), said)
    )
    return _answer(request, criteria, judgements, provenance, tuple(kin), same=same)


def _fitting(judge: Configured, rubric: Rubric, template: str | None) -> Judge:
    """The judge, if it can compare; refuse what cannot be compared, before anything is opened or asked."""
    if not isinstance(judge, Judge) or judge.spec.compares is None:
        raise UnfitCase(
            f"judge {judge.name!r} is of kind {judge.spec.kind!r}, which compares no responses; name one of kind "
            "openai, litellm, embedded or scripted"
        )
    if not rubric.is_numeric:
        raise UnfitCase(
            f"rubric {rubric.ref!r} has scales without an order, so none of two responses is the better one; choose "
            "a rubric with ordinal or binary scales, or score each response"
        )
    if template is None and judge.spec.compares != "levels":
        raise UnfitCase(
            f"this service's folder of rubrics has no {PAIRWISE}, so no judge can be asked to compare; put one there, "
            "or score each response"
        )
    return judge


def _is_same(pair: Pair) -> bool:
    """Whether a judge would see one text twice."""
    a, b = (clean(text).text.strip() for text in (pair.responses.a, pair.responses.b))
    return a == b


def _askings(matter: Matter, pair: Pair, judge: Judge) -> dict[Asking, Matter]:
    """What the judge is asked: both responses in both orders, or each response by itself.

    A response without content is shown to no judge, for some reward it. What it is worth the rubric
    says, and so the other one is judged by itself, too.
    """
    other = pair.with_response("b")
    if judge.spec.compares == "levels" or any(map(degenerate, (pair.responses.a, pair.responses.b))):
        return {"a": matter, "b": replace(matter, case=other)}
    shown = replace(matter, criteria=preferring(matter.criteria))
    return {
        "a_first": replace(shown, rival=pair.responses.b),
        "b_first": replace(shown, case=other, rival=pair.responses.a),
    }


async def _judged(judge: Judge, askings: Mapping[Asking, Matter], cache: str, deadline: float) -> Judgements:
    said = await all_answered(
        judge.judge(matter, cache=cache, deadline=deadline) for matter in askings.values()
    )
    return dict(zip(askings, said, strict=True))


def _compared(matter: Matter, judgements: Judgements) -> dict[str, ComparedCriterion]:
    if not judgements:  # one text twice, or nothing that could be judged
        return {c.id: preference.of_same_texts(c.weight) for c in matter.criteria}
    one, other = (judgement.verdicts for judgement in judgements.values())
    combine = preference.by_orders if "a_first" in judgements else preference.by_levels
    return {c.id: combine(one[c.id], other[c.id]) for c in matter.criteria}


def _provenance(
    scorer: Scorer, matter: Matter, judge: Judge, judgements: Judgements, *, same: bool
) -> Provenance:
    merged = _merged(tuple(judgements.values()))
    by_guard = same or _is_guards(judgements.values())
    flags = (GUARDED,) if by_guard else ()
    provenance = scorer.provenance(matter, judge, replace(merged, flags=flags))
    provenance = provenance.model_copy(
        update={"score_from": "level"}
    )  # whatever the rubric takes for a total
    template = scorer.rubrics.pairwise
    if template is None or BY_LEVELS in _how(judgements):
        return provenance
    return provenance.model_copy(update={"prompt_digest": pairwise_digest(template)})


def _is_guards(judgements: Iterable[Judgement]) -> bool:
    flags = [judgement.flags for judgement in judgements]
    return bool(flags) and all(GUARDED in each for each in flags)


def _how(judgements: Judgements) -> tuple[str, ...]:
    return (BY_LEVELS,) if "a" in judgements else ()


def _merged(all_judgements: tuple[Judgement, ...]) -> Judgement:
    """Both askings as one call, for the provenance: what they do not agree on is left open."""
    if not all_judgements:
        return Judgement(verdicts={}, cache="none", cost_microusd=0)
    asked = [each for each in all_judgements if GUARDED not in each.flags] or list(all_judgements)
    models = {each.model for each in asked}
    fingerprints = {each.fingerprint for each in asked}
    return Judgement(
        verdicts={},
        model=asked[0].model if len(models) == 1 else None,
        fingerprint=asked[0].fingerprint if len(fingerprints) == 1 else None,
        schema_mode=asked[0].schema_mode,
        attempts=tuple(attempt for each in asked for attempt in each.attempts),
        usage=Usage(
            _sum(each.usage.input_tokens for each in asked), _sum(each.usage.output_tokens for each in asked)
        ),
        cost_microusd=total(each.cost_microusd for each in asked),
        spent_microusd=total(each.spent_microusd for each in asked),
        spent_usage=strict_usage(each.spent_usage for each in asked),
        prices_as_of=common_date(each.prices_as_of for each in asked),
        failure=_first_failure(asked),
        cache=min((each.cache for each in asked), key=_DEAREST.index),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _first_failure(judgements: Iterable[Judgement]) -> Failure | None:
    """Of two failures the one whose outcome is told; a lasting one, or one that asks for more patience, first."""
    failures = [
        (preference.severity(next(iter(each.verdicts.values())).outcome), each.failure)
        for each in judgements
        if each.failure is not None
    ]
    if not failures:
        return None
    return min(failures, key=lambda f: (f[0], f[1].retryable, -(f[1].retry_after_s or 0.0)))[1]


def _answer(
    request: ComparisonRequest,
    criteria: dict[str, ComparedCriterion],
    judgements: Judgements,
    provenance: Provenance,
    kin: tuple[str, ...],
    *,
    same: bool,
) -> Comparison:
    whole = preference.whole(criteria, partial=request.partial)
    unseen = ("images_not_shown",) if provenance.mode == "text" and request.case.images else ()
    differ = ("models_differ",) if len({j.model for j in judgements.values() if j.model}) > 1 else ()
    own = dict.fromkeys(flag for judgement in judgements.values() for flag in judgement.flags)
    return Comparison(
        id=uuid.uuid4().hex,
        case_id=request.case.id,
        outcome=whole.outcome,
        winner=whole.winner,
        preference=whole.preference,
        reason=whole.reason,
        criteria=criteria,
        position=preference.position(criteria),
        comparable=not whole.left_out,
        left_out=whole.left_out,
        flags=(
            *own,
            *((SAME,) if same else ()),
            *_how(judgements),
            *differ,
            *whole.flags,
            *unseen,
            *kin,
        ),
        failure=_first_failure(judgements.values()),
        subgroups=dict(request.case.subgroups),
        metadata=dict(request.metadata),
        asked={asking: _asked(judgement) for asking, judgement in judgements.items()},
        provenance=provenance,
    )


def _asked(judgement: Judgement) -> Asked:
    return Asked(
        cache=judgement.cache,
        model=judgement.model,
        model_fingerprint=judgement.fingerprint,
        schema_mode=judgement.schema_mode,
        attempts=judgement.attempts,
        usage=TokenUsage(
            input_tokens=judgement.usage.input_tokens, output_tokens=judgement.usage.output_tokens
        ),
        cost_microusd=judgement.cost_microusd,
        flags=judgement.flags,
    )
