"""Which part of a file a Range header asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.api.byte_ranges import Span, span_of
from judge_service.errors import BeyondTheEnd

SIZES = st.integers(0, 300)


@given(size=SIZES, first=st.integers(0, 400), last=st.none() | st.integers(0, 400))
def test_a_range_is_what_a_slice_is(size: int, first: int, last: int | None) -> None:
    whole = bytes(n % 251 for n in range(size))
    header = f"bytes={first}-{'' if last is None else last}"
    if last is not None and last < first:
        assert span_of(header, size) == Span(0, size, whole=True)
    elif first >= size:
        with pytest.raises(BeyondTheEnd) as told:
            span_of(header, size)
        assert told.value.size == size
    else:
        span = span_of(header, size)
        part = whole[first:] if last is None else whole[first : last + 1]
        assert whole[span.start : span.end] == part
        assert span.headers(size)["Content-Length"] == str(len(part))
        assert span.headers(size)["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
        assert span.status == 206


@given(size=SIZES, suffix=st.integers(0, 400))
def test_a_suffix_is_the_end(size: int, suffix: int) -> None:
    header = f"bytes=-{suffix}"
    if suffix == 0 or size == 0:
        with pytest.raises(BeyondTheEnd):
            span_of(header, size)
    else:
        assert span_of(header, size) == Span(max(0, size - suffix), size, whole=False)


@given(
    header=st.none() | st.text(max_size=40) | st.from_regex(r"bytes=[0-9,\- ]{0,12}", fullmatch=True),
    size=SIZES,
)
def test_whatever_is_sent_gives_a_part_of_the_file_or_says_that_there_is_none(
    header: str | None, size: int
) -> None:
    try:
        span = span_of(header, size)
    except BeyondTheEnd:
        return
    assert 0 <= span.start <= span.end <= size
    assert span.whole == (span.status == 200)
    assert ("Content-Range" in span.headers(size)) is not span.whole


@pytest.mark.parametrize(
    "header", ["bytes=0-0,2-3", "lines=0-1", "bytes 0-1", "bytes=-", "bytes=--1", "", "bytes=٣-"]
)
def test_what_is_not_one_range_of_bytes_is_none(header: str) -> None:
    assert span_of(header, 9).whole
