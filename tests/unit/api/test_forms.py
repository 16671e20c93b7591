"""A form is read as it comes, however it is cut, and what is none is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from judge_service.api.fronts.forms import Form
from judge_service.errors import BodyRejected, MediaTypeRejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

KIND = "multipart/form-data; boundary=B"


def part(name: str, value: bytes, *, filename: str | None = None) -> bytes:
    told = f'; filename="{filename}"' if filename is not None else ""
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def a_form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--B--\r\n"


async def cut(body: bytes, places: Sequence[int]) -> AsyncIterator[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places} | {len(body)})
    for start, end in zip([0, *ends], ends, strict=False):
        yield body[start:end]


async def read(body: bytes, places: Sequence[int] = (), kind: str | None = KIND) -> tuple[Form, bytes]:
    form = Form(kind)
    return form, b"".join([piece async for piece in form.parts(cut(body, places))])


PIECES = st.sampled_from([b"\r\n", b"--", b"B", b"\r\n--", b"\r\n--A", b"{}\n", b"\x00\xff", b"\r"])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(
    content=st.lists(PIECES, max_size=12).map(b"".join),
    places=st.lists(st.integers(0, 300), max_size=12),
    file_first=st.booleans(),
)
async def test_the_file_is_what_was_sent_however_it_is_cut(
    content: bytes, places: list[int], *, file_first: bool
) -> None:
    assume(b"\r\n--B" not in b"\r\n" + content)
    parts = [part("purpose", b"batch"), part("file", content, filename="in.jsonl")]
    form, found = await read(a_form(*(reversed(parts) if file_first else parts)), places)
    assert found == content
    assert (form.name, form.fields) == ("in.jsonl", {"purpose": "batch"})


async def test_a_form_holds_no_more_of_its_file_than_what_just_came() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield part("file", b"", filename="x")[:-2]
        for _ in range(100):
            yield b"x" * 65_536
        yield b"\r\n--B--\r\n"

    longest = max([len(piece) async for piece in Form(KIND).parts(stream())])
    assert longest <= 65_536 + 10


async def test_names_are_utf_8_and_of_bounded_length() -> None:
    form, _ = await read(a_form(part("file", b"x", filename="рентген.jsonl")))
    assert form.name == "рентген.jsonl"
    form, _ = await read(a_form(part("file", b"x", filename="n" * 1000)))
    assert form.name == "n" * 255
    form, _ = await read(a_form(part("file", b"x")))
    assert form.name == "upload"


WHOLE = a_form(part("purpose", b"batch"), part("file", b"x", filename="x"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "ended before"),
        (WHOLE[:-6], "ended before"),
        (WHOLE[:40], "ended before"),
        (b"no form at all", "not the form"),
        (WHOLE.replace(b"--B", b"--C"), "not the form"),
        (b"--B\r\nContent-Disposition form-data\r\n\r\nx\r\n--B--", "not the form"),
        (a_form(*[b"--B\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n"]), "not the form"),
        (a_form(part("purpose", b"batch")), "has no file"),
        (a_form(part("file", b"x"), part("file", b"y")), "twice"),
        (a_form(part("purpose", b"x"), part("purpose", b"y")), "twice"),
        (a_form(part("model", b"x"), part("file", b"y")), "not known here"),
        (a_form(b"--B\r\n\r\nx\r\n"), "not known here"),
        (a_form(part("purpose", b"x" * 257)), "at most 256 bytes"),
    ],
)
async def test_what_is_no_form_is_refused_and_not_quoted(body: bytes, said: str) -> None:
    with pytest.raises(BodyRejected, match=said):
        await read(body)


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=B",
        f"multipart/form-data; boundary={'b' * 1000}",
    ],
)
def test_what_is_not_declared_as_a_form_is_refused(kind: Any) -> None:
    with pytest.raises(MediaTypeRejected):
        Form(kind)
