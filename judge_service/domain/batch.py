"""What a caller asks for who has many cases at once."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from judge_service.domain.request import (
    DEADLINE_CAP_MS,
    DEADLINE_DEFAULT_MS,
    Milliseconds,
    ScoreRequest,
    a_plain_number,
)

ITEMS_CAP: Final = 256
CUSTOM_ID_CAP: Final = 128


def _only_the_case(schema: dict[str, Any]) -> None:
    schema["required"] = ["case"]  # the rest may come from the defaults


def _nothing_and_no_case(schema: dict[str, Any]) -> None:
    del schema["required"], schema["properties"]["case"]


def _only_the_items(schema: dict[str, Any]) -> None:
    schema["required"] = ["items"]


class BatchItem(ScoreRequest):
    """One item of a batch: the body of `POST /v1/scores`, and a name of yours."""

    model_config = ConfigDict(json_schema_extra=_only_the_case)

    custom_id: str | None = Field(
        default=None, max_length=CUSTOM_ID_CAP, description="Yours; comes back with the item's answer."
    )


class BatchDefaults(ScoreRequest):
    """What every item has that does not say otherwise: any field of a scoring request but its case."""

    model_config = ConfigDict(json_schema_extra=_nothing_and_no_case)


class _Limits(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    deadline_ms: Milliseconds = Field(
        default=None,
        ge=1,
        le=DEADLINE_CAP_MS,
        description="When all answers must be there; an item's own deadline, and the header X-Request-Deadline-Ms, may "
        f"be smaller and then win. Default {DEADLINE_DEFAULT_MS}.",
    )
    max_cost_usd: Annotated[float | None, BeforeValidator(a_plain_number)] = Field(
        default=None,
        ge=0,
        le=1e6,
        description="Most that all items may cost together, in US dollars; an item's own cap holds as well. A call "
        "whose worst case is more than what is left is not made: its item has the problem `cost-cap`.",
    )


class BatchRequest(_Limits):
    """The body of `POST /v1/scores:batch`."""

    model_config = ConfigDict(json_schema_extra=_only_the_items)

    items: list[BatchItem] = Field(
        min_length=1,
        max_length=ITEMS_CAP,
        description="Each is the body of a single `POST /v1/scores`. One that is not is answered with its own problem.",
    )
    defaults: BatchDefaults = Field(
        description="Fields for every item that lacks them. A field that an item has counts alone: objects are not "
        "merged.",
    )


class BatchEnvelope(_Limits):
    """The same as it is read at first: its items are read one by one, so that one at fault harms no other."""

    items: list[Any] = Field(min_length=1, max_length=ITEMS_CAP)
    defaults: dict[str, Any] = Field(default_factory=dict)
