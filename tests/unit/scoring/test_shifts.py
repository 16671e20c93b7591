"""What a probe's arms come to: counted, and told apart from noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from builders import a_verdict, an_unscored
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from judge_service.scoring.shifts import Pair, answers, by_chance, look, shift

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from judge_service.domain.looking import CriterionLook
    from judge_service.domain.verdict import Scored, Unscored

Said = int | str | None  # a level; None: it abstains; an outcome otherwise


def said(what: Said) -> Scored | Unscored:
    if isinstance(what, int):
        return a_verdict(20.0 * what, level=what)
    return an_unscored("abstained" if what is None else what)  # type: ignore[arg-type]


def pairs(*both: tuple[Said, Said]) -> list[Pair]:
    return [Pair(said(one), said(other)) for one, other in both]


SAME = [(4, 4)] * 6
MOVED: list[tuple[Said, Said]] = [(4, 1)] * 6


def looked(
    blanked: Sequence[tuple[Said, Said]], again: Sequence[tuple[Said, Said]], threshold: float = 0.025
) -> CriterionLook:
    noise = pairs(*again)
    shifts = {"blanked": shift("blanked", pairs(*blanked), noise), "again": shift("again", noise, noise)}
    return look({}, shifts, needs_images=True, threshold=threshold)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("blanked", "again", "verdict"),
    [
        (MOVED, SAME, True),
        ([(4, None)] * 6, SAME, True),  # a judge that abstains on nothing has looked
        ([(None, 4)] * 6, SAME, True),
        (SAME, SAME, False),
        ([(4, 4)] * 9 + [(4, 3)], [(4, 4)] * 9 + [(4, 5)], False),
        (SAME[:4], SAME[:4], None),  # too few to say that it did not
        (MOVED[:3], SAME[:3], None),  # too few for chance to be ruled out
        (MOVED[:4], SAME[:4], True),
        ([(4, 4)] * 5 + [(4, 1)], SAME, None),
        (MOVED, MOVED, None),  # all noise
        ([(4, "unparsable")] * 6, SAME, None),
        ([(None, None)] * 6, [(None, None)] * 6, None),
        (MOVED, [(4, "provider_error")] * 6, None),
    ],
)
def test_whether_it_looked_is_said_only_where_it_can_be_known(
    blanked: list[tuple[Said, Said]], again: list[tuple[Said, Said]], verdict: bool | None
) -> None:
    found = looked(blanked, again)
    assert found.looked is verdict
    assert found.reason


def test_a_shift_counts_each_way_of_changing_and_leaves_nothing_out_unsaid() -> None:
    arm = pairs((4, 4), (4, 1), (4, None), (None, 2), (None, None), (4, "refused"))
    arm.append(Pair(said(4), said(4), same_images=True))
    found = shift("blanked", arm, pairs((4, 4), (3, 3)))
    assert (found.pairs, found.scored, found.same_images) == (4, 2, 1)
    assert (found.level_changed, found.began_to_abstain, found.stopped_abstaining) == (1, 1, 1)
    assert (found.mean, found.changed_share) == (-30.0, 0.75)
    assert found.p == pytest.approx(stats.fisher_exact(np.array([[3, 1], [0, 2]]), alternative="greater")[1])


def test_an_arm_counts_every_outcome() -> None:
    found = answers([said(4), said(1), said(None), said("refused"), said("refused")])
    assert (found.answers, found.scored, found.mean) == (5, 2, 50.0)
    assert found.outcomes == {"abstained": 1, "refused": 2, "scored": 2}
    assert answers([said(None)]).mean is None


def test_words_have_levels_that_change_and_no_points() -> None:
    one, other = (a_verdict(None, level=word) for word in ("supported", "contradicted"))
    found = shift("blanked", [Pair(one, other)], [Pair(one, one)])
    assert (found.level_changed, found.mean, found.scored) == (1, None, 1)


@given(st.integers(0, 30), st.integers(0, 30), st.data())
def test_chance_is_fishers(of: int, of_noise: int, data: st.DataObject) -> None:
    changed, noisy = data.draw(st.integers(0, of)), data.draw(st.integers(0, of_noise))
    table = [[changed, of - changed], [noisy, of_noise - noisy]]
    expected = stats.fisher_exact(np.array(table), alternative="greater")[1] if of and of_noise else 1.0
    assert by_chance(changed, of, noisy, of_noise) == pytest.approx(expected, abs=1e-8)


SAYINGS = st.one_of(st.integers(0, 5), st.none(), st.sampled_from(["refused", "timeout", "unparsable"]))
ARMS = st.lists(st.tuples(SAYINGS, SAYINGS), max_size=12)


@given(ARMS, ARMS, st.randoms())
def test_the_order_of_the_cases_is_of_no_account(
    blanked: list[tuple[Said, Said]], again: list[tuple[Said, Said]], order: random.Random
) -> None:
    before = looked(blanked, again)
    order.shuffle(blanked)
    order.shuffle(again)
    assert looked(blanked, again) == before


@given(ARMS, ARMS)
def test_no_count_exceeds_another_and_every_verdict_has_its_reason(
    blanked: list[tuple[Said, Said]], again: list[tuple[Said, Said]]
) -> None:
    found = looked(blanked, again)
    arm = found.shifts["blanked"]
    changed = arm.level_changed + arm.began_to_abstain + arm.stopped_abstaining
    assert changed <= arm.pairs <= len(blanked)
    assert (arm.changed_share is None) == (arm.pairs == 0)
    if found.looked:
        assert changed
        assert arm.p is not None
        assert arm.p <= 0.025
    if found.looked is False:
        assert arm.pairs >= 5
