"""Calibration as the API and the command line see it: studies in, figures and maps out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from judge_calibration.errors import MapRejected as NoMap
from judge_calibration.maps.artefact import opened
from judge_service.calibrations.library import dumps, translated
from judge_service.errors import JudgeServiceError, OptionRejected

if TYPE_CHECKING:
    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study
    from judge_service.calibrations.keeping import Keeping
    from judge_service.calibrations.library import Library
    from judge_service.scoring.scorer import Scorer

_BINDING = ("judge", "rubric", "mode")


class Desk:
    """Brings together the archive, the library and the settings of judges and rubrics."""

    def __init__(self, archive: Keeping, library: Library, scorer: Scorer) -> None:
        self.archive = archive
        self.library = library
        self.scorer = scorer
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def study(self, given: Mapping[str, object]) -> tuple[Study, dict[str, object]]:
        """The study that a request brings or names by `study`, and the request without it."""
        named = given.get("study")
        if isinstance(named, str):
            document = await self.archive.study_document(named)
            return await self.library.study(document), _without(given, "study")
        document = (
            named if isinstance(named, Mapping) else {k: v for k, v in given.items() if k in STUDY_FIELDS}
        )
        return await self.library.study(document), _without(given, "study", *STUDY_FIELDS)

    async def run(self, name: str, given: Mapping[str, object]) -> dict[str, Any]:
        """Run an operation on the study that a request brings or names."""
        study, rest = await self.study(given)
        return await self.library.run(name, study, rest)

    async def fit(self, given: Mapping[str, object]) -> tuple[dict[str, Any], bool]:
        """Fit, keep and, with `activate`, put in force; gives the artefact and whether it is in force."""
        study, rest = await self.study(given)
        activate, bind = rest.pop("activate", False), rest.pop("bind", None)
        if not isinstance(activate, bool):
            raise OptionRejected("option 'activate': is true or false", (("/activate", "is true or false"),))
        if bind is not None:
            rest |= self._bound(bind, study.fingerprints.get(str(rest.get("judge"))))
        elif "binding" not in rest:
            rest |= self._self_bound(str(rest.get("judge")), study)
        artefact = await self.library.run("maps", study, rest)
        await self.archive.keep_map(artefact)
        if activate:
            await self.activate(opened(artefact))
        return artefact, activate

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force; `MapRejected` for one that is bound to nothing."""
        try:
            await self.archive.activate(one)
        except NoMap as exc:
            raise translated(exc) from exc

    async def apply(self, map_id: str, given: Mapping[str, object]) -> dict[str, Any]:
        """Scores through a kept map."""
        one = await self.archive.find(map_id)
        return await self.library.run("apply", None, {**given, "map": dict(one.content)})

    async def submit(self, given: Mapping[str, object]) -> str:
        """Begin a report in the background; the same question has the same id, and is computed once."""
        report_id = hashlib.sha256(dumps(_sorted(given))).hexdigest()
        if report_id not in self._under_way:
            await self.archive.keep_report(report_id, {"state": "in_progress"})
            task = asyncio.create_task(self._report(report_id, given), name=f"report-{report_id[:8]}")
            self._under_way[report_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(report_id, None))
        return report_id

    async def aclose(self) -> None:
        """Let go of reports that are under way; who asks again begins them anew."""
        for task in tuple(self._under_way.values()):
            task.cancel()

    async def _report(self, report_id: str, given: Mapping[str, object]) -> None:
        try:
            report = await self.library.written(await self.run("report", given))
            # As text: a record sorts keys, and the report is to be the same bytes as one that was waited for.
            answer: dict[str, Any] = {"state": "completed", "report": report.decode()}
        except JudgeServiceError as exc:
            answer = {"state": "failed", "detail": str(exc)}
        await self.archive.keep_report(report_id, answer)

    def _bound(self, bind: object, carried: Mapping[str, object] | None) -> dict[str, object]:
        """Binding and fingerprint of a judge as it is configured now, unless the study's rows carry one."""
        if not isinstance(bind, Mapping) or set(bind) - set(_BINDING) or not {"judge", "rubric"} <= set(bind):
            raise OptionRejected(
                "option 'bind': is an object of judge, rubric and mode",
                (("/bind", "has judge, rubric and mode"),),
            )
        judge = self.scorer.judge(str(bind["judge"]))
        stored = self.scorer.rubrics.get(str(bind["rubric"]))
        mode = str(bind.get("mode", stored.rubric.modes[0]))
        if mode not in stored.rubric.modes:
            raise OptionRejected(f"option 'bind': rubric {stored.rubric.ref!r} has no mode {mode!r}")
        fingerprint = carried or {
            "rubric_digest": stored.digest,
            "prompt_digest": stored.prompt_digest,
            "judge_kind": judge.spec.kind,
            "model": judge.spec.model,
            "mode": mode,
            "sampling": judge.spec.sampling,
        }
        binding = {"judge": judge.name, "rubric": stored.rubric.id, "mode": mode}
        return {"fingerprint": dict(fingerprint), "binding": binding}

    def _self_bound(self, judge: str, study: Study) -> dict[str, object]:
        """The binding that rows of our own answers imply: their judge, and the rubric of their digest."""
        carried = study.fingerprints.get(judge)
        if carried is None or judge not in self.scorer.judges:
            return {}
        for stored in self.scorer.rubrics.all():
            if stored.digest == carried.get("rubric_digest"):
                mode = str(carried.get("mode"))
                return {"binding": {"judge": judge, "rubric": stored.rubric.id, "mode": mode}}
        return {}


STUDY_FIELDS = ("scales", "ratings", "judge_scores", "items", "composites", "scores", "fingerprints")


def _without(given: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in given.items() if name not in names}


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
