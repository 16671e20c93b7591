"""Reads an uploaded form as it comes.

The framework's own way writes each upload to a temporary file first, which a container that may only read has no
place for, and a place in memory would be 200 MiB of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from judge_service.errors import BodyRejected, MediaTypeRejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FILE = "file"
_FIELDS = frozenset({"purpose", "expires_after[anchor]", "expires_after[seconds]"})
_FIELD_CAP = 256
_NAME_CAP = 255


class Form:
    """One form: the bytes of its file go on at once, its fields stay. What is no form raises `BodyRejected`."""

    def __init__(self, content_type: str | None) -> None:
        """Raises `MediaTypeRejected` where no form is declared."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise MediaTypeRejected("send the file as multipart/form-data, with a boundary")
        self.fields: dict[str, str] = {}
        self.name: str | None = None  # the file's, once it has begun
        self._part = ""
        self._header = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._value = bytearray()
        self._ready = bytearray()
        self._ended = False
        self._parser = self._parsing(boundary)

    async def parts(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give the file's bytes; when they end, the fields are all there."""
        async for data in stream:
            try:
                self._parser.write(data)
            except FormParserError:
                raise BodyRejected("the body is not the form that its boundary says") from None
            if self._ready:
                yield bytes(self._ready)
                self._ready.clear()
        if not self._ended:
            raise BodyRejected("the form ended before its last boundary")
        if self.name is None:
            raise BodyRejected("the form has no file", (("/file", "is missing"),))

    def _parsing(self, boundary: bytes) -> MultipartParser:
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._take_name,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_part_end": self._end,
            "on_end": self._finish,
        }
        try:
            return MultipartParser(boundary, callbacks)
        except FormParserError:
            raise MediaTypeRejected("the boundary is longer than one may be") from None

    def _begin(self) -> None:
        self._headers = {}
        self._value.clear()

    def _take_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        told = self._headers.get(b"content-disposition", b"").decode("latin-1")
        _, options = parse_options_header(told)
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        taken = self._part in self.fields or (self._part == FILE and self.name is not None)
        if taken or self._part not in {FILE, *_FIELDS}:
            known = ", ".join([FILE, *sorted(_FIELDS)])
            raise BodyRejected(f"the form has a part twice, or one that is not known here (known: {known})")
        if self._part == FILE:
            self.name = options.get(b"filename", b"").decode("utf-8", "replace")[:_NAME_CAP] or "upload"

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._part == FILE:
            self._ready += data[start:end]
            return
        self._value += data[start:end]
        if len(self._value) > _FIELD_CAP:
            raise BodyRejected(
                f"a field of the form has at most {_FIELD_CAP} bytes", ((f"/{self._part}", "too long"),)
            )

    def _end(self) -> None:
        if self._part != FILE:
            self.fields[self._part] = self._value.decode("utf-8", "replace")

    def _finish(self) -> None:
        self._ended = True
