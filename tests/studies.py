"""Studies for tests: small documents that are valid by default."""

from __future__ import annotations

from typing import Any

import numpy as np

LEVELS = [0, 1, 2, 3, 4, 5]


def a_document(
    *,
    items: int = 60,
    raters: tuple[str, ...] = ("A", "B", "C"),
    judges: tuple[str, ...] = ("J",),
    missing: float = 0.1,
    shift: float = 0.0,
    seed: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """Answers of unequal quality on a scale from 0 to 5; each judge is as exact as a rater, and shifted."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(2.8, 1.2, items)
    ratings, scores = [], []
    for at in range(items):
        name = f"i{at:03d}"
        for rater in raters:
            score = _level(quality[at] + rng.normal(0, 0.7))
            if rng.random() >= missing:
                ratings.append({"item": name, "criterion": "quality", "rater": rater, "score": score})
        for judge in judges:
            score = _level(quality[at] + shift + rng.normal(0, 0.7))
            scores.append({"item": name, "criterion": "quality", "judge": judge, "score": score})
    plain = {"scales": {"quality": LEVELS}, "ratings": ratings, "judge_scores": scores}
    return plain | more


def a_binary_document(
    *, items: int = 80, raters: int = 3, accuracy: float = 0.85, seed: int = 2
) -> dict[str, Any]:
    """Criteria met or unmet; every rater and the judge is right with the same chance."""
    rng = np.random.default_rng(seed)
    truth = rng.random(items) < 0.6
    ratings, scores = [], []
    for at in range(items):
        for rater in range(raters):
            said = bool(truth[at] == (rng.random() < accuracy))
            ratings.append({"item": f"i{at}", "criterion": "met", "rater": f"r{rater}", "score": said})
        said = bool(truth[at] == (rng.random() < accuracy))
        scores.append({"item": f"i{at}", "criterion": "met", "judge": "J", "score": said})
    return {"scales": {"met": {"kind": "binary"}}, "ratings": ratings, "judge_scores": scores}


def a_nominal_document(*, items: int = 60, seed: int = 3) -> dict[str, Any]:
    """Words without an order."""
    rng = np.random.default_rng(seed)
    words = ["supported", "silent", "contradicted"]
    ratings, scores = [], []
    for at in range(items):
        truth = int(rng.integers(0, 3))
        for rater in ("P", "Q", "R"):
            told = truth if rng.random() < 0.8 else int(rng.integers(0, 3))
            ratings.append({"item": f"i{at}", "criterion": "claim", "rater": rater, "score": words[told]})
        told = truth if rng.random() < 0.8 else int(rng.integers(0, 3))
        scores.append({"item": f"i{at}", "criterion": "claim", "judge": "J", "score": words[told]})
    scales = {"claim": {"kind": "nominal", "values": words}}
    return {"scales": scales, "ratings": ratings, "judge_scores": scores}


def _level(value: float) -> int:
    return int(np.clip(np.round(value), 0, 5))


def with_subgroups(document: dict[str, Any]) -> dict[str, Any]:
    """Give every item one of two modalities in turn."""
    items = sorted({row["item"] for row in [*document["ratings"], *document["judge_scores"]]})
    rows = [{"item": item, "subgroups": {"modality": ("CT", "MR")[at % 2]}} for at, item in enumerate(items)]
    return document | {"items": rows}
