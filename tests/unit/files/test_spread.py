"""How many workers there are, and what each may ask: together never more than the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from serving import settings_of

from judge_service.domain.judge import JudgeSpec
from judge_service.files.spread import FEWEST_ROWS, MOST_ROWS, Spread, share_of, spread

if TYPE_CHECKING:
    from judge_service.settings import Settings


def bound(**calls: int) -> Settings:
    """Judges that take so many calls at a time, and a panel of all."""
    plain = {name: {"kind": "scripted", "max_concurrency": count} for name, count in calls.items()}
    return settings_of({**plain, "panel": {"kind": "panel", "members": list(plain)}})


def calls_of(settings: Settings, name: str) -> int:
    spec = settings.judges[name]
    assert isinstance(spec, JudgeSpec)
    return spec.max_concurrency


@given(
    st.integers(1, 4096), st.integers(1, 64), st.integers(1, 64), st.integers(1, 4096), st.integers(1, 512)
)
def test_all_workers_together_keep_to_what_one_would(
    default: int, two: int, three: int, at_once: int, cpus: int
) -> None:
    settings = bound(default=default, two=two, three=three)
    for judge, parts in (("default", ("default",)), ("panel", ("default", "two", "three"))):
        plan = spread(settings, judge, at_once, cpus)
        assert 1 <= plan.workers <= cpus
        assert plan.each >= 1
        assert plan.workers * plan.each <= at_once
        share = share_of(settings, plan.workers)
        for part in parts:
            assert 1 <= calls_of(share, part) * plan.workers <= calls_of(settings, part)
        assert FEWEST_ROWS <= plan.rows <= MOST_ROWS


def test_a_cpu_has_a_worker_while_there_is_enough_to_ask() -> None:
    settings = bound(default=64, two=3)
    assert spread(settings, "default", 64, 2) == Spread(2, 32)
    assert spread(settings, "default", 64, 100) == Spread(64, 1)
    assert spread(settings, "panel", 64, 8) == Spread(3, 21)
    assert spread(settings, "default", 1, 8) == Spread(1, 1)


def test_nothing_else_of_the_settings_changes() -> None:
    settings = bound(default=64, two=3)
    share = share_of(settings, 2)
    assert share.judges["panel"] == settings.judges["panel"]
    whole = settings.judges["default"].model_dump() | {"max_concurrency": 32}
    assert share.judges["default"].model_dump() == whole
    assert share.fence_key == settings.fence_key  # one, and so one prompt for equal rows
    assert share.store_url == settings.store_url
