"""A full calibration report beside a loop over the libraries that compute the same figures, in one run.

The loop is not run to its end, which takes hours: each library call is timed on the same data (best of a
few) and multiplied by the number of calls that the same intervals need. Figures for which no library is at
hand (AC2, the alternative annotator test, limits of agreement, the ceiling) cost the loop nothing here.

    python benchmarks/calibration_report.py            500 items, 5 physicians, 4 criteria, 10 subgroups
    python benchmarks/calibration_report.py --items 20653
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

import judge_calibration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from judge_calibration.study import Study

    Floats = npt.NDArray[np.float64]

SCALE = [0, 1, 2, 3, 4, 5]
CRITERIA, RATERS, GROUPS = 4, 5, 10
PAIRS = RATERS * (RATERS - 1) // 2


def study_of(items: int, seed: int = 0) -> tuple[dict[str, object], Floats, Floats]:
    """A document with gaps, and of its first criterion judge (n,) and complete ratings (n, 5)."""
    rng = np.random.default_rng(seed)
    ratings: list[dict[str, object]] = []
    scores: list[dict[str, object]] = []
    groups = rng.integers(0, GROUPS, items)
    kept: list[tuple[Floats, Floats]] = []
    for criterion in range(CRITERIA):
        quality = rng.normal(3, 1.2, items)
        human = np.clip(np.round(quality[:, None] + rng.normal(0, 0.8, (items, RATERS))), 0, 5)
        judge = np.clip(np.round(quality + 0.3 + rng.normal(0, 0.8, items)), 0, 5)
        there = rng.random((items, RATERS)) >= 0.15
        name = f"criterion_{criterion}"
        for i in range(items):
            scores.append({"item": f"i{i}", "criterion": name, "judge": "J", "score": int(judge[i])})
            ratings += [
                {"item": f"i{i}", "criterion": name, "rater": f"r{j}", "score": int(human[i, j])}
                for j in range(RATERS)
                if there[i, j]
            ]
        kept.append((judge, human))
    document: dict[str, object] = {
        "scales": {f"criterion_{c}": SCALE for c in range(CRITERIA)},
        "ratings": ratings,
        "judge_scores": scores,
        "items": [{"item": f"i{i}", "subgroups": {"group": f"g{groups[i]}"}} for i in range(items)],
    }
    return document, *kept[0]


def read_study_of(items: int) -> tuple[Study, Floats, Floats]:
    """The same study, read."""
    document, judge, human = study_of(items)
    return judge_calibration.study_from(document), judge, human


def per_call(judge: Floats, human: Floats, pairs: int) -> Mapping[str, tuple[float, int]]:
    """Seconds of one call of each library on these items, and calls of it per resample of one criterion.

    `pairs` of raters are compared: judge with physicians, and on all items physicians with each other too.
    """

    import krippendorff  # noqa: PLC0415  the libraries come after our peak of memory was read
    import pandas as pd  # noqa: PLC0415
    import pingouin  # noqa: PLC0415
    from scipy import stats  # noqa: PLC0415
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415

    consensus, first = human.mean(1), human[:, 0]
    j, h = judge.astype(int), first.astype(int)
    long = pd.DataFrame(
        [(i, r, human[i, r]) for i in range(len(human)) for r in range(RATERS)],
        columns=["item", "rater", "y"],
    )
    units = human.T

    def icc() -> object:
        return pingouin.intraclass_corr(long, targets="item", raters="rater", ratings="y")

    return {
        "bias, MAE, RMSE (numpy)": (best((judge - consensus).mean), 3),
        "Pearson (scipy)": (best(lambda: stats.pearsonr(judge, first)), pairs),
        "Spearman (scipy)": (best(lambda: stats.spearmanr(judge, first)), pairs),
        "tau-b (scipy)": (best(lambda: stats.kendalltau(judge, first)), pairs),
        "kappa (scikit-learn)": (best(lambda: cohen_kappa_score(j, h, labels=SCALE)), pairs),
        "linear kappa (scikit-learn)": (
            best(lambda: cohen_kappa_score(j, h, labels=SCALE, weights="linear")),
            pairs,
        ),
        "quadratic kappa (scikit-learn)": (
            best(lambda: cohen_kappa_score(j, h, labels=SCALE, weights="quadratic")),
            pairs,
        ),
        "alpha, three metrics (krippendorff)": (
            best(lambda: krippendorff.alpha(units, level_of_measurement="ordinal", value_domain=SCALE)),
            3,
        ),
        "six ICC (pingouin)": (best(icc, tries=3), 1),
    }


def best(call: Callable[[], object], tries: int = 5) -> float:
    """The least time of a few batches of calls, in seconds a call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.perf_counter()
        call()
        batch = max(1, int(0.02 / max(time.perf_counter() - started, 1e-7)))
        times = []
        for _ in range(tries):
            started = time.perf_counter()
            for _ in range(batch):
                call()
            times.append((time.perf_counter() - started) / batch)
    return min(times)


def loop_seconds(judge: Floats, human: Floats, resamples: int) -> float:
    """What the libraries would need: everything on all items, and again on each subgroup's."""
    total = 0.0
    part = len(judge) // GROUPS
    parts = (("all items", slice(None), 1, RATERS + PAIRS), ("a subgroup", slice(part), GROUPS, RATERS))
    for title, rows, slices, pairs in parts:
        print(f"\n{title}: {len(judge[rows])} items, {slices * CRITERIA} times")
        for name, (seconds, calls) in per_call(judge[rows], human[rows], pairs).items():
            whole = seconds * calls * resamples * slices * CRITERIA
            total += whole
            print(f"  {name:<38}{seconds * 1e3:9.3f} ms a call x {calls:>2} = {whole:9.1f} s in all")
    return total


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with ProcessPoolExecutor(1) as elsewhere:  # so that the peak is the report's own, not that of the rows
        study, judge, human = elsewhere.submit(read_study_of, asked.items).result()
    options: dict[str, object] = {"resamples": asked.resamples, "seed": 7}
    judge_calibration.report(study, options | {"resamples": 0, "criteria": ["criterion_0"]})  # imports
    rounds = []
    for _ in range(asked.rounds):
        started = time.perf_counter()
        judge_calibration.report(study, options)
        rounds.append(time.perf_counter() - started)
    ours = float(np.median(rounds))
    started = time.perf_counter()
    judge_calibration.report(study, options | {"resamples": 0})
    jackknife = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{asked.items} items x {RATERS} physicians x {CRITERIA} criteria, {GROUPS} subgroups")
    loop = loop_seconds(judge, human, asked.resamples)
    each = ", ".join(f"{seconds:.2f}" for seconds in rounds)
    print(f"\nreport, {asked.resamples} resamples: {ours:.2f} s (rounds {each})")
    print(f"report, jackknife only: {jackknife:.2f} s")
    print(f"library loop, extrapolated: {loop:.0f} s ({loop / 3600:.1f} h)")
    print(f"ratio: {loop / ours:.0f} x        peak memory of the report: {memory:.0f} MiB")


if __name__ == "__main__":
    main()
