"""What the calibration routes share: bodies in, plain bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Response

from judge_service.api.problems import documented
from judge_service.calibrations.desk import Desk
from judge_service.errors import BodyRejected, BodyTooLarge, MediaTypeRejected
from judge_service.strict_json import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ROWS = 100_000  # of ratings and of judges' scores
_VALUES = 2_000_000  # in one body; a row has about six
PROBLEMS = documented(404, 413, 415, 422, 503)


async def _desk(request: Request) -> Desk:
    desk: Desk = request.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]


async def read_mapping(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object; `BodyRejected`, `BodyTooLarge`, `MediaTypeRejected`."""
    if media_type(request) != "application/json":
        raise MediaTypeRejected("send the body as application/json")
    found = loads(await request.body(), values=_VALUES)
    if not isinstance(found, dict):
        raise BodyRejected("the body is no object", (("", "is an object"),))
    refuse_too_many(found)
    return found


def media_type(request: Request) -> str:
    """What the body is declared as; JSON dialects count as JSON."""
    declared = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    return "application/json" if declared.endswith("+json") and "ndjson" not in declared else declared


def refuse_too_many(document: Mapping[str, Any]) -> None:
    """Raise `BodyTooLarge` for more rows than are worked on while somebody waits."""
    named = document.get("study")
    for part in (document, named if isinstance(named, dict) else {}):
        rows = sum(
            len(part[name]) for name in ("ratings", "judge_scores") if isinstance(part.get(name), list)
        )
        if rows > MOST_ROWS:
            raise BodyTooLarge(f"the study has {rows} rows; at most {MOST_ROWS} are taken in one body")


async def answered(desk: Desk, answer: object, status: int = 200, **headers: str) -> Response:
    """An answer as JSON, the same bytes for the same answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(await desk.library.written(answer), status, media_type="application/json", headers=names)


def body(title: str, examples: Mapping[str, object]) -> dict[str, Any]:
    """The `requestBody` of a route that reads its object itself."""
    shown = {name: {"summary": name, "value": value} for name, value in examples.items()}
    schema = {"type": "object", "title": title}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": shown}},
        }
    }
