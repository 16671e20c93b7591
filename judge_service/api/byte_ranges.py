"""Which part of a file a `Range` header asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from judge_service.errors import BeyondTheEnd

_LINES: dict[str, object] = {"application/x-ndjson": {"schema": {"type": "string"}}}
# The `responses` of a route that answers with a file.
FILE: dict[int | str, dict[str, object]] = {
    200: {"content": _LINES, "description": "All lines that are there."},
    206: {"content": _LINES, "description": "The range that was asked for."},
    304: {"description": "Nothing was added since the ETag."},
}
_ONE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end`; `whole` where no range was asked for."""

    start: int
    end: int
    whole: bool

    @property
    def status(self) -> int:
        return 200 if self.whole else 206

    def headers(self, size: int) -> dict[str, str]:
        """What tells the part; the file has `size` bytes now."""
        told = {"Accept-Ranges": "bytes", "Content-Length": str(self.end - self.start)}
        if not self.whole:
            told["Content-Range"] = f"bytes {self.start}-{self.end - 1}/{size}"
        return told


def span_of(header: str | None, size: int) -> Span:
    """Read a `Range` header; one that is not of one range of bytes counts as none, as RFC 9110 has it."""
    asked = _ONE.fullmatch(header.strip()) if header else None
    if asked is None or asked.group(0) == "bytes=-":
        return Span(0, size, whole=True)
    first, last = asked.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return Span(0, size, whole=True)
    if start >= end:
        raise BeyondTheEnd(size)
    return Span(start, end, whole=False)
