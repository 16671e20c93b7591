"""Calibration as the API and the command line see it: studies in, figures and maps out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from judge_calibration.maps.artefact import opened
from judge_service.calibrations.binding import bound, check_usable, fits, implied
from judge_service.calibrations.keeping import MOST_LISTED
from judge_service.calibrations.library import dumps
from judge_service.calibrations.reports import Reports
from judge_service.errors import MapRejected, OptionRejected, StudyRejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study
    from judge_service.calibrations.keeping import Keeping, Standing
    from judge_service.calibrations.library import Library
    from judge_service.calibrations.reports import State
    from judge_service.scoring.scorer import Scorer

STUDY_FIELDS = ("scales", "ratings", "judge_scores", "items", "composites", "scores", "fingerprints")
_REMEMBERED = 4  # studies that were read; one never changes


class Desk:
    """Brings together what is kept, the library, and the settings of judges and rubrics."""

    def __init__(self, archive: Keeping, library: Library, scorer: Scorer) -> None:
        self.archive = archive
        self.library = library
        self.scorer = scorer
        self.reports = Reports(archive, self._reported)
        self._read: OrderedDict[str, Study] = OrderedDict()

    async def keep(self, study: Study) -> dict[str, Any]:
        """Keep a study; what is told of it."""
        about = await self.library.do(lambda: _about(study))
        await self.archive.keep_study(study, about)
        return about

    async def study(self, given: Mapping[str, object]) -> tuple[Study, dict[str, object]]:
        """The study that a request brings or names by `study`, and the request without it."""
        rest = {name: value for name, value in given.items() if name != "study"}
        named = given.get("study")
        if isinstance(named, str):
            return await self._kept(named), rest
        if isinstance(named, Mapping):
            with _under("/study"):
                return await self.library.study(named), rest
        if named is not None:
            raise _rejected("study", "is a study's id, or a study")
        document = {name: rest.pop(name) for name in STUDY_FIELDS if name in rest}
        return await self.library.study(document), rest

    async def run(self, name: str, given: Mapping[str, object]) -> dict[str, Any]:
        """Run an operation on the study that a request brings or names."""
        study, rest = await self.study(given)
        with _within_options(rest):
            return await self.library.run(name, study, rest, _of_studies(given))

    async def fit(self, given: Mapping[str, object]) -> tuple[dict[str, Any], Standing]:
        """Fit, keep and, with `activate`, put in force; gives the artefact and where it stands."""
        study, rest = await self.study(given)
        activate, bind = rest.pop("activate", False), rest.pop("bind", None)
        if not isinstance(activate, bool):
            raise _rejected("activate", "is true or false")
        judge = str(rest.get("judge"))
        if bind is not None:
            if taken := {"fingerprint", "binding"} & set(rest):
                raise _rejected(min(taken), "is that of the instrument which `bind` names")
            rest |= bound(self.scorer, bind, study.fingerprints.get(judge))
        elif "binding" not in rest:
            rest |= implied(self.scorer, judge, study)
        artefact = await self.library.run("maps", study, rest, ("activate", "bind", *_of_studies(given)))
        one = opened(artefact)
        if activate or bind is not None:
            check_usable(self.scorer, one)
        if activate:
            await self._check_progress(one)
        await self.archive.keep_map(artefact)
        if activate:
            await self.archive.activate(one)
        return artefact, await self.archive.standing(one)

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force; `MapRejected` for one that no score could be calibrated by."""
        check_usable(self.scorer, one)
        await self._check_progress(one)
        await self.archive.activate(one)

    async def _check_progress(self, one: CalibrationMap) -> None:
        """Raise `MapRejected` for a stale map in place of one that fits: every score would lose its calibration."""
        if fits(self.scorer, one) is not False:
            return
        rival = await self.archive.rival(one)
        if rival is not None and fits(self.scorer, rival):
            raise MapRejected(
                f"the map is of another instrument than the one that is configured; {rival.id}, which is in force, "
                "fits it: retire that first if its place is to be taken"
            )

    async def maps(self, after: str = "", limit: int = MOST_LISTED) -> list[dict[str, Any]]:
        """Maps in short: by id, the first ones behind `after`."""
        return [self._row(one, standing) for one, standing in await self.archive.maps(after, limit)]

    async def apply(self, map_id: str, given: Mapping[str, object]) -> dict[str, Any]:
        """Scores through a kept map."""
        if "map" in given:
            raise _rejected("map", "is named by the address")
        one = await self.archive.find(map_id)
        return await self.library.run("apply", None, {**given, "map": dict(one.content)})

    async def submit(self, given: Mapping[str, object]) -> tuple[str, State]:
        """Ask for a report that nobody waits for; what is at fault in the study is told now.

        Gives its id, and whether it is there already.
        """
        study, rest = await self.study(given)
        if unknown := set(rest) - {"options", "include"}:
            known = ", ".join(sorted({"options", "include", *_of_studies(given)}))
            raise _rejected(min(unknown), f"is not known (known: {known})")
        if not isinstance(rest.get("options") or {}, Mapping):
            raise _rejected("options", "is an object")
        await self.keep(study)
        self._remember(study.digest, study)
        order = {name: value for name, value in rest.items() if value}
        return await self.reports.submit(study.digest, order)

    async def aclose(self) -> None:
        """Let go of everything that is under way."""
        await self.reports.aclose()
        self.library.close()

    async def _reported(self, study_id: str, order: Mapping[str, object]) -> str:
        """The very bytes that a report has which is waited for."""
        answer = await self.run("report", {**order, "study": study_id})
        return (await self.library.do(lambda: dumps(answer))).decode()

    async def _kept(self, study_id: str) -> Study:
        if not await self.archive.has_study(study_id):  # forgotten, perhaps through another replica
            self._read.pop(study_id, None)
        if study_id not in self._read:
            document = await self.archive.study_document(study_id)
            self._remember(study_id, await self.library.study(document))
        self._read.move_to_end(study_id)
        return self._read[study_id]

    def _remember(self, study_id: str, study: Study) -> None:
        self._read[study_id] = study
        while len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)

    def _row(self, one: CalibrationMap, standing: Standing) -> dict[str, Any]:
        content = one.content
        return {
            "id": one.id,
            "criterion": one.criterion,
            "method": content.get("method"),
            "judge": content["judge"].get("name"),
            "binding": content["judge"].get("binding"),
            "n_items": (content.get("fit") or {}).get("n_items"),
            "status": standing,
            "fits": fits(self.scorer, one),
        }


def _of_studies(given: Mapping[str, object]) -> tuple[str, ...]:
    """What a request may say of its study: the fields of one only where it names none."""
    return ("study",) if given.get("study") is not None else ("study", *STUDY_FIELDS)


def _about(study: Study) -> dict[str, Any]:
    return {"study_id": study.digest, "profile": study.profile(), "warnings": list(study.warnings)}


def _rejected(option: str, detail: str) -> OptionRejected:
    return OptionRejected(f"option {option!r}: {detail}", ((f"/{option}", detail),))


@contextmanager
def _under(place: str) -> Iterator[None]:
    """Faults of a part of the body, told from the body's root."""
    try:
        yield
    except (StudyRejected, OptionRejected) as exc:
        faults = tuple((place + pointer, detail) for pointer, detail in exc.faults)
        raise type(exc)(str(exc), faults) from exc


@contextmanager
def _within_options(given: Mapping[str, object]) -> Iterator[None]:
    """An option that was given under `options` is told from there."""
    try:
        yield
    except OptionRejected as exc:
        options = given.get("options")
        inside = isinstance(options, Mapping) and exc.faults[0][0].partition("/")[2] in options
        place = "/options" if inside else ""
        raise OptionRejected(str(exc), ((place + exc.faults[0][0], exc.faults[0][1]),)) from exc
