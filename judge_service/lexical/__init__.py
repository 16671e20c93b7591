"""The guarded lexical baseline: a deterministic reading of English medical answers, without a model."""

import hashlib
from functools import cache
from pathlib import Path

from judge_service.lexical.agreement import agreement
from judge_service.lexical.cohesion import cohesion
from judge_service.lexical.consistency import self_consistency
from judge_service.lexical.entailment import entailment
from judge_service.lexical.language import english
from judge_service.lexical.reading import Reading, Relation
from judge_service.lexical.text import Text, parse

NAME = "lexical-baseline-1"


@cache
def version() -> str:
    """Name the measures together with a digest of their code and tables, so that no change goes unseen."""
    home = Path(__file__).parent
    files = sorted(path for path in home.rglob("*") if path.suffix in {".py", ".txt"})
    content = b"\0".join(path.read_bytes() for path in files)
    return f"{NAME}+{hashlib.sha256(content).hexdigest()[:12]}"


__all__ = [
    "NAME",
    "Reading",
    "Relation",
    "Text",
    "agreement",
    "cohesion",
    "english",
    "entailment",
    "parse",
    "self_consistency",
    "version",
]
