"""Blank images stand in for real ones: of their size as shown, in their role, and with nothing on them."""

from __future__ import annotations

import asyncio
import base64
import io

import PIL.Image
import pytest
from builders import a_picture, an_image, encoded
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_service.domain.case import Image
from judge_service.errors import ImageRejected
from judge_service.images import ImageOpener

ORIENTATION = 0x0112


def decoded(url: str) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


IMAGES = st.builds(
    lambda mode, width, height, kind, role, turn: an_image(
        encoded(a_picture(mode, (width, height)), kind, exif=turned(turn)), kind, role=role
    ),
    st.sampled_from(["RGB", "L"]),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["png", "jpeg", "webp"]),
    st.sampled_from(["question", "response", "reference"]),
    st.integers(1, 8),
)


def turned(turn: int) -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = turn
    return exif


@settings(deadline=None)
@given(st.lists(IMAGES, max_size=4))
def test_blanking_keeps_number_sizes_and_roles_and_shows_nothing(images: list[Image]) -> None:
    async def sizes(some: tuple[Image, ...]) -> list[tuple[int, int]]:
        return [decoded(pixels.data_uri).size for pixels in await opener.open(some)]

    opener = ImageOpener(1 << 28)
    with asyncio.Runner() as runner:
        blanks = runner.run(opener.blanked(tuple(images)))
        assert runner.run(sizes(blanks)) == runner.run(sizes(tuple(images)))
    assert [blank.role for blank in blanks] == [image.role for image in images]
    assert {decoded(blank.url).convert("L").getextrema() for blank in blanks} <= {(128, 128)}


async def test_what_cannot_be_opened_cannot_be_blanked() -> None:
    bad = Image(url="data:image/png;base64,AAAA")
    with pytest.raises(ImageRejected, match=r"images\[1\]: not a readable PNG"):
        await ImageOpener(1).blanked((an_image(), bad))


async def test_an_image_over_the_judges_limit_is_refused_and_never_scaled() -> None:
    opener, image = ImageOpener(1), an_image(encoded(a_picture(size=(6, 5))))
    (whole,) = await opener.open((image,), 30)
    assert decoded(whole.data_uri).size == (6, 5)
    with pytest.raises(
        ImageRejected, match=r"images\[1\]: it has 30 pixels.* at most 29 .*max_image_pixels.*smaller"
    ):
        await opener.open((an_image(), image), 29)
