"""How a value is written: a header with its schema and its digest, then msgpack under zstd."""

from __future__ import annotations

import hashlib
import struct
import threading
from typing import Literal

import msgspec
import zstandard

from judge_service.errors import JudgeServiceError

FaultKind = Literal["corrupt", "stale_schema", "too_large", "unfit"]

MAX_PAYLOAD_BYTES = 2**20
_MAGIC = b"JSR1"
_LEVEL = 3
_HEADER = struct.Struct(">4sId32s")  # magic, schema, created (seconds since 1970), sha256


class RecordFault(JudgeServiceError):
    """The bytes are no usable record: `corrupt`, or of a `stale_schema`.

    Or what was to be written is none: `too_large`, or `unfit` for the form.
    """

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(f"unusable record: {kind}")
        self.kind: FaultKind = kind


class Codec(threading.local):
    """zstd within a bound, both ways; its contexts serve one thread at a time: each thread has its own."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=max_bytes)

    def compress(self, plain: bytes) -> bytes:
        """Give one frame."""
        if len(plain) > self._max_bytes:
            raise RecordFault("too_large")
        return self._compressor.compress(plain)

    def expand(self, frame: bytes) -> bytes:
        """Give what is in the one frame."""
        try:
            # The decompressor ignores `max_output_size` where the frame states a size, so that is read first.
            if zstandard.get_frame_parameters(frame).content_size > self._max_bytes:
                raise RecordFault("corrupt")
            return self._decompressor.decompress(frame, allow_extra_data=False)
        except zstandard.ZstdError as exc:
            raise RecordFault("corrupt") from exc


_codec = Codec(MAX_PAYLOAD_BYTES)


def seal(payload: object, *, schema: int, now: float, key: str = "") -> bytes:
    """Write a msgspec struct or builtins as a record; one sealed for a key can be read for that key only."""
    frame = _codec.compress(msgspec.msgpack.encode(payload))
    return _HEADER.pack(_MAGIC, schema, now, _digest(schema, now, key, frame)) + frame


def unseal(blob: bytes, *, schema: int, key: str = "") -> object:
    """Read a record back as builtins; any fault is a `RecordFault`."""
    if len(blob) < _HEADER.size:
        raise RecordFault("corrupt")
    magic, written_schema, created, digest = _HEADER.unpack_from(blob)
    if magic != _MAGIC:
        raise RecordFault("corrupt")
    if written_schema != schema:
        raise RecordFault("stale_schema")
    frame = blob[_HEADER.size :]
    if _digest(schema, created, key, frame) != digest:
        raise RecordFault("corrupt")
    return _decode(_codec.expand(frame))


def _digest(schema: int, created: float, key: str, frame: bytes) -> bytes:
    subject = key.encode("utf-8", "surrogatepass")
    return hashlib.sha256(struct.pack(">IdQ", schema, created, len(subject)) + subject + frame).digest()


def _decode(packed: bytes) -> object:
    try:
        return msgspec.msgpack.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise RecordFault("corrupt") from exc
