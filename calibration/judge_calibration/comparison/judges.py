"""Two judges against the same physicians on the same items, every difference on shared resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from judge_calibration.agreement.consensus import NAMES as CONSENSUS_NAMES
from judge_calibration.comparison.tests import CLUSTERED, Test, sign_flip_test, untested, williams_test
from judge_calibration.engine.replicates import replicate
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded_p
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.families import judge_families
from judge_calibration.reporting.options import Options
from judge_calibration.reporting.rater_section import judged_sample, sample_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.replicates import Replicate, Replicates
    from judge_calibration.reporting.context import View
    from judge_calibration.study import Study


@dataclass(frozen=True, slots=True)
class Pair:
    """Two judges' scores (n,) on the items that both scored, and the view of those items."""

    view: View
    first: FloatArray
    second: FloatArray
    items: tuple[str, ...]

    @classmethod
    def of(cls, context: Context, criterion: str, first: str, second: str) -> Pair:
        """Restrict a criterion to the items that both judges scored; rated or not."""
        a, b = context.judged(criterion, first), context.judged(criterion, second)
        rows = np.flatnonzero(~np.isnan(a) & ~np.isnan(b))
        names = tuple(context.study.items[context.order[row]] for row in rows)
        return cls(context.view(criterion).rows(rows, context.units), a[rows], b[rows], names)


def compare(
    study: Study, first: str, second: str, options: Mapping[str, object] | Options | None = None
) -> dict[str, Any]:
    """By criterion: each judge's statistics, second minus first with an interval, and tests with q-values.

    q-values control the false discovery rate over all criteria and tests (Benjamini and Hochberg 1995).
    Raises OptionRejected for a judge that the study lacks and NotEnough when they share no item.
    """
    chosen = options if isinstance(options, Options) else Options.of(options)
    criteria = compare_in(Context.of(study, chosen), first, second)
    return {
        "study": study.digest,
        "judges": [first, second],
        "options": chosen.as_json(),
        "criteria": criteria,
    }


def compare_in(context: Context, first: str, second: str) -> dict[str, dict[str, object]]:
    """The same by criterion, of a study that is ready, whose resamples others may share."""
    return compare_pairs(context, pairs_of(context, first, second))


def pairs_of(context: Context, first: str, second: str) -> dict[str, Pair]:
    """Both judges on the items that both scored, by criterion; errors as of `compare`."""
    return {name: Pair.of(context, name, first, second) for name in _shared_criteria(context, first, second)}


def compare_pairs(context: Context, pairs: Mapping[str, Pair]) -> dict[str, dict[str, object]]:
    """Statistics of both, their differences and tests, by criterion; q-values are over all of them."""
    tests = _with_q({name: _paired_tests(context, pair) for name, pair in pairs.items()})
    return {name: _compared(context, pair) | {"tests": tests[name]} for name, pair in pairs.items()}


def _shared_criteria(context: Context, first: str, second: str) -> tuple[str, ...]:
    """Criteria on which both judges scored some of the same items."""
    known = {judge for table in context.study.tables.values() for judge in table.judges}
    for judge in (first, second):
        if judge not in known:
            raise OptionRejected("judges", f"{judge[:60]!r} is not in the study")
    if first == second:
        raise OptionRejected("judges", "two different judges are compared")
    criteria = tuple(
        name
        for name in context.criteria
        if {first, second} <= set(context.study.tables[name].judges)
        and len(Pair.of(context, name, first, second).items)
    )
    if not criteria:
        raise NotEnough("the two judges share no item of any criterion")
    return criteria


def _compared(context: Context, pair: Pair) -> dict[str, object]:
    """Statistics of both judges and their differences."""
    view, columns = pair.view, pair.view.columns
    both = [judge_families(view, scores) for scores in (pair.first, pair.second)]
    families = [family for each in both for family in each.values()]
    found = replicate(families, context.resampler, columns)
    half = len(found) // 2
    first, second = (_named(found[:half]), _named(found[half:]))
    rated = judged_sample(view, pair.first)
    agreed = sample_on(view, ~np.isnan(view.consensus))
    rows: dict[str, object] = {}
    for name in first:
        difference = second[name] - first[name]
        sample = agreed if name in CONSENSUS_NAMES else rated
        rows[name] = {
            "first": context.teller.tell(name, first[name], sample).as_json(),
            "second": context.teller.tell(name, second[name], sample).as_json(),
            "difference": context.teller.difference(name, difference, sample).as_json(),
        }
    return {"n_items": len(pair.items), "n_rated": rated.n_items, "statistics": rows}


def _paired_tests(context: Context, pair: Pair) -> list[Test]:
    """Sign flips on scores and on errors, and on a scale of numbers Williams on correlations with the consensus.

    Those of errors and correlations are over the items that have a consensus.
    """
    view, seed = pair.view, context.options.seed
    rated = np.flatnonzero(~np.isnan(view.consensus))
    units, _ = view.units.subset(rated)
    first, second, y = pair.first[rated], pair.second[rated], view.consensus[rated]
    scores, errors = "sign_flip_scores", "sign_flip_errors"
    if not view.scale.is_numeric:
        error = (second != y) * 1.0 - (first != y)
        return [
            untested(scores, len(pair.items), "not_for_this_scale"),  # labels have no direction to flip
            sign_flip_test(error, units, seed=seed, name=errors),
        ]
    return [
        sign_flip_test(pair.second - pair.first, view.units, seed=seed, name=scores),
        williams_test(first, second, y) if units.are_items else untested("williams", len(y), CLUSTERED),
        sign_flip_test(np.abs(second - y) - np.abs(first - y), units, seed=seed, name=errors),
    ]


def _named(found: Sequence[Replicates]) -> dict[str, Replicate]:
    return {name: each for one in found for name, each in one.named().items() if "|" not in name}


def _with_q(tests: Mapping[str, Sequence[Test]]) -> dict[str, list[dict[str, object]]]:
    """Tests as plain data by criterion, each with its q-value over all criteria and tests."""
    p = [test.p for each in tests.values() for test in each if test.p is not None]
    q = iter(stats.false_discovery_control(p, method="bh").tolist() if p else [])
    return {
        criterion: [
            test.as_json() | {"q": rounded_p(next(q)) if test.p is not None else None} for test in each
        ]
        for criterion, each in tests.items()
    }
