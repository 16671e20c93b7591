"""What is kept of calibration, as those see it who do not know stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study


class Keeping(Protocol):
    """Studies, maps and reports by the hash of their content. A failure of the store is a `StoreError`."""

    async def keep_study(self, study: Study) -> None:
        """Keep a study under its digest."""
        ...

    async def study_document(self, study_id: str) -> object:
        """The document a study is read from again; `StudyNotFound`."""
        ...

    async def drop_study(self, study_id: str) -> None:
        """Forget a study; `StudyNotFound`."""
        ...

    async def study_ids(self) -> list[str]:
        """Every study that is kept."""
        ...

    async def keep_map(self, artefact: Mapping[str, Any]) -> None:
        """Keep a sealed artefact under its id."""
        ...

    async def find(self, map_id: str) -> CalibrationMap:
        """The map of that id, kept or shipped; `MapNotFound`."""
        ...

    async def map_ids(self) -> list[str]:
        """Every map that is kept or ships."""
        ...

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force; the library's `MapRejected` for one that is bound to nothing."""
        ...

    async def retire(self, one: CalibrationMap) -> None:
        """Take a map out of force, if it is in."""
        ...

    async def is_active(self, one: CalibrationMap) -> bool:
        """Whether scores are calibrated by it."""
        ...

    async def keep_report(self, report_id: str, answer: Mapping[str, Any]) -> None:
        """Keep what became of a report that was asked for."""
        ...

    async def report(self, report_id: str) -> Mapping[str, Any]:
        """What is known of such a report; `ReportNotFound`."""
        ...
