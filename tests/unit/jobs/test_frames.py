"""Frames give back what was put in, and nothing where they are damaged."""

from __future__ import annotations

import pytest

from judge_service.jobs.frames import unpacked
from judge_service.stores.records import Codec


def test_what_was_packed_comes_back() -> None:
    codec = Codec(2**20)
    assert unpacked(codec, codec.compress(b"item 0")) == b"item 0"


@pytest.mark.parametrize("frame", [b"", b"no frame", Codec(2**20).compress(b"item 0")[:-1]])
def test_a_damaged_frame_is_empty(frame: bytes) -> None:
    assert unpacked(Codec(2**20), frame) == b""
