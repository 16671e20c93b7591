from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import PIL.Image
import PIL.ImageOps
import PIL.PngImagePlugin
import pytest
from builders import a_picture, an_image, encoded
from hypothesis import given
from hypothesis import strategies as st

from judge_service.domain.case import Image
from judge_service.errors import ImageRejected
from judge_service.images import MAX_BYTES, MAX_SIDE, ImageOpener, Pixels

NAME = "DOE^JANE"
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><who>{NAME}</who></x:xmpmeta>".encode()


async def opened(*images: Image, budget: int = 1) -> tuple[Pixels, ...]:
    return await ImageOpener(budget).open(images)


async def shown(raw: bytes, kind: str = "png") -> PIL.Image.Image:
    (pixels,) = await opened(an_image(raw, kind))
    return PIL.Image.open(io.BytesIO(payload(pixels)))


def payload(pixels: Pixels) -> bytes:
    head, _, body = pixels.data_uri.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(body)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def a_png(width: int, height: int, row: bytes, *, depth: int = 8, colour: int = 0) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = zlib.compress((b"\0" + row) * height)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "options"), [("png", {}), ("jpeg", {"quality": 95}), ("webp", {"lossless": True})]
)
async def test_the_three_kinds_are_opened_and_become_png(kind: str, options: dict[str, Any]) -> None:
    picture = await shown(encoded(a_picture(colour=(200, 10, 10)), kind, **options), kind)
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (4, 3))
    assert picture.getpixel((0, 0)) == pytest.approx((200, 10, 10), abs=6)


async def test_the_digest_is_of_what_is_sent_and_equal_pixels_are_equal() -> None:
    marked = PIL.PngImagePlugin.PngInfo()
    marked.add_text("Patient", NAME)
    picture = a_picture(colour=(1, 2, 3))
    one, other = await opened(an_image(encoded(picture)), an_image(encoded(picture, pnginfo=marked)))
    assert one == other
    assert one.digest == hashlib.sha256(payload(one)).hexdigest()
    (third,) = await opened(an_image(encoded(a_picture(colour=(1, 2, 4)))))
    assert third.digest != one.digest


def with_exif(picture: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x010E] = NAME  # image description
    exif[0x013B] = NAME  # artist
    return encoded(picture, kind, exif=exif, **options)


def with_texts(picture: PIL.Image.Image) -> bytes:
    texts = PIL.PngImagePlugin.PngInfo()
    texts.add_text("Patient", NAME)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add_itxt("Comment", NAME)
    return encoded(picture, "PNG", pnginfo=texts, icc_profile=NAME.encode())


MARKED = {
    "png exif": ("png", with_exif(a_picture(), "PNG")),
    "png texts": ("png", with_texts(a_picture())),
    "png with a zip behind it": ("png", encoded(a_picture()) + b"PK\x03\x04" + NAME.encode()),
    "jpeg exif": ("jpeg", with_exif(a_picture(), "JPEG")),
    "jpeg comment": ("jpeg", encoded(a_picture(), "JPEG", comment=NAME)),
    "jpeg xmp": ("jpeg", encoded(a_picture(), "JPEG", xmp=XMP)),
    "jpeg profile": ("jpeg", encoded(a_picture(), "JPEG", icc_profile=NAME.encode() * 9)),
    "jpeg with a page behind it": ("jpeg", encoded(a_picture(), "JPEG") + b"<script>" + NAME.encode()),
    "webp exif": ("webp", with_exif(a_picture(), "WEBP")),
    "webp xmp": ("webp", encoded(a_picture(), "WEBP", xmp=XMP)),
}


@pytest.mark.parametrize(("kind", "raw"), MARKED.values(), ids=MARKED.keys())
async def test_nothing_but_pixels_goes_on(kind: str, raw: bytes) -> None:
    assert NAME.encode() in raw or kind == "png"  # a PNG may hold it compressed
    (pixels,) = await opened(an_image(raw, kind))
    sent = payload(pixels)
    picture = PIL.Image.open(io.BytesIO(sent))
    picture.load()
    assert NAME.encode() not in sent
    assert picture.info == {}
    assert dict(picture.getexif()) == {}
    names = [sent[at + 4 : at + 8] for at in chunks(sent)]
    assert set(names) == {b"IHDR", b"IDAT", b"IEND"}


def chunks(png: bytes) -> list[int]:
    at, found = 8, []
    while at < len(png):
        found.append(at)
        at += 12 + struct.unpack(">I", png[at : at + 4])[0]
    return found


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("orientation", range(10))
async def test_a_picture_is_turned_upright_before_its_note_of_that_is_lost(
    kind: str, orientation: int
) -> None:
    picture = a_picture(size=(32, 16), colour=(255, 255, 255))
    picture.paste((0, 0, 0), (0, 0, 16, 8))  # black is above and to the left
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    raw = encoded(picture, kind, exif=exif)
    found = (await shown(raw, kind)).convert("L")
    as_pillow_does = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(raw))).convert("L")
    assert found.size == ((16, 32) if orientation in {5, 6, 7, 8} else (32, 16))
    assert list(found.get_flattened_data()) == list(as_pillow_does.get_flattened_data())


async def test_a_picture_with_a_note_that_cannot_be_written_anew_is_still_turned() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "xyz"
    model_is_text, width_is_text = b"\x01\x10\x00\x02", b"\x01\x00\x00\x02"
    note = exif.tobytes().removeprefix(b"Exif\0\0").replace(model_is_text, width_is_text)
    raw = encoded(a_picture(size=(4, 2)))
    for at in (33, len(raw) - 12):  # before the pixels, and behind them
        marked = raw[:at] + chunk(b"eXIf", note) + raw[at:]
        with pytest.raises(struct.error):
            PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(marked)))
        assert (await shown(marked)).size == (2, 4)


@pytest.mark.parametrize(
    ("picture", "options", "mode", "seen"),
    [
        (a_picture("L", colour=77), {}, "L", 77),
        (a_picture("1", colour=1), {}, "L", 255),
        (a_picture("RGBA", colour=(0, 0, 0, 0)), {}, "RGB", (255, 255, 255)),
        (a_picture("RGBA", colour=(10, 20, 30, 255)), {}, "RGB", (10, 20, 30)),
        (a_picture("LA", colour=(0, 0)), {}, "RGB", (255, 255, 255)),
        (a_picture("L", colour=7), {"transparency": 7}, "RGB", (255, 255, 255)),
        (a_picture("L", colour=8), {"transparency": 7}, "RGB", (8, 8, 8)),
        (a_picture("1", colour=0), {"transparency": 0}, "RGB", (255, 255, 255)),
        (a_picture("RGB", colour=(1, 2, 3)), {"transparency": (1, 2, 3)}, "RGB", (255, 255, 255)),
        (a_picture("P", colour=0), {"transparency": 0}, "RGB", (255, 255, 255)),
        (a_picture("P", colour=0), {}, "RGB", (0, 0, 0)),
    ],
)
async def test_every_kind_of_pixel_is_shown_as_a_person_sees_it(
    picture: PIL.Image.Image, options: dict[str, Any], mode: str, seen: object
) -> None:
    found = await shown(encoded(picture, "PNG", **options))
    assert found.mode == mode
    assert found.getpixel((0, 0)) == seen


async def test_a_picture_made_for_print_is_shown_in_colour() -> None:
    found = await shown(encoded(a_picture("CMYK", colour=(0, 255, 255, 0)), "JPEG", quality=95), "jpeg")
    assert found.mode == "RGB"
    assert found.getpixel((0, 0)) == pytest.approx((255, 0, 0), abs=12)


@pytest.mark.parametrize(
    "raw",
    [
        encoded(a_picture("I;16", colour=1000)),
        a_png(2, 2, b"\1\2" * 2, depth=16),
        a_png(2, 2, b"\1\2" * 4, depth=16, colour=4),
        a_png(2, 2, b"\1\2" * 6, depth=16, colour=2),
        a_png(2, 2, b"\1\2" * 8, depth=16, colour=6),
    ],
)
async def test_sixteen_bits_are_not_cut_to_eight_in_silence(raw: bytes) -> None:
    with pytest.raises(ImageRejected, match="16 bits a pixel"):
        await opened(an_image(raw))


@pytest.mark.parametrize(
    "raw",
    [
        a_png(6000, 5000, b"\0" * 750, depth=1),
        a_png(MAX_SIDE + 1, 1, b"\0" * (MAX_SIDE + 1)),
        a_png(1, MAX_SIDE + 1, b"\0"),
    ],
)
async def test_a_picture_that_would_fill_the_memory_is_refused_by_its_head(raw: bytes) -> None:
    assert len(raw) < 100_000
    with pytest.raises(ImageRejected, match="larger than 25000000 pixels or 10000 on one side"):
        await opened(an_image(raw))


async def test_a_bomb_that_the_decoder_itself_refuses_is_refused() -> None:
    with pytest.raises(ImageRejected):
        await opened(an_image(a_png(40_000, 10_000, b"\0" * 5000, depth=1)))


async def test_a_bomb_of_texts_is_refused() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 80_000_000))
    raw = encoded(a_picture())
    with pytest.raises(ImageRejected, match="not a readable PNG"):
        await opened(an_image(raw[:33] + text + raw[33:]))


async def test_a_file_over_the_cap_is_refused() -> None:
    with pytest.raises(ImageRejected, match=f"larger than {MAX_BYTES} bytes"):
        await opened(an_image(encoded(a_picture()).ljust(MAX_BYTES + 1)))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9])
async def test_a_file_that_is_cut_is_refused(kind: str, share: float) -> None:
    raw = encoded(PIL.Image.effect_noise((64, 64), 90).convert("RGB"), kind)
    with pytest.raises(ImageRejected, match=r"^images\[0\]: not a readable"):
        await opened(an_image(raw[: int(len(raw) * share)], kind))


@pytest.mark.parametrize("declared", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "EPS", "PDF", "ICO"])
async def test_a_file_of_another_kind_than_declared_is_refused(declared: str, kind: str) -> None:
    if declared == kind.lower():
        return
    with pytest.raises(ImageRejected, match="not a readable"):
        await opened(an_image(encoded(a_picture(size=(16, 16)), kind), declared))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_an_animation_is_refused(kind: str) -> None:
    frames = [a_picture(colour=(at, 0, 0)) for at in (0, 90, 180)]
    raw = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageRejected, match="an animation"):
        await opened(an_image(raw, kind.lower()))


ADDRESSES = [
    "http://127.0.0.1/x.png",
    "https://example.org/x.png",
    "file:///etc/passwd",
    "/etc/passwd",
    "",
    "data:,",
    "data:text/html;base64,AAAA",
    "data:image/png,AAAA",
    "data:image/png;charset=x;base64,AAAA",
    " data:image/png;base64,AAAA",
]


@pytest.mark.parametrize("url", ADDRESSES)
async def test_only_data_is_opened_and_no_address(url: str) -> None:
    with pytest.raises(ImageRejected, match=r"images\[0\]: only base64 data URIs"):
        await opened(Image(url=url))


@pytest.mark.parametrize("kind", ["svg+xml", "gif", "tiff", "bmp", "x-icon", "jpg", "avif"])
async def test_only_three_kinds_are_opened(kind: str) -> None:
    with pytest.raises(ImageRejected, match="the kind must be one of image/png, image/jpeg, image/webp"):
        await opened(an_image(b"<svg/>", kind))


@pytest.mark.parametrize("body", ["", "====", "AAA", "AA AA", "AAAA\n", "\u00e9", "-_-_"])
async def test_what_is_no_base64_or_no_picture_is_refused(body: str) -> None:
    with pytest.raises(ImageRejected, match=r"^images\[0\]: not "):
        await opened(Image(url=f"data:image/png;base64,{body}"))


@pytest.mark.parametrize("slip", [" ", "\n", "%", "-"])
async def test_base64_is_read_strictly(slip: str) -> None:
    url = an_image().url
    with pytest.raises(ImageRejected, match="not valid base64"):
        await opened(Image(url=url[:60] + slip + url[60:]))


async def test_the_declared_kind_may_be_in_capitals() -> None:
    url = an_image().url.replace("data:image/png", "DATA:IMAGE/PNG")
    assert len(await opened(Image(url=url))) == 1


async def test_the_order_is_kept_and_the_first_at_fault_is_named() -> None:
    good = [an_image(encoded(a_picture(size=(width, 1)))) for width in (1, 2, 3)]
    sizes = [PIL.Image.open(io.BytesIO(payload(pixels))).size[0] for pixels in await opened(*good)]
    assert sizes == [1, 2, 3]
    with pytest.raises(ImageRejected, match=r"^images\[2\]: "):
        await opened(*good[:2], an_image(b"no"), an_image(b"neither"))


async def test_many_cases_at_once_share_the_budget_and_all_are_served() -> None:
    opener = ImageOpener(budget_bytes=1, workers=8)
    big = an_image(encoded(a_picture("L", size=(3000, 3000))))
    found = await asyncio.gather(*(opener.open((big,)) for _ in range(6)))
    assert len({pixels for (pixels,) in found}) == 1


async def test_a_bad_picture_gives_its_share_of_the_budget_back() -> None:
    opener = ImageOpener(budget_bytes=1, workers=1)
    whole = encoded(a_picture("L", size=(4000, 4000)))
    for _ in range(3):
        with pytest.raises(ImageRejected):
            await opener.open((an_image(whole[:-200]),))
    assert len(await opener.open((an_image(whole),))) == 1


@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # the decoder's, about damage
@given(st.data())
def test_a_damaged_file_is_opened_or_refused_and_nothing_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["png", "jpeg", "webp"]))
    raw = bytearray(with_exif(a_picture(size=(8, 8)), kind.upper()))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ImageRejected):
        (pixels,) = asyncio.run(opened(an_image(bytes(raw), kind)))
        PIL.Image.open(io.BytesIO(payload(pixels))).load()
