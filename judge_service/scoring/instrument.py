"""What answered, as a calibration map names it: rubric, prompt, judge, model, mode and sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.scoring.judgement import OTHER_MODEL

if TYPE_CHECKING:
    from judge_calibration.maps.artefact import CalibrationMap
    from judge_service.domain.score import Provenance
    from judge_service.scoring.answering import Configured
    from judge_service.scoring.judgement import Judgement

_NAMED = ("rubric_digest", "prompt_digest", "judge_kind", "model", "mode")  # what no map may leave open

Fingerprint = dict[str, object]


@dataclass(frozen=True, slots=True)
class Instrument:
    """What answers, in the forms in which a map may name it: by the model that answered, or the one asked."""

    forms: tuple[Fingerprint, ...]

    @classmethod
    def expected(cls, provenance: Provenance, judge: Configured, one: CalibrationMap) -> Instrument:
        """Before the answer: a model may yet answer under any name that its settings let pass."""
        named = (one.content["judge"].get("fingerprint") or {}).get("model")
        may_answer = judge.spec.is_llm and named is not None and judge.spec.answers_for(str(named))
        return cls((_fingerprint(provenance, named if may_answer else judge.model),))

    @classmethod
    def of(cls, provenance: Provenance, judge: Configured, judgement: Judgement) -> Instrument:
        """Of an answer. One that another model gave is not the configured judge's."""
        answered = _fingerprint(provenance, provenance.model)
        if OTHER_MODEL in judgement.flags:
            return cls((answered,))
        return cls((answered, _fingerprint(provenance, judge.model)))

    def fits(self, one: CalibrationMap) -> bool:
        """Whether the map is of this instrument; one that leaves part of it open is of none."""
        return not unnamed(one) and any(one.matches(form) for form in self.forms)


def unnamed(one: CalibrationMap) -> tuple[str, ...]:
    """The parts of its instrument that a map does not name: by the format, null there is any."""
    named = one.content["judge"].get("fingerprint") or {}
    return tuple(part for part in _NAMED if named.get(part) is None)


def _fingerprint(provenance: Provenance, model: object) -> Fingerprint:
    return {
        "rubric_digest": provenance.rubric_digest,
        "prompt_digest": provenance.prompt_digest,
        "judge_kind": provenance.judge_kind,
        "model": model,
        "mode": provenance.mode,
        "sampling": provenance.sampling,
    }


def fingerprint(provenance: Provenance, judge: Configured) -> Fingerprint:
    """The instrument as it is configured."""
    return _fingerprint(provenance, judge.model)
