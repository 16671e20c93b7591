"""Which of several kinds of answer a client would rather have (RFC 9110, `Accept`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

_EXACTLY, _OF_THE_TYPE, _ANYTHING, _REFUSED = 2, 1, 0, -1


def wanted(request: Request, *offers: str) -> str:
    """The offer with the highest quality; of equals the one that is named, then the first.

    Where the client wants none of them, the first that it does not refuse by a quality of 0, else the first: an
    answer it did not ask for is better than none.
    """
    ranges = [_read(part) for header in request.headers.getlist("accept") for part in header.split(",")]
    if not ranges:
        return offers[0]
    return max(offers, key=lambda offer: _liking(offer, ranges))


def _liking(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Quality and closeness of the range that says most about the offer."""
    kind = offer.partition("/")[0]
    for closeness, name in ((_EXACTLY, offer), (_OF_THE_TYPE, f"{kind}/*"), (_ANYTHING, "*/*")):
        found = [quality for named, quality in ranges if named == name]
        if found:
            quality = max(found)
            return quality, closeness if quality else _REFUSED
    return 0.0, _ANYTHING


def _read(part: str) -> tuple[str, float]:
    name, *parameters = (each.strip().lower() for each in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, _quality(value)
    return name, 1.0


def _quality(digits: str) -> float:
    try:
        quality = float(digits)
    except ValueError:
        return 1.0
    return quality if 0 <= quality <= 1 else 1.0
