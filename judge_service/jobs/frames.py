"""How items come out of the frames that a ledger keeps them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_service.stores.records import RecordFault

if TYPE_CHECKING:
    from judge_service.stores.records import Codec


def unpacked(codec: Codec, frame: bytes) -> bytes:
    """An item as it was handed over; empty where its frame is damaged, so that it ends and hinders no other."""
    try:
        return codec.expand(frame)
    except RecordFault:
        return b""
