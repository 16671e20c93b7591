"""What is kept of calibration, as those see it who do not know stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study

MOST_LISTED = 1000  # in one page
Standing = Literal["active", "retired", "kept"]  # in force, no longer in force, never in force


class Keeping(Protocol):
    """Studies, maps and reports by the hash of their content.

    A failure of the store is a `StoreError`; what is too large to be kept, `BodyTooLarge`.
    """

    async def keep_study(self, study: Study, about: Mapping[str, Any]) -> None:
        """Keep a study under its digest, with what is told of it."""
        ...

    async def has_study(self, study_id: str) -> bool:
        """Whether a study is kept."""
        ...

    async def study_document(self, study_id: str) -> object:
        """The document a study is read from again; `StudyNotFound`."""
        ...

    async def study_about(self, study_id: str) -> object:
        """What was told of a study when it came; `StudyNotFound`."""
        ...

    async def drop_study(self, study_id: str) -> None:
        """Forget a study; `StudyNotFound`."""
        ...

    async def study_ids(self, after: str = "", limit: int = MOST_LISTED) -> list[str]:
        """Studies that are kept: by id, the first ones behind `after`."""
        ...

    async def keep_map(self, artefact: Mapping[str, Any]) -> None:
        """Keep a sealed artefact under its id."""
        ...

    async def find(self, map_id: str) -> CalibrationMap:
        """The map of that id, kept or shipped; `MapNotFound`."""
        ...

    async def maps(self, after: str = "", limit: int = MOST_LISTED) -> list[tuple[CalibrationMap, Standing]]:
        """Maps that are kept, and those that ship: by id, the first ones behind `after`."""
        ...

    async def standing(self, one: CalibrationMap) -> Standing:
        """Whether scores are calibrated by a map, or were."""
        ...

    async def rival(self, one: CalibrationMap) -> CalibrationMap | None:
        """The other map that is in force where this one might be."""
        ...

    async def activate(self, one: CalibrationMap) -> None:
        """Put a map in force; ValueError for one that is bound to nothing."""
        ...

    async def retire(self, one: CalibrationMap) -> None:
        """Take a map out of force, if it is in."""
        ...

    async def replace_report(
        self, report_id: str, expected: Mapping[str, Any] | None, record: Mapping[str, Any]
    ) -> bool:
        """Keep what is known of a report in place of what was known, None: nothing; False when that has changed."""
        ...

    async def report(self, report_id: str) -> dict[str, Any]:
        """What is known of such a report; `ReportNotFound`."""
        ...

    async def drop_report(self, report_id: str) -> None:
        """Forget a report; `ReportNotFound`."""
        ...

    def claimed(self, report_id: str) -> AbstractAsyncContextManager[bool]:
        """Whether its computation is ours as long as the block lasts; False when another replica has it."""
        ...
