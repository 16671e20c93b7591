"""A record comes back whole or not at all."""

from __future__ import annotations

import hashlib
import struct
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from judge_service.stores.records import MAX_PAYLOAD_BYTES, RecordFault, seal, unseal

KEY = "js:prod:clinic:1:abc"
PAYLOAD = {"verdict": "supported", "score": 0.75, "claims": [{"text": "x" * 40, "ok": True}] * 8}

MOST_OF_NOTHING = msgspec.msgpack.encode(bytes(16 * 2**20))  # sound msgpack, were it ever to be unpacked

builtins = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


class Record(msgspec.Struct):
    verdict: str
    score: float | None


def forged(frame: bytes) -> bytes:
    """A record whose header is right for whatever frame is behind it."""
    subject = KEY.encode()
    digest = hashlib.sha256(struct.pack(">IdQ", 1, 0.0, len(subject)) + subject + frame).digest()
    return struct.pack(">4sId32s", b"JSR1", 1, 0.0, digest) + frame


def fault_of(blob: bytes, *, schema: int = 1, key: str = KEY) -> str:
    with pytest.raises(RecordFault) as caught:
        unseal(blob, schema=schema, key=key)
    return caught.value.kind


@given(payload=builtins, schema=st.integers(0, 2**32 - 1), now=st.floats(0, 1e10), key=st.text())
def test_what_is_sealed_comes_back(payload: object, schema: int, now: float, key: str) -> None:
    assert unseal(seal(payload, schema=schema, now=now, key=key), schema=schema, key=key) == payload


def test_a_struct_comes_back_as_builtins() -> None:
    blob = seal(Record("supported", None), schema=1, now=0)
    assert unseal(blob, schema=1) == {"verdict": "supported", "score": None}


def test_a_forger_who_knows_the_layout_is_read() -> None:
    # Without this the forgeries below would be refused for their header and prove nothing.
    packed = msgspec.msgpack.encode(PAYLOAD)
    frame = zstandard.ZstdCompressor().compress(packed)
    assert unseal(forged(frame), schema=1, key=KEY) == PAYLOAD


@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_read(place: int, bit: int) -> None:
    blob = bytearray(seal(PAYLOAD, schema=1, now=1.5, key=KEY))
    blob[place % len(blob)] ^= 1 << bit
    assert fault_of(bytes(blob)) in {"corrupt", "stale_schema"}


def test_no_flipped_bit_at_all_is_read() -> None:
    blob = seal(PAYLOAD, schema=1, now=1.5, key=KEY)
    for place in range(8 * len(blob)):
        flipped = bytearray(blob)
        flipped[place // 8] ^= 1 << place % 8
        fault_of(bytes(flipped))


@given(length=st.integers(0, 2000))
def test_a_cut_record_is_never_read(length: int) -> None:
    blob = seal(PAYLOAD, schema=1, now=0, key=KEY)
    assert fault_of(blob[: length % len(blob)]) == "corrupt"


@given(st.binary(max_size=300))
def test_noise_is_never_read(noise: bytes) -> None:
    assert fault_of(noise) == "corrupt"


@given(st.binary(min_size=1, max_size=50))
def test_nothing_may_follow_a_record(tail: bytes) -> None:
    assert fault_of(seal(PAYLOAD, schema=1, now=0, key=KEY) + tail) == "corrupt"
    frame = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(PAYLOAD))
    assert fault_of(forged(frame + tail)) == "corrupt"


@pytest.mark.parametrize(("written", "wanted"), [(1, 2), (2, 1), (0, 1)])
def test_another_schema_is_stale(written: int, wanted: int) -> None:
    assert fault_of(seal(PAYLOAD, schema=written, now=0, key=KEY), schema=wanted) == "stale_schema"


def test_a_relabelled_schema_is_corrupt() -> None:
    blob = bytearray(seal(PAYLOAD, schema=1, now=0, key=KEY))
    blob[4:8] = struct.pack(">I", 2)
    assert fault_of(bytes(blob), schema=2) == "corrupt"


@pytest.mark.parametrize("other", ["js:prod:hospital:1:abc", "", KEY + " ", KEY[:-1]])
def test_the_record_of_another_key_is_corrupt(other: str) -> None:
    assert fault_of(seal(PAYLOAD, schema=1, now=0, key=other)) == "corrupt"


def test_a_bomb_is_refused_by_the_size_it_states() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(MOST_OF_NOTHING)
    assert len(bomb) < 10_000
    assert fault_of(forged(bomb)) == "corrupt"


def test_a_bomb_that_needs_but_a_small_window_is_refused_too() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=12)
    bomb = zstandard.ZstdCompressor(compression_params=parameters).compress(MOST_OF_NOTHING)
    assert zstandard.get_frame_parameters(bomb).window_size == 4096
    assert zstandard.ZstdDecompressor().decompress(bomb, max_output_size=10) == MOST_OF_NOTHING
    assert fault_of(forged(bomb)) == "corrupt"


def test_a_bomb_that_states_no_size_is_refused() -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=False).compress(MOST_OF_NOTHING)
    assert fault_of(forged(bomb)) == "corrupt"


def test_a_bomb_that_states_a_small_size_is_refused() -> None:
    honest = zstandard.ZstdCompressor(level=3).compress(bytes(2**20))
    assert honest[4] >> 6 == 2, "the size has four bytes here"
    lying = honest[:5] + struct.pack("<I", 100) + honest[9:]
    assert zstandard.get_frame_parameters(lying).content_size == 100
    assert fault_of(forged(lying)) == "corrupt"


def test_a_sound_frame_of_what_is_no_msgpack_is_corrupt() -> None:
    for packed in (b"\xc1", b"", b"\x92\x01", b"\xa1\xff", b"\x91" * 100_000):
        frame = zstandard.ZstdCompressor().compress(packed)
        assert fault_of(forged(frame)) == "corrupt"


def test_the_largest_record_is_read_and_a_larger_one_is_not_written() -> None:
    overhead = len(msgspec.msgpack.encode(bytes(MAX_PAYLOAD_BYTES - 100))) - (MAX_PAYLOAD_BYTES - 100)
    largest = bytes(MAX_PAYLOAD_BYTES - overhead)
    assert unseal(seal(largest, schema=1, now=0), schema=1) == largest
    with pytest.raises(RecordFault, match="too_large"):
        seal(largest + b"\0", schema=1, now=0)


def test_threads_seal_and_unseal_at_once() -> None:
    def round_trip(number: int) -> bool:
        payload = {"number": number, "text": str(number) * 500}
        return unseal(seal(payload, schema=1, now=0, key=KEY), schema=1, key=KEY) == payload

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(round_trip, range(400)))


def test_a_fault_says_nothing_of_the_record() -> None:
    with pytest.raises(RecordFault) as caught:
        unseal(b"JSR1 patient name", schema=1)
    assert "patient" not in str(caught.value)
