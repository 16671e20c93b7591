"""How a value is written: a header with its schema and its digest, then msgpack under zstd."""

from __future__ import annotations

import hashlib
import struct
import threading
from typing import Literal

import msgspec
import zstandard

from judge_service.errors import JudgeServiceError

FaultKind = Literal["corrupt", "stale_schema", "too_large"]

MAX_PAYLOAD_BYTES = 2**20
_MAGIC = b"JSR1"
_LEVEL = 3
_HEADER = struct.Struct(">4sId32s")  # magic, schema, created (seconds since 1970), sha256


class RecordFault(JudgeServiceError):
    """The bytes are no usable record: `corrupt`, of a `stale_schema`, or `too_large` to be written."""

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(f"unusable record: {kind}")
        self.kind: FaultKind = kind


class _Codec(threading.local):
    """zstd contexts are costly to make and serve one thread at a time: each thread has its own."""

    def __init__(self) -> None:
        self.pack = zstandard.ZstdCompressor(level=_LEVEL)
        self.unpack = zstandard.ZstdDecompressor(max_window_size=MAX_PAYLOAD_BYTES)


_codec = _Codec()


def seal(payload: object, *, schema: int, now: float, key: str = "") -> bytes:
    """Write a msgspec struct or builtins as a record; one sealed for a key can be read for that key only."""
    packed = msgspec.msgpack.encode(payload)
    if len(packed) > MAX_PAYLOAD_BYTES:
        raise RecordFault("too_large")
    frame = _codec.pack.compress(packed)
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
    return _decode(_expand(frame))


def _digest(schema: int, created: float, key: str, frame: bytes) -> bytes:
    subject = key.encode("utf-8", "surrogatepass")
    return hashlib.sha256(struct.pack(">IdQ", schema, created, len(subject)) + subject + frame).digest()


def _expand(frame: bytes) -> bytes:
    try:
        # The decompressor ignores `max_output_size` where the frame states a size, so that is read first.
        if zstandard.get_frame_parameters(frame).content_size > MAX_PAYLOAD_BYTES:
            raise RecordFault("corrupt")
        return _codec.unpack.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as exc:
        raise RecordFault("corrupt") from exc


def _decode(packed: bytes) -> object:
    try:
        return msgspec.msgpack.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise RecordFault("corrupt") from exc
