"""A scorer of several judges, and of panels and cascades made of them, asked on a virtual clock."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from builders import a_completion, a_request, a_spec, a_stored_rubric, an_attempt, an_entry
from calibrationmaps import a_fingerprint, a_map
from calibrationscorer import NoPictures
from lines import BrokenLine, FakeCache, FakeLine
from pydantic import TypeAdapter
from virtualtime import now, virtual

from judge_service.backends.base import JudgeCallFailed
from judge_service.domain.panel import AnySpec
from judge_service.errors import BackendTimeout, BackendUnavailable, MapNotFound
from judge_service.judges import with_composites
from judge_service.prompts import Prompts
from judge_service.rubric_store import RubricStore
from judge_service.scoring.judge import Judge, Line
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_service.domain.judge import JudgeSpec
    from judge_service.domain.rubric import Rubric
    from judge_service.domain.score import Score
    from judge_service.scoring.calibrating import Maps

SPECS: TypeAdapter[dict[str, AnySpec]] = TypeAdapter(dict[str, AnySpec])


def saying(level: object, cost_microusd: int | None = None, **fields: Any) -> FakeLine:
    """A line that gives every criterion of `a_rubric` this level."""
    entries = {name: an_entry(level) for name in ("accuracy", "clarity")}
    plain: dict[str, Any] = {"model": None} | fields
    attempt = an_attempt(input_tokens=100, output_tokens=20, cost_microusd=cost_microusd)
    return FakeLine(a_completion(json.dumps(entries), **plain), (attempt,))


def saying_of_each(**levels: object) -> FakeLine:
    entries = {name: an_entry(level) for name, level in levels.items()}
    return FakeLine(a_completion(json.dumps(entries), model=None))


def refusing() -> FakeLine:
    return FakeLine(a_completion("", finish="refusal", model=None))


def down(detail: str = "it is away") -> BrokenLine:
    return BrokenLine(JudgeCallFailed(BackendUnavailable(detail), ()))


def late() -> BrokenLine:
    return BrokenLine(JudgeCallFailed(BackendTimeout("it was late"), ()))


class SlowLine(FakeLine):
    """Answers after so many seconds."""

    def __init__(self, seconds: float, level: object = 4) -> None:
        super().__init__(saying(level).completion)
        self.seconds = seconds

    async def call(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(self.seconds)
        return await super().call(*args, **kwargs)


class ShelfOfNames:
    """Maps in force by the judge's name."""

    def __init__(self, **maps: CalibrationMap) -> None:
        self.maps = maps

    async def active(self, judge: str, rubric: str, mode: str) -> tuple[CalibrationMap, ...]:
        return (self.maps[judge],) if judge in self.maps else ()

    async def find(self, map_id: str) -> CalibrationMap:
        for one in self.maps.values():
            if one.id == map_id:
                return one
        raise MapNotFound("unknown")


def a_map_of(judge: str, half_width: float, **fingerprint: Any) -> CalibrationMap:
    """Of the judge's totals, with an interval so many points to either side."""
    instrument = a_fingerprint(**{"model": f"model-{judge}"} | fingerprint)
    binding = {"judge": judge, "rubric": "plain", "mode": "text"}
    return a_map(
        judge={"name": judge, "fingerprint": instrument, "binding": binding},
        domain={"low": 0.0, "high": 100.0, "subgroups": {}},
        knots=[[0.0, 0.0], [100.0, 100.0]],
        conformal={"alpha": 0.1, "by": None, "quantiles": {"": half_width}, "rounded": False},
    )


def a_scorer(
    lines: Mapping[str, Line],
    made: Mapping[str, Mapping[str, Any]],
    *,
    maps: Maps | None = None,
    rubric: Rubric | None = None,
    cache: FakeCache | None = None,
    specs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Scorer:
    """Plain judges with these lines, each with a model of its own, and what is made of them."""
    kept = cache or FakeCache()
    plain = {name: a_spec(**{"model": f"model-{name}"} | dict((specs or {}).get(name, {}))) for name in lines}

    def judge(name: str, spec: JudgeSpec) -> Judge:
        return Judge(name, spec, lines[name], Prompts(b"key"), kept)

    judges = with_composites({**plain, **SPECS.validate_python(dict(made))}, judge)
    return Scorer(RubricStore([a_stored_rubric(rubric)]), judges, NoPictures(), maps)


def a_panel(*members: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "panel", "members": list(members), **fields}


def a_cascade(*steps: str, width: float = 20, **fields: Any) -> dict[str, Any]:
    return {"kind": "cascade", "steps": list(steps), "escalate_width": width, **fields}


def score(scorer: Scorer, judge: str, seconds: float = 100, **fields: Any) -> Score:
    @virtual
    async def ask() -> Score:
        return await scorer.score(a_request(judge=judge, **fields), deadline=now() + seconds)

    return ask()
