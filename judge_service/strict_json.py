"""JSON from outside is read strictly: no NaN, no key twice, no half characters; faults quote none of it."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from judge_service.errors import BodyRejected

M = TypeVar("M", bound=BaseModel)
_NAMED = 20  # faults that are told one by one


def validated(parsed: object, model: type[M]) -> M:
    """Parsed JSON as a model; each fault is named by its place and the rule it breaks."""
    try:
        return model.model_validate(parsed)
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_input=False, include_context=False)
        named = tuple((_pointer(fault["loc"]), fault["msg"][:300]) for fault in faults[:_NAMED])
        first = f"{named[0][0]}: {named[0][1]}"
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BodyRejected(first + more, named) from None


def _pointer(location: tuple[int | str, ...]) -> str:
    # A key that is not ours may be anything, also something private; it is cut short.
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1")[:48] for part in location)


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
