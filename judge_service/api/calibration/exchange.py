"""What the calibration routes share: objects of many rows in, plain bytes out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Response

from judge_service.api.presence import CLIENT_CLOSED, ClientGone, while_present
from judge_service.calibrations.desk import Desk
from judge_service.calibrations.library import dumps
from judge_service.errors import BodyRejected, BodyTooLarge
from judge_service.strict_json import loads

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

MOST_ROWS = 100_000  # of ratings and of judges' scores
_VALUES = 2_000_000  # in one body; a row has about six
_SMALL = 2**16  # bytes that are read faster than a thread is had


async def _desk(request: Request) -> Desk:
    desk: Desk = request.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]


async def parsed(desk: Desk, raw: bytes) -> dict[str, Any]:
    """A body as a JSON object; `BodyRejected`, `BodyTooLarge`."""
    if len(raw) < _SMALL:
        return _mapping(raw)
    return await desk.library.do(lambda: _mapping(raw))


def _mapping(raw: bytes) -> dict[str, Any]:
    found = loads(raw, values=_VALUES)
    if not isinstance(found, dict):
        raise BodyRejected("the body is no object", (("", "is an object"),))
    _refuse_too_many(found)
    return found


def _refuse_too_many(document: Mapping[str, Any]) -> None:
    """Raise `BodyTooLarge` for more rows than are worked on while somebody waits."""
    named = document.get("study")
    for part in (document, named if isinstance(named, dict) else {}):
        refuse_rows(_rows(part))


def _rows(part: Mapping[str, Any]) -> int:
    """Rows of a study: those of its tables, and of each scoring answer its criteria and its total."""
    tables = sum(len(_listed(part, name)) for name in ("ratings", "judge_scores"))
    return tables + sum(_rows_of(answer) for answer in _listed(part, "scores"))


def _listed(part: Mapping[str, Any], name: str) -> list[Any]:
    found = part.get(name)
    return found if isinstance(found, list) else []


def _rows_of(answer: object) -> int:
    criteria = answer.get("criteria") if isinstance(answer, dict) else None
    return len(criteria) + 1 if isinstance(criteria, dict) else 0


def refuse_rows(rows: int) -> None:
    """Raise `BodyTooLarge` for more rows than a study may have."""
    if rows > MOST_ROWS:
        raise BodyTooLarge(f"the study has {rows} rows; at most {MOST_ROWS} are taken in one body")


async def while_wanted(request: Request, work: Coroutine[object, object, Response]) -> Response:
    """Answer with what the work gives; when the client has gone, what has not begun does not begin."""
    try:
        return await while_present(request, work)
    except ClientGone:
        return Response(status_code=CLIENT_CLOSED)


async def answered(answer: object, status: int = 200, **headers: str) -> Response:
    """An answer as JSON, the same bytes for the same answer."""
    return as_json(await asyncio.to_thread(dumps, answer), status, **headers)


def as_json(written: bytes | str, status: int = 200, **headers: str) -> Response:
    """An answer that is JSON already."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(written, status, media_type="application/json", headers=names)
