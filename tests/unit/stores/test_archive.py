"""A document comes back whole or not at all, and one document has one form."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_service.stores.archive import MAX_DOCUMENT_BYTES, pack, unpack
from judge_service.stores.records import RecordFault, seal

DOCUMENT = {"study": "s1", "rows": [{"case": "x" * 40, "rating": 0.25}] * 8, "n": 3, "none": None}

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=5)
    ),
    max_leaves=20,
)


def forged(frame: bytes, *, name: bytes = b"study") -> bytes:
    """A blob whose header is right for whatever frame is behind it."""
    digest = hashlib.sha256(b"JSA1" + bytes([len(name)]) + name + frame).digest()
    return struct.pack(">4s32sB", b"JSA1", digest, len(name)) + name + frame


def squeezed(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(plain)


def fault_of(blob: bytes, *, schema: str = "study") -> str:
    with pytest.raises(RecordFault) as caught:
        unpack(blob, schema=schema)
    return caught.value.kind


@settings(deadline=None)
@given(document=plain_json, schema=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_is_packed_comes_back(document: object, schema: str) -> None:
    found = unpack(pack(document, schema=schema), schema=schema)
    assert found == document
    assert repr(found) == repr(in_order(document)), (
        "1, 1.0 and True are three things, and so are 0.0 and -0.0"
    )


def in_order(document: Any) -> object:
    if isinstance(document, dict):
        return {key: in_order(document[key]) for key in sorted(document)}
    return [in_order(item) for item in document] if isinstance(document, list) else document


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), plain_json), st.randoms())
def test_the_order_of_keys_does_not_show(document: dict[str, object], chance: random.Random) -> None:
    keys = list(document)
    chance.shuffle(keys)
    assert pack({key: document[key] for key in keys}, schema="s") == pack(document, schema="s")


def test_the_form_is_json_in_utf_8_under_zstd() -> None:
    blob = pack({"дл": "é", "a": [1, 0.5]}, schema="study")
    assert blob == forged(blob[len(forged(b"")) :])
    plain = zstandard.ZstdDecompressor().decompress(blob[len(forged(b"")) :])
    assert plain == '{"a":[1,0.5],"дл":"é"}'.encode()


def test_a_forger_who_knows_the_layout_is_read() -> None:
    # Without this the forgeries below would be refused for their header and prove nothing.
    assert unpack(forged(squeezed(json.dumps(DOCUMENT).encode())), schema="study") == DOCUMENT


def test_no_flipped_bit_at_all_is_read() -> None:
    blob = pack(DOCUMENT, schema="study")
    for place in range(8 * len(blob)):
        flipped = bytearray(blob)
        flipped[place // 8] ^= 1 << place % 8
        assert fault_of(bytes(flipped)) == "corrupt"


def test_no_cut_blob_is_read() -> None:
    blob = pack(DOCUMENT, schema="study")
    assert {fault_of(blob[:length]) for length in range(len(blob))} == {"corrupt"}


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_never_read(noise: bytes) -> None:
    assert fault_of(noise) == "corrupt"
    assert fault_of(forged(noise)) == "corrupt"


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=50))
def test_nothing_may_follow_a_document(tail: bytes) -> None:
    assert fault_of(pack(DOCUMENT, schema="study") + tail) == "corrupt"
    assert fault_of(forged(squeezed(b"{}") + tail)) == "corrupt"


@pytest.mark.parametrize("written", ["", "map", "study ", "stud", "Study"])
def test_another_schema_is_stale(written: str) -> None:
    assert fault_of(pack(DOCUMENT, schema=written)) == "stale_schema"


def test_a_relabelled_schema_is_corrupt() -> None:
    blob = pack(DOCUMENT, schema="studx").replace(b"studx", b"study")
    assert fault_of(blob) == "corrupt"


def test_a_schema_of_another_length_that_takes_from_the_frame_is_corrupt() -> None:
    blob = bytearray(pack(DOCUMENT, schema="stud"))
    blob[36] += 1
    assert fault_of(bytes(blob)) == "corrupt"


def test_a_cache_record_is_no_document() -> None:
    assert fault_of(seal(DOCUMENT, schema=1, now=0)) == "corrupt"


@pytest.mark.parametrize(
    "document",
    [
        float("nan"),
        [float("inf")],
        {"a": {1, 2}},
        b"bytes",
        {1: "a", "1": "b"},
        {("a",): 1},
        "\ud800",
        {"\udfff": 1},
        object(),
    ],
)
def test_what_is_no_json_is_not_written(document: object) -> None:
    with pytest.raises(RecordFault, match="unfit"):
        pack(document, schema="study")


def test_neither_a_circle_nor_a_bottomless_nesting_is_written() -> None:
    circle: list[object] = []
    circle.append(circle)
    deep: list[object] = []
    for _ in range(200_000):
        deep = [deep]
    for document in (circle, deep):
        with pytest.raises(RecordFault, match="unfit"):
            pack(document, schema="study")


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"\xff",
        '"é"'.encode("utf-16"),
        b"1 2",
        b"[" * 200_000,
        b"9" * 10_000,
    ],
)
def test_a_sound_frame_of_what_is_no_json_is_corrupt(plain: bytes) -> None:
    assert fault_of(forged(squeezed(plain))) == "corrupt"


def test_the_largest_document_is_read_and_a_larger_one_is_not_written() -> None:
    largest = "x" * (MAX_DOCUMENT_BYTES - 2)
    assert unpack(pack(largest, schema="study"), schema="study") == largest
    with pytest.raises(RecordFault, match="too_large"):
        pack(largest + "x", schema="study")


def test_bombs_are_refused() -> None:
    nothing = b" " * MAX_DOCUMENT_BYTES + b"1"
    unsaid = zstandard.ZstdCompressor(write_content_size=False).compress(nothing)
    lying = squeezed(b" " * 2**20 + b"1")
    assert lying[4] >> 6 == 2, "the size has four bytes here"
    lying = lying[:5] + struct.pack("<I", 100) + lying[9:]
    for bomb in (squeezed(nothing), unsaid, lying):
        assert len(bomb) < 20_000
        assert fault_of(forged(bomb)) == "corrupt"


def test_a_study_of_megabytes_is_read() -> None:
    chance = random.Random(7)
    rows = [{"case": f"case {n}", "scores": [chance.random() for _ in range(20)]} for n in range(20_000)]
    blob = pack({"rows": rows}, schema="study")
    assert len(blob) > 2**21, "more than the cache's records may have"
    assert unpack(blob, schema="study") == {"rows": rows}


def test_threads_pack_and_unpack_at_once() -> None:
    def round_trip(number: int) -> bool:
        document = {"number": number, "text": str(number) * 500}
        return unpack(pack(document, schema="study"), schema="study") == document

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(round_trip, range(400)))


def test_a_fault_says_nothing_of_the_document() -> None:
    with pytest.raises(RecordFault) as caught:
        pack({"patient name": {1}}, schema="study")
    assert "patient" not in str(caught.value)
