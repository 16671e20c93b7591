"""The guarded lexical baseline: a deterministic reading of English medical answers, without a model."""

from judge_service.lexical.agreement import agreement
from judge_service.lexical.cohesion import cohesion
from judge_service.lexical.consistency import self_consistency
from judge_service.lexical.entailment import entailment
from judge_service.lexical.language import english
from judge_service.lexical.reading import Reading, Relation
from judge_service.lexical.text import Text, parse

VERSION: str = "lexical-baseline-1"

__all__ = [
    "VERSION",
    "Reading",
    "Relation",
    "Text",
    "agreement",
    "cohesion",
    "english",
    "entailment",
    "parse",
    "self_consistency",
]
