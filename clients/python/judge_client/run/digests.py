"""Names of things by what they are: the same content has the same digest in every run."""

from __future__ import annotations

import hashlib
import json


def digest_of(value: object) -> str:
    """SHA-256 of a value as JSON with its keys in order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return digest_of_bytes(text.encode())


def digest_of_bytes(raw: bytes) -> str:
    """SHA-256 of bytes, an image's for one."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
