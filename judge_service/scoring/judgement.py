"""Everything one judge said about one case, and the form in which it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from judge_service.backends.base import Usage
from judge_service.domain.score import Attempt, Failure
from judge_service.domain.verdict import Scored, Unscored
from judge_service.scoring.distribution import Distribution
from judge_service.scoring.reading import distributed, scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.judge import SchemaMode
    from judge_service.domain.rubric import Criterion

RECORD_SCHEMA = 2

_DISTRIBUTION = ("distribution", "distribution_from", "distribution_mass", "distribution_withheld")

GUARDED = "degenerate_response"  # no judge was asked: the guard answered
OTHER_MODEL = "other_model"  # a gateway sent a model that the settings do not let pass as this judge

NO_USE = Usage(0, 0)  # of tokens: nobody was asked

CacheState = Literal["hit", "miss", "joined", "off", "none"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdicts by criterion id, with what is known of the call that made them."""

    verdicts: Mapping[str, Scored | Unscored]
    model: str | None = None
    fingerprint: str | None = None
    schema_mode: SchemaMode = "none"
    attempts: tuple[Attempt, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost_microusd: int | None = None
    spent_microusd: int | None = 0  # by the request that is answered, and not by the one that made it
    spent_usage: Usage = NO_USE  # likewise; None as soon as one attempt was not counted
    prices_as_of: str | None = None
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    keeps: bool = False  # whether it is complete and the judge's own, so that it may be cached
    cache: CacheState = "miss"
    members: Mapping[str, Judgement] = field(default_factory=dict)  # of a panel, by name


def to_record(judgement: Judgement) -> dict[str, object] | None:
    """Plain data to keep, or None for a judgement that must not be kept. Levels are kept, values are not."""
    if not judgement.keeps or judgement.failure is not None:
        return None
    return {
        "verdicts": {key: _kept(verdict) for key, verdict in judgement.verdicts.items()},
        "model": judgement.model,
        "fingerprint": judgement.fingerprint,
        "schema_mode": judgement.schema_mode,
        "attempts": [attempt.model_dump() for attempt in judgement.attempts],
        "usage": [judgement.usage.input_tokens, judgement.usage.output_tokens],
        "cost_microusd": judgement.cost_microusd,
        "prices_as_of": judgement.prices_as_of,
        "flags": list(judgement.flags),
    }


def _kept(verdict: Scored | Unscored) -> dict[str, object]:
    kept = verdict.model_dump(include={"outcome", "level", "rationale", "evidence", "flags", *_DISTRIBUTION})
    return kept | ({"reason": verdict.reason} if isinstance(verdict, Unscored) else {})


def from_record(record: Mapping[str, object], criteria: tuple[Criterion, ...]) -> Judgement | None:
    """Rebuild a judgement against the rubric of today; None when anything about the record does not fit."""
    try:
        return _restored(record, criteria)
    except (KeyError, TypeError, ValueError, ValidationError):
        return None


def _restored(record: Mapping[str, object], criteria: tuple[Criterion, ...]) -> Judgement | None:
    data: dict[str, object] = dict(record)
    verdicts, attempts, usage, flags = data["verdicts"], data["attempts"], data["usage"], data["flags"]
    if not isinstance(verdicts, dict) or list(verdicts) != [criterion.id for criterion in criteria]:
        return None
    if not (isinstance(attempts, list) and isinstance(usage, list) and isinstance(flags, list)):
        return None
    input_tokens, output_tokens = usage
    return Judgement(
        verdicts={criterion.id: _verdict(criterion, verdicts[criterion.id]) for criterion in criteria},
        model=data["model"],  # type: ignore[arg-type]  # the record's hash vouches for what we wrote
        fingerprint=data["fingerprint"],  # type: ignore[arg-type]
        schema_mode=data["schema_mode"],  # type: ignore[arg-type]
        attempts=tuple(Attempt.model_validate(attempt) for attempt in attempts),
        usage=Usage(input_tokens, output_tokens),
        cost_microusd=data["cost_microusd"],  # type: ignore[arg-type]
        prices_as_of=data["prices_as_of"],  # type: ignore[arg-type]
        flags=tuple(flags),
        keeps=True,
        cache="hit",
    )


def _distributed(criterion: Criterion, verdict: Scored, kept: Mapping[str, object]) -> Scored:
    """A kept distribution is over the scale's own levels; what is expected of it is computed anew."""
    shares, source = kept["distribution"], kept["distribution_from"]
    if shares is None:
        return verdict.model_copy(update={"distribution_withheld": kept["distribution_withheld"]})
    if not isinstance(shares, dict) or list(shares) != [str(label) for label in criterion.scale.labels]:
        raise ValueError("a distribution is over the levels of the scale")
    found = Distribution(tuple(shares.values()), kept["distribution_mass"], source)  # type: ignore[arg-type]
    return distributed(criterion, verdict, found)


def _verdict(criterion: Criterion, kept: Mapping[str, object]) -> Scored | Unscored:
    if kept["outcome"] == "scored":
        plain = scored(
            criterion,
            kept["level"],  # type: ignore[arg-type]  # a label that is none raises ValueError
            str(kept["rationale"]),
            tuple(kept["evidence"]),  # type: ignore[arg-type]
            tuple(kept["flags"]),  # type: ignore[arg-type]
        )
        return _distributed(criterion, plain, kept)
    if kept["outcome"] not in {"abstained", "degenerate_response"}:
        raise ValueError("a kept verdict is the judge's own")
    return Unscored.model_validate(
        {key: kept[key] for key in ("outcome", "reason", "rationale", "flags")} | {"weight": criterion.weight}
    )
