"""Examples for the OpenAPI document; each works when it is pasted into a fresh service."""

from __future__ import annotations

from typing import Any

_LEVELS = [0, 1, 2, 3, 4, 5]


def _study(n: int) -> dict[str, Any]:
    """Answers with three physicians and two judges: one near them, the other one point higher."""
    ratings, scores = [], []
    for item in range(n):
        quality = (item * 7) % 5
        for at, rater in enumerate(("dr_a", "dr_b", "dr_c")):
            score = min(5, quality + ((item + at) % 3 == 0))
            ratings.append({"item": f"a{item}", "criterion": "quality", "rater": rater, "score": score})
        for judge, shift in (("first", item % 4 == 0), ("second", 1)):
            score = min(5, quality + int(shift))
            scores.append({"item": f"a{item}", "criterion": "quality", "judge": judge, "score": score})
    items = [{"item": f"a{at}", "subgroups": {"modality": ("CT", "MR")[at % 2]}} for at in range(n)]
    return {"scales": {"quality": _LEVELS}, "ratings": ratings, "judge_scores": scores, "items": items}


STUDY = _study(8)
REPORT = {
    "scales": {"quality": _LEVELS},
    "ratings": [
        {"item": "1", "criterion": "quality", "rater": "A", "score": 3},
        {"item": "1", "criterion": "quality", "rater": "B", "score": 4},
        {"item": "2", "criterion": "quality", "rater": "A", "score": 1},
        {"item": "2", "criterion": "quality", "rater": "B", "score": 1},
    ],
    "judge_scores": [
        {"item": "1", "criterion": "quality", "judge": "J", "score": 4},
        {"item": "2", "criterion": "quality", "judge": "J", "score": None, "outcome": "refused"},
    ],
    "options": {"resamples": 0, "seed": 7, "epsilon": 0.2, "cluster_by": None, "subgroups": []},
}
FIT = {"study": STUDY, "criterion": "quality", "judge": "second", "method": "auto", "alpha": 0.1}
COMPARE = {"study": STUDY, "judge_a": "first", "judge_b": "second", "options": {"resamples": 200}}
SWAP = {
    "study": STUDY,
    "judge_a": "first",
    "judge_b": "second",
    "threshold": 3,
    "margin": 0.25,
    "options": {"resamples": 200},
}
EQUATE = {"study": _study(12), "criterion": "quality", "judge_a": "first", "judge_b": "second"}
ESTIMATE = {"study": STUDY, "criterion": "quality", "judge": "second", "by": "modality"}
DRIFT = {"study": STUDY, "judge_before": "first", "judge_after": "second", "margin": 0.25}
AUDIT = {"study": STUDY, "judge": "second", "options": {"subgroups": ["modality"]}}
ALT_TEST = {"study": _study(30), "epsilon": 0.2}  # with fewer the test is withheld
POWER = {"kind": "icc", "icc": 0.6, "raters": 3, "width": 0.2}
LABELS = {"study": STUDY, "objective": "reliability", "criterion": "quality", "target": 0.9}
APPLY = {"scores": [{"score": 3, "subgroups": {"modality": "CT"}}, {"score": 5}]}
_RATED = (
    ("Pneumonia of the right lower lobe.", 5),
    ("Pneumonia on the left.", 1),
    ("Right-sided pneumonia.", 4),
    ("The lungs are clear.", 0),
    ("A right lower lobe infection.", 3),
)
SWAP_ON_CASES = {
    "judge_a": "default",
    "judge_b": "second",
    "rubric": "medical-qa",
    "cases": [
        {"id": f"c{at}", "response": response, "reference": "Right lower lobe pneumonia."}
        for at, (response, _) in enumerate(_RATED)
    ],
    "ratings": [
        {"item": f"c{at}", "criterion": "ground_truth", "rater": "dr_a", "score": score}
        for at, (_, score) in enumerate(_RATED)
    ],
    "threshold": {"score": 60},
    "options": {"resamples": 0},
}
TEXTS = {
    "application/x-ndjson": '{"criterion": "quality", "scale": [0, 1, 2, 3, 4, 5]}\n'
    '{"item": "a1", "criterion": "quality", "rater": "dr_a", "score": 3}\n'
    '{"item": "a1", "criterion": "quality", "judge": "first", "score": 4}\n',
    "text/csv": "item,criterion,rater,judge,score\na1,quality,dr_a,,3\na1,quality,,first,4\n",
}
