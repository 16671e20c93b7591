"""JSON from outside is read strictly: no NaN, no key twice, no half characters; faults quote none of it."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from judge_service.errors import BodyRejected

M = TypeVar("M", bound=BaseModel)
_NAMED = 20  # faults that are told one by one
_NOTHING = object()


def validated(parsed: object, model: type[M]) -> M:
    """Parsed JSON as a model; each fault is named by its place and the rule it breaks."""
    try:
        return model.model_validate(parsed)
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_input=False, include_context=False)
        places: dict[str, str] = {}
        for fault in faults:
            # A field of several types has one fault for each of them; they are told as one.
            place = _pointer(fault["loc"], parsed, missing=fault["type"] == "missing")
            places[place] = f"{places[place]}; or: {fault['msg']}" if place in places else fault["msg"]
        named = tuple((place, message[:300]) for place, message in list(places.items())[:_NAMED])
        first = f"{named[0][0]}: {named[0][1]}"
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        raise BodyRejected(first + more, named) from None


def _pointer(location: tuple[int | str, ...], parsed: object, *, missing: bool) -> str:
    """Point into what was sent: names of types that pydantic adds to a place are left out."""
    parts: list[str] = []
    for part in location:
        there = _inside(parsed, part)
        if there is _NOTHING and not missing:
            break
        # A key that is not ours may be anything, also something private; it is cut short.
        parts.append(str(part).replace("~", "~0").replace("/", "~1")[:48])
        parsed = there
    return "/" + "/".join(parts)


def _inside(parsed: object, part: int | str) -> object:
    if isinstance(parsed, dict):
        return parsed.get(part, _NOTHING)
    if isinstance(parsed, list) and isinstance(part, int) and part < len(parsed):
        return parsed[part]
    return _NOTHING


def loads(raw: bytes) -> Any:
    """Parse JSON, or raise `BodyRejected` with a reason that quotes none of it."""
    try:
        # Bytes are decoded here: left to it, json also takes UTF-16, UTF-32 and encoded half characters.
        parsed = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        raise BodyRejected("the body is not UTF-8") from None
    except json.JSONDecodeError as exc:
        raise BodyRejected(f"the body is not JSON: {exc.msg} at character {exc.pos}") from None
    except (ValueError, RecursionError):
        raise BodyRejected("the body holds a number or a nesting no request needs") from None
    if b"\\u" in raw:
        _no_half_characters(parsed)
    return parsed


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyRejected("the body gives a key twice in one object")
    return found


def _no_constant(_: str) -> NoReturn:
    raise BodyRejected("the body holds NaN or Infinity, which is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BodyRejected("the body holds a number or a nesting no request needs")
    return number


def _no_half_characters(parsed: object) -> None:
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BodyRejected("the body holds half of a surrogate pair") from None
