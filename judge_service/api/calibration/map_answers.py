"""What the routes of maps answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from judge_service.api.calibration.answers import OPEN, Data
from judge_service.calibrations.keeping import Standing


class MapArtefact(BaseModel):
    """A map as plain data: straight lines between `knots`, an interval of `conformal` half-widths."""

    model_config = OPEN

    kind: Literal["judge-calibration-map"]
    format: int
    criterion: str
    method: str
    knots: list[list[float]]
    domain: Data = Field(description="Scores and subgroups that it was fitted on.")
    judge: Data = Field(description="Name, fingerprint of the instrument, and binding.")
    id: str


class FittedMap(BaseModel):
    """A map and whether it is in force. `kept`: it never was."""

    id: str
    status: Standing
    map: MapArtefact


class MapRow(BaseModel):
    """A map in short. `fits`: whether it is of the instrument that is configured where it is bound."""

    id: str
    criterion: str
    method: str | None
    judge: str | None
    binding: Data | None
    n_items: int | None
    status: Standing
    fits: bool | None


class MapList(BaseModel):
    """Maps by id."""

    maps: list[MapRow]
    has_more: bool = Field(description="Whether others sort behind the last: ask again with `after`.")


class AppliedScores(BaseModel):
    """Every score with what the map makes of it."""

    model_config = OPEN

    map: str
    criterion: str
    scores: list[Data]
    extrapolated_share: float | None = Field(description="Of the rows with a score; null where none has one.")
    levels_may_be_claimed: bool


MAP_ANSWERS: tuple[type[BaseModel], ...] = (FittedMap, MapList, AppliedScores)
