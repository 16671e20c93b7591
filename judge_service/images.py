"""Opens untrusted images: known kinds only, bounded, off the event loop, and only their pixels go on."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
import os
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from judge_service.errors import ImageRejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from PIL.Image import Image as PillowImage

    from judge_service.domain.case import Image

Remade = Callable[[bytes, str], "Pixels"]
P = ParamSpec("P")
T = TypeVar("T")

MAX_BYTES = 10 * 1024 * 1024
# A decoder's own limit is 179 megapixels: a file of 140 kB may then take 144 MB.
MAX_PIXELS = 25_000_000
MAX_SIDE = 10_000
_KINDS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_DATA_URI = re.compile(r"data:(image/[a-z+.-]+);base64,", re.IGNORECASE)
# The decoder drops the lower half of 16-bit colours in silence; the file's head tells.
_PNG_DEPTH_AT = 24
_ORIENTATION = 0x0112  # EXIF's tag
_SIDEWAYS = frozenset({5, 6, 7, 8})  # its values that exchange width and height
_BYTES_PER_PIXEL = 8  # decoded and pasted once more, at four bytes each
_PNG_URI = "data:image/png;base64,"
_MID_GREY = 128


@dataclass(frozen=True, slots=True)
class Pixels:
    """An image as it is sent to a judge, and the SHA-256 of just that."""

    data_uri: str
    digest: str


class ImageOpener:
    """Decodes and re-encodes images in threads, no more at a time than there are cores and memory for.

    No thread can be stopped: whoever gives up is let go at once, but the core and the memory are held until
    its thread is done.
    """

    def __init__(self, budget_bytes: int, workers: int | None = None) -> None:
        self._cores = asyncio.Semaphore(workers or os.cpu_count() or 1)
        self._budget = _Budget(max(budget_bytes, MAX_PIXELS * _BYTES_PER_PIXEL))
        self._works: set[asyncio.Task[Pixels]] = set()  # the event loop itself keeps no hold of a task

    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        """All images of a case in their order, upright, and never scaled.

        Raises `ImageRejected` naming the first that is at fault, also one of more than `most_pixels`.
        """
        return await self._all([self._one(at, image.url, most_pixels) for at, image in enumerate(images)])

    async def blanked(self, images: tuple[Image, ...]) -> tuple[Image, ...]:
        """A uniform grey image for each, of its size as it is shown and in its role; raises as `open` does."""
        greys = await self._all([self._one(at, image.url, None, _blanked) for at, image in enumerate(images)])
        return tuple(
            image.model_copy(update={"url": grey.data_uri}) for image, grey in zip(images, greys, strict=True)
        )

    async def _all(self, each: list[Coroutine[object, object, Pixels]]) -> tuple[Pixels, ...]:
        works = [self._begun(one) for one in each]
        try:
            return tuple([await asyncio.shield(work) for work in works])
        finally:
            for work in works:
                work.cancel()

    def _begun(self, one: Coroutine[object, object, Pixels]) -> asyncio.Task[Pixels]:
        work = asyncio.create_task(one)
        self._works.add(work)
        work.add_done_callback(self._ended)
        return work

    def _ended(self, work: asyncio.Task[Pixels]) -> None:
        self._works.discard(work)
        if not work.cancelled():
            work.exception()  # told here, for nobody may be left to hear it

    async def _one(self, at: int, url: str, most_pixels: int | None, remade: Remade | None = None) -> Pixels:
        declared = _DATA_URI.match(url)
        if not declared:
            raise ImageRejected(f"images[{at}]: only base64 data URIs are accepted, not addresses")
        kind = _KINDS.get(declared[1].lower())
        if kind is None:
            raise ImageRejected(f"images[{at}]: the kind must be one of {', '.join(_KINDS)}")
        async with self._cores:
            try:
                raw = await _to_its_end(_decoded, url, declared.end())
                pixels = await _to_its_end(_pixel_count, raw, kind)
                if most_pixels is not None and pixels > most_pixels:
                    raise ImageRejected(_too_large(pixels, most_pixels))
                async with self._budget.hold(pixels * _BYTES_PER_PIXEL):
                    return await _to_its_end(remade or _reencoded, raw, kind)
            except ImageRejected as exc:
                raise ImageRejected(f"images[{at}]: {exc}") from exc


async def _to_its_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread; even when cancelled, come back only when the thread has."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise


class _Budget:
    """Lets in work as long as its bytes fit; the rest waits."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        while self._free < size:
            self._freed.clear()
            await self._freed.wait()
        self._free -= size
        try:
            yield
        finally:
            self._free += size
            self._freed.set()


def _decoded(url: str, start: int) -> bytes:
    try:
        raw = base64.b64decode(url[start:], validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ImageRejected("not valid base64") from exc
    if len(raw) > MAX_BYTES:
        raise ImageRejected(f"larger than {MAX_BYTES} bytes")
    return raw


def _opened(raw: bytes, kind: str) -> PillowImage:
    import PIL.Image  # noqa: PLC0415  paid for only where there are images

    try:
        # Only the declared decoder is tried: some others loop in `open` itself (CVE-2026-59203).
        return PIL.Image.open(io.BytesIO(raw), formats=(kind,))
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as exc:
        raise ImageRejected(f"not a readable {kind} image") from exc


def _pixel_count(raw: bytes, kind: str) -> int:
    """Read the head only, and refuse what is too large before a pixel is decoded."""
    with _opened(raw, kind) as image:
        width, height = image.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            raise ImageRejected(f"larger than {MAX_PIXELS} pixels or {MAX_SIDE} on one side")
        if getattr(image, "n_frames", 1) > 1:
            raise ImageRejected("an animation; one frame is judged, so send one")
        return width * height


def _reencoded(raw: bytes, kind: str) -> Pixels:
    """Carry over the pixels, upright, and nothing else of the file: no EXIF, comments, profiles or text."""
    with _opened(raw, kind) as image:
        if image.mode.startswith("I") or (kind == "PNG" and raw[_PNG_DEPTH_AT] == 16):  # noqa: PLR2004  bits
            raise ImageRejected("16 bits a pixel; choose a window and send 8 bits")
        try:
            bare = _bare(_upright(image))
        except (OSError, ValueError, SyntaxError) as exc:
            raise ImageRejected(f"not a readable {kind} image") from exc
    return _pixels(bare)


def _blanked(raw: bytes, kind: str) -> Pixels:
    """Show nothing, at the size at which it would be shown."""
    import PIL.Image  # noqa: PLC0415

    with _opened(raw, kind) as image:
        width, height = image.size
        is_turned = image.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
    size = (height, width) if is_turned else (width, height)
    return _pixels(PIL.Image.new("L", size, _MID_GREY))


def _pixels(bare: PillowImage) -> Pixels:
    out = io.BytesIO()
    bare.save(out, "PNG", compress_level=1)
    png = out.getvalue()
    return Pixels(_PNG_URI + base64.b64encode(png).decode(), hashlib.sha256(png).hexdigest())


def _too_large(pixels: int, most: int) -> str:
    return (
        f"it has {pixels} pixels, and this judge is shown at most {most} (its setting max_image_pixels); it is not "
        "scaled here, so send it smaller or choose another judge"
    )


def _upright(image: PillowImage) -> PillowImage:
    """Turn the pixels as EXIF or XMP says; Pillow's own way writes the EXIF anew, and may fail at it."""
    from PIL.Image import Transpose  # noqa: PLC0415

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _bare(image: PillowImage) -> PillowImage:
    import PIL.Image  # noqa: PLC0415

    alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    grey = image.mode in {"1", "L"} and not alpha
    shown = image.convert("L" if grey else "RGBA" if alpha else "RGB")
    bare = PIL.Image.new("RGB" if alpha else shown.mode, shown.size, "white" if alpha else 0)
    bare.paste(shown, mask=shown.getchannel("A") if alpha else None)
    return bare
