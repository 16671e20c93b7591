"""The picture that a model was shown: what is judged and what is looked at is that one, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_client.run.digests import digest_of_bytes
from judge_client.run.items import DatasetFault
from judge_client.run.pictures import picture_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from judge_client.run.items import Item


def picture_seen(item: Item, answer: Mapping[str, Any], folder: Path) -> bytes | None:
    """The picture that the model was shown; raises `DatasetFault` where it is gone, or has become another one."""
    raw = picture_of(item, folder)
    if raw is not None and digest_of_bytes(raw) != (answer["request"] or {}).get("image"):
        raise DatasetFault(f"picture {item.image!r} is another one than the model was shown")
    return raw
