"""Makes the study that ships in `calibration/gold/`: simulated physicians and judges with planted truths.

Nobody was asked and no patient is in it. What was planted, and what a report should therefore find, is in
`calibration/gold/README.md`; the tests hold the report to it. Run it to write the files anew: same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


FOLDER = Path(__file__).parent.parent / "calibration" / "gold"
SEED = 20_261_126
QUESTIONS = 60
FAMILIES = {"gemma": 0.0, "llama": 0.3, "qwen": 0.1}  # the models under test: how good their answers are
MODALITIES = ("CT", "MR", "ultrasound")
CRITERIA = {"visual_accuracy": -0.5, "ground_truth": -0.2, "consistency": 0.6, "coherence": 0.9}
WEIGHTS = {"visual_accuracy": 4, "ground_truth": 4, "consistency": 1, "coherence": 1}
SEVERITY = {"dr_adams": 0.1, "dr_baker": -0.1, "dr_chen": 0.0, "dr_diaz": -1.0, "dr_evans": 0.15}
PHYSICIAN_SD = 0.7
GAPS = 0.15
STEADY_SD = 0.65
WEAK_MODALITY = "ultrasound"
WEAK_SHIFT, WEAK_SD = -0.9, 1.5
LENIENCE = 0.8
PER_DOUBLING = 0.35  # the lenient judge's taste for length
OWN_FAMILY = "qwen"
FAVOUR = 0.5  # the lenient judge is of this family
UNSCORED = (("refused", 0.015), ("unparsable", 0.01))
COLUMNS = (
    *("item", "cluster", "subgroup.modality", "subgroup.model_family", "covariate.answer_tokens"),
    *("criterion", "rater", "judge", "score", "outcome"),
)


def scales() -> dict[str, object]:
    """What the scores may be, and the total that follows from them."""
    levels = [0, 1, 2, 3, 4, 5]
    total = {"score": {"kind": "interval", "low": 0, "high": 100}}
    return {"scales": dict.fromkeys(CRITERIA, levels) | total, "composites": {"score": {"weights": WEIGHTS}}}


def rows() -> Iterator[dict[str, object]]:
    """Every row of the study, item by item."""
    rng = np.random.default_rng(SEED)
    for question in range(QUESTIONS):
        modality = MODALITIES[question % len(MODALITIES)]
        hardness = rng.normal(0, 0.8)
        for family, skill in FAMILIES.items():
            tokens = int(np.round(2 ** rng.normal(7, 0.7)))
            about = {
                "item": f"q{question:02d}-{family}",
                "cluster": f"q{question:02d}",
                "subgroup.modality": modality,
                "subgroup.model_family": family,
                "covariate.answer_tokens": tokens,
            }
            answer = 2.9 + skill - hardness + rng.normal(0, 0.8)
            for criterion, ease in CRITERIA.items():
                quality = answer + ease + rng.normal(0, 0.5)
                yield from _rated(rng, about | {"criterion": criterion}, quality)
                yield from _judged(rng, about | {"criterion": criterion}, quality, tokens)


def _rated(rng: np.random.Generator, about: dict[str, object], quality: float) -> Iterator[dict[str, object]]:
    for physician, severity in SEVERITY.items():
        score = _level(quality + severity + rng.normal(0, PHYSICIAN_SD))
        if rng.random() >= GAPS:
            yield about | {"rater": physician, "score": score}


def _judged(
    rng: np.random.Generator, about: dict[str, object], quality: float, tokens: int
) -> Iterator[dict[str, object]]:
    weak = about["subgroup.modality"] == WEAK_MODALITY and about["criterion"] == "visual_accuracy"
    shift, spread = (WEAK_SHIFT, WEAK_SD) if weak else (0.0, STEADY_SD)
    lenient = LENIENCE + PER_DOUBLING * (np.log2(tokens) - 7)
    lenient += FAVOUR * (about["subgroup.model_family"] == OWN_FAMILY)
    said = {
        "steady": quality + shift + rng.normal(0, spread),
        "lenient": quality + lenient + rng.normal(0, 0.6),
    }
    for judge, value in said.items():
        draw, outcome, bound = rng.random(), "", 0.0
        for name, share in UNSCORED:
            bound += share
            outcome = outcome or (name if draw < bound else "")
        yield about | {"judge": judge, "score": "" if outcome else _level(value), "outcome": outcome}


def _level(value: float) -> int:
    return int(np.clip(np.round(value), 0, 5))


def text() -> str:
    """The table as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows())
    return out.getvalue()


def main() -> None:
    """Write the table and its scales."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "synthetic-study.csv").write_text(text(), "utf-8")
    scale_text = json.dumps(scales(), indent=2) + "\n"
    (FOLDER / "synthetic-study.scales.json").write_text(scale_text, "utf-8")
    print(f"wrote {FOLDER / 'synthetic-study.csv'}")


if __name__ == "__main__":
    main()
