"""What a caller may choose; every option has a default."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, get_args

from judge_calibration.agreement.alternative_annotator import Test
from judge_calibration.criterion_table import Consensus
from judge_calibration.errors import OptionRejected, UnknownOption

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_RESAMPLES = 20_000
MOST_SUBGROUPS = 12  # groups of one variable
Names = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a report.

    resamples: bootstrap draws; 0 leaves jackknife and analytic intervals.
    seed: of every draw. level: of intervals.
    epsilon: tolerated loss of the alternative annotator test; q: its false discovery rate; alt_test: which.
    cluster_by: None takes the clusters the items declare, "item" none at all, or the name of a subgroup
    variable whose labels are the clusters.
    subgroups: variables to split by; None for all that have at most 12 groups.
    consensus: mean, median or mode. alpha: conformal intervals miss this share.
    ceiling_margin: how far below the human ceiling a judge still counts as agreeing like a physician.
    criteria, judges: only these, one at least; None for all.
    """

    resamples: int = 2000
    seed: int = 0
    level: float = 0.95
    epsilon: float = 0.2
    q: float = 0.05
    alt_test: Test = "t"
    cluster_by: str | None = None
    subgroups: Names = None
    consensus: Consensus = "mean"
    alpha: float = 0.1
    ceiling_margin: float = 0.05
    criteria: Names = None
    judges: Names = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Every option, in the order above."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def of(cls, given: Mapping[str, object] | None) -> Options:
        """Read plain data; OptionRejected names the option at fault."""
        chosen: dict[str, object] = {}
        for name, value in (given or {}).items():
            if name not in _READERS:
                raise UnknownOption(str(name)[:60], cls.names())
            chosen[name] = _READERS[name](name, value)
        return replace(cls(), **chosen)  # type: ignore[arg-type]  # each was read as its own kind

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


def _whole(name: str, value: object) -> int:
    least, most = {"resamples": (0, MOST_RESAMPLES), "seed": (0, 2**32 - 1)}[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise OptionRejected(name, f"is a whole number from {least} to {most}")
    return value


def _share(name: str, value: object) -> float:
    least, most = {"level": (0.5, 0.999), "q": (0.0001, 0.5), "alpha": (0.01, 0.5)}.get(name, (0.0, 1.0))
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise OptionRejected(name, f"is a number from {least} to {most}")
    return float(value)


def _name(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise OptionRejected(name, "is a text or null")
    return value


def _names(name: str, value: object) -> Names:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise OptionRejected(name, "is a list of texts")
    if not value and name != "subgroups":  # no variable to split by is a report; no criterion is none
        raise OptionRejected(name, "names nothing; leave it out for all")
    return tuple(str(each) for each in value)


def _choice(name: str, value: object) -> str:
    choices: tuple[str, ...] = get_args({"alt_test": Test, "consensus": Consensus}[name])
    if value not in choices:
        raise OptionRejected(name, f"is one of {', '.join(choices)}")
    return str(value)


_READERS = {
    "resamples": _whole,
    "seed": _whole,
    "level": _share,
    "epsilon": _share,
    "q": _share,
    "alpha": _share,
    "ceiling_margin": _share,
    "alt_test": _choice,
    "consensus": _choice,
    "cluster_by": _name,
    "subgroups": _names,
    "criteria": _names,
    "judges": _names,
}
