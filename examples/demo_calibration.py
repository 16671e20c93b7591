"""Reports on the study that ships: a verdict a criterion in one line each, a page, a map, a swap.

Everything is simulated, so what is true is known; the demo ends with whether the report found it, and its
exit code says so. No key, no GPU, no network.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import judge_calibration
from judge_calibration.operations import run
from judge_calibration.operations.further import PARTS
from judge_calibration.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.study import Study

ROOT = Path(__file__).parent.parent
STUDY = ROOT / "calibration" / "gold" / "synthetic-study.csv"
OUT = ROOT / ".run" / "calibration"
OPTIONS = {"resamples": 2000, "seed": 7}


def main() -> int:
    """Write the report and say what it says; 0 when it finds what was planted."""
    started = time.perf_counter()
    study = judge_calibration.read_study(STUDY)
    report: dict[str, Any] = run("report", study, {"options": OPTIONS, "include": PARTS})
    seconds = time.perf_counter() - started
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "report.html").write_text(page(report), "utf-8")
    (OUT / "report.json").write_text(json.dumps(report, ensure_ascii=False, allow_nan=False), "utf-8")
    print(f"{len(study.items)} answers, five physicians, two judges, all simulated.")
    print(f"Report with 2,000 resamples in {seconds:.1f} s.\n")
    for criterion, each in report["criteria"].items():
        for judge, told in each["judges"].items():
            print(f"{criterion}, {judge}: {told['verdict']['line']}")
    show_map(study)
    show_swap(study)
    failed = 0
    print("\nWhat was planted, and whether the report finds it:")
    for words, found in findings(study, report):
        print(f"  {'found' if found else 'NOT FOUND'}  {words}")
        failed += not found
    print(f"\nPage: {OUT / 'report.html'}\nData: {OUT / 'report.json'}")
    return 1 if failed else 0


def show_map(study: Study) -> None:
    """A map of the lenient judge's total, and what it makes of three scores."""
    artefact = run("maps", study, {"criterion": "score", "judge": "lenient", "by": "modality", "seed": 7})
    told = run("apply", None, {"map": artefact, "scores": [{"score": score} for score in (40, 60, 80)]})
    shown = ", ".join(
        f"{row['raw']:g} → {row['calibrated']:.0f} [{row['interval']['low']:.0f} to {row['interval']['high']:.0f}]"
        for row in told["scores"]
    )
    print(f"\nMap of lenient's total: {artefact['method']}; {shown} (90 % of single scores)")


def show_swap(study: Study) -> None:
    """What if the lenient judge took the steady one's place?"""
    asked = {
        "judge_a": "steady",
        "judge_b": "lenient",
        "threshold": {"score": 60},
        "margin": {"score": 5},
        "criteria": ["score"],
        "options": OPTIONS,
    }
    told = run("swap", study, asked)["criteria"]["score"]
    flips = told["flips"]
    print(
        f"Swap, lenient for steady: {told['verdict']}; {flips['now_pass']} now pass and {flips['now_fail']} "
        f"now fail at 60, {flips['after_equating']['flips']} still turn after equating"
    )


def findings(study: Study, report: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each planted truth, and whether an interval of the report says it."""
    levels = [name for name in report["criteria"] if name != "score"]
    severity = [report["criteria"][name]["raters"]["severity"] for name in levels]
    points = [{row["name"]: row["points"] for row in fit["raters"]} for fit in severity]
    least = all(min(each, key=lambda rater: each[rater]["estimate"]) == "dr_diaz" for each in points)
    yield (
        "dr_diaz is the severest physician, surely below the others' mean",
        least and all(each["dr_diaz"]["ci"]["high"] < 0 for each in points),
    )
    lenient = [report["criteria"][name]["judges"]["lenient"] for name in levels]
    yield (
        "lenient scores higher than the physicians on every criterion",
        all(told["statistics"]["bias"]["ci"]["low"] > 0 for told in lenient),
    )
    yield (
        "lenient does not agree like a physician",
        all(told["verdict"]["standing"] == "worse_than_a_physician" for told in lenient),
    )
    steady = report["criteria"]["ground_truth"]["judges"]["steady"]
    yield (
        "steady agrees like a physician on ground_truth",
        steady["verdict"]["standing"] == "like_a_physician",
    )
    sight = report["criteria"]["visual_accuracy"]["judges"]["steady"]["subgroups"]["modality"]["forest"][
        "rows"
    ]
    weak = next(row["to_rest"] for row in sight if row["group"] == "ultrasound")
    yield "steady scores ultrasound lower than the rest, on visual_accuracy", weak["ci"]["high"] < 0
    audit = run(
        "audit",
        study,
        {"judge": "lenient", "own_families": {"lenient": "qwen"}, "options": {"subgroups": []}},
    )
    truth = audit["criteria"]["ground_truth"]
    yield "lenient gives more to longer answers", truth["length"]["adjusted"]["ci"]["low"] > 0
    own = next(each for each in truth["family"]["judges"] if each["own"] is not None)
    yield "lenient favours the family qwen", own["preference"]["ci"]["low"] > 0
    counts = report["criteria"]["ground_truth"]["judges"]["steady"]["outcomes"]["counts"]
    yield (
        "refusals and unreadable answers are counted",
        sum(counts.values()) == len(study.items) > counts["scored"],
    )


if __name__ == "__main__":
    sys.exit(main())
