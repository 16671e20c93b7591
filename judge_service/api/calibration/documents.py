"""How the calibration routes are told in the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_service.api import examples
from judge_service.api.bodies import JSON
from judge_service.api.problems import documented

if TYPE_CHECKING:
    from collections.abc import Mapping


def body(shape: str, values: Mapping[str, object], texts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The `requestBody` of a route that reads its object itself; an example is told by its name."""
    return examples.body(
        shape, {name: {"summary": name, "value": value} for name, value in values.items()}, texts
    )


OF_BODIES = (404, 413, 415, 422, 503)
OF_READING = (404, 503)


def gives(
    shape: str | None, status: int = 200, *, problems: tuple[int, ...] = OF_BODIES, page: bool = False
) -> dict[int | str, Any]:
    """The `responses` of a route: its answer, and the problems that it may answer with."""
    if shape is None:
        return documented(*problems)
    content: dict[str, Any] = {JSON: {"schema": examples.ref(shape)}}
    if page:
        content["text/html"] = {"schema": {"type": "string"}}
    return {**documented(*problems), status: {"description": shape, "content": content}}
