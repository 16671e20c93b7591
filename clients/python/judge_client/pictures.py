"""Pictures as the service takes them: `data:` addresses. They are sent as they are, never decoded here."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from judge_client.models import Image

# A file, its bytes, a `data:` address, or the field as the API has it.
Picture = Path | bytes | str | Image | Mapping[str, Any]

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


def image_of(picture: Picture) -> dict[str, Any]:
    """One entry of a case's `images`; raises `ValueError` for bytes of another kind than PNG, JPEG and WebP."""
    if isinstance(picture, Image):
        return picture.model_dump(mode="json", exclude_unset=True)
    if isinstance(picture, Mapping):
        return dict(picture)
    if isinstance(picture, str):
        return {"url": picture}
    raw = picture.read_bytes() if isinstance(picture, Path) else picture
    return {"url": f"data:{_kind(raw)};base64,{base64.b64encode(raw).decode()}"}


def _kind(raw: bytes) -> str:
    for magic, kind in _KINDS:
        if raw.startswith(magic):
            return kind
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError("a picture is PNG, JPEG or WebP, and these bytes are none of them")
