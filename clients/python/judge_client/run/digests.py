"""Names of things by what they are: the same content has the same digest in every run."""

from __future__ import annotations

import hashlib
import json


def digest_of(value: object) -> str:
    """SHA-256 of a value as JSON with its keys in order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return digest_of_bytes(encoded(text))


def encoded(text: str) -> bytes:
    """A text as UTF-8. Half a character, which models do say, becomes its escape: in JSON that reads as it was."""
    return text.encode("utf-8", "backslashreplace")


def digest_of_bytes(raw: bytes) -> str:
    """SHA-256 of bytes, an image's for one."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
