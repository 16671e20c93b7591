"""JSON from outside is read strictly: no NaN, no key twice, no half characters; faults quote none of it."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from judge_service.errors import BodyRejected

if TYPE_CHECKING:
    from collections.abc import Iterator

M = TypeVar("M", bound=BaseModel)
_NAMED = 20  # faults that are told one by one
# A request has less than two hundred values. Each one costs memory and time, however small it is.
_VALUES_CAP = 10_000
_KEYS_CAP = 1_000  # in one object
_MARKS = (b"{", b"[", b",")
_HALF = re.compile("[\ud800-\udfff]")


def validated(parsed: object, model: type[M], under: str = "") -> M:
    """Parsed JSON as a model; each fault is named by its place and the rule it breaks.

    `under`: the JSON pointer to what was parsed, where that is part of a body.
    """
    try:
        return model.model_validate(parsed)
    except ValidationError as exc:
        told = _told(exc, model)
        named = tuple(
            (_inside(under, place), "; or: ".join(rules)[:300])
            for place, rules in list(told.items())[:_NAMED]
        )
        first = f"{named[0][0]}: {named[0][1]}"
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        raise BodyRejected(first + more, named) from None


def _inside(under: str, place: str) -> str:
    return under if under and place == "/" else under + place


def _told(exc: ValidationError, model: type[BaseModel]) -> dict[str, dict[str, None]]:
    """Each place at fault with its rules: a field of several types has one for each of them."""
    places: dict[str, dict[str, None]] = {}
    for fault in exc.errors(include_url=False, include_input=False, include_context=False):
        location, rule = fault["loc"], fault["msg"]
        if fault["type"] == "extra_forbidden":
            location = location[:-1]
            rule = "a key that is not known here" + _known(model, location)
        places.setdefault(_pointer(location, _names(model)), {})[rule] = None
    return places


def _known(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Say which keys the object at this place may have, where one model alone stands for it."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ""
        model = inner
    return f" (known: {', '.join(model.model_fields)})"


def _pointer(location: tuple[int | str, ...], names: frozenset[str]) -> str:
    """Point as deep as the words are ours: a key of the caller's own may be a person's name."""
    ours = takewhile(lambda part: isinstance(part, int) or part in names, location)
    return "/" + "/".join(map(str, ours))


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """Every field's name, of this model and of those inside it."""
    schema = model.model_json_schema()
    models = (schema, *schema.get("$defs", {}).values())
    return frozenset(name for each in models for name in each.get("properties", ()))


def loads(raw: bytes, *, values: int = _VALUES_CAP) -> Any:
    """Parse JSON of at most so many values, or raise `BodyRejected` with a reason that quotes none of it."""
    _of_bounded_size(raw, values)
    try:
        # Bytes are decoded here: left to it, json also takes UTF-16, UTF-32 and encoded half characters.
        parsed = json.loads(
            decoded(raw),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as exc:
        raise BodyRejected(f"the body is not JSON: {exc.msg} at character {exc.pos}") from None
    except (ValueError, RecursionError):
        raise BodyRejected("the body holds a number or a nesting no request needs") from None
    if b"\\u" in raw and any(_HALF.search(text) for text in _texts(parsed)):
        raise BodyRejected("the body holds half of a surrogate pair")
    return parsed


def decoded(raw: bytes) -> str:
    """The text of a body, a byte order mark taken off; `BodyRejected`."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BodyRejected("the body is not UTF-8") from None


def _of_bounded_size(raw: bytes, cap: int) -> None:
    """Refuse what would become very many objects before any of them is made; what is in a text counts not."""
    if sum(_up_to_the_cap(raw, mark, cap) for mark in _MARKS) < cap:
        return
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') <= 4 * cap:  # two for each text, and two texts for each value
        outside = plain.split(b'"')[::2]
        if sum(part.count(mark) for part in outside for mark in _MARKS) < cap:
            return
    raise BodyRejected("the body has more values than any request has")


def _up_to_the_cap(raw: bytes, mark: bytes, cap: int) -> int:
    # Three times as fast as `count` over a body of images.
    at = -1
    for found in range(cap):
        at = raw.find(mark, at + 1)
        if at < 0:
            return found
    return cap


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > _KEYS_CAP:
        raise BodyRejected("the body has more keys than any request has in one object")
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


def _texts(parsed: object) -> Iterator[str]:
    """Every text inside, keys too; without recursion, for the nesting is the caller's."""
    left = [parsed]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case list() as items:
                left += items
            case dict() as fields:
                left += (*fields, *fields.values())
