"""Images are opened in threads, which nobody can stop: who holds what, and for how long."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import PIL.Image
import pytest
from builders import a_picture, an_image, encoded

from judge_service.domain.case import Image
from judge_service.errors import ImageRejected
from judge_service.images import ImageOpener

pytestmark = pytest.mark.clocked


class Gate:
    """A decoder that stands still in its thread until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.go = threading.Semaphore(0), threading.Event()
        self.inside = 0
        decoder = PIL.Image.open

        def held(*args: Any, **kwargs: Any) -> PIL.Image.Image:
            self.inside += 1
            self.entered.release()
            assert self.go.wait(10)
            self.inside -= 1
            return decoder(*args, **kwargs)

        monkeypatch.setattr(PIL.Image, "open", held)

    async def reached(self, count: int = 1) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self.entered.acquire, timeout=5)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


async def test_the_images_of_a_case_are_opened_side_by_side(gate: Gate) -> None:
    work = asyncio.ensure_future(ImageOpener(1, workers=2).open((an_image(),) * 3))
    await gate.reached(2)
    await asyncio.sleep(0.02)
    assert gate.inside == 2, "and no more of them than there are cores"
    gate.go.set()
    assert len(await work) == 3


async def test_who_gives_up_is_let_go_at_once_and_the_core_only_when_its_thread_is_done(gate: Gate) -> None:
    opener = ImageOpener(1, workers=1)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await opener.open((an_image(),) * 2)
    assert time.monotonic() - began < 1
    await gate.reached()
    next_one = asyncio.ensure_future(opener.open((an_image(),)))
    await asyncio.sleep(0.05)
    assert gate.inside == 1, "the next one waits for the thread that nobody waits for"
    gate.go.set()
    assert len(await next_one) == 1


async def test_who_gives_up_while_it_waits_for_memory_takes_none(gate: Gate) -> None:
    opener = ImageOpener(1, workers=4)
    gate.go.set()
    big = an_image(encoded(a_picture("L", size=(4000, 4000))))
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await opener.open((big,) * 4)
    assert len(await opener.open((big,))) == 1


async def test_memory_is_held_until_the_thread_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    opener = ImageOpener(1, workers=2)
    saving, go, saves = threading.Event(), threading.Event(), []
    save = PIL.Image.Image.save

    def held(picture: PIL.Image.Image, *args: Any, **kwargs: Any) -> None:
        saves.append(picture.size)
        saving.set()
        assert go.wait(10)
        save(picture, *args, **kwargs)

    big = an_image(encoded(a_picture("L", size=(4000, 4000))))
    monkeypatch.setattr(PIL.Image.Image, "save", held)
    given_up = asyncio.ensure_future(opener.open((big,)))
    assert await asyncio.to_thread(saving.wait, 5)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    next_one = asyncio.ensure_future(opener.open((big,)))
    await asyncio.sleep(0.2)
    assert saves == [(4000, 4000)], "a core is free, memory for a second one is not"
    go.set()
    assert len(await next_one) == 1


async def test_one_at_fault_stops_the_others_and_is_told_though_a_later_one_failed_first(gate: Gate) -> None:
    opener = ImageOpener(1, workers=2)
    work = asyncio.ensure_future(opener.open((an_image(b"no"), Image(url="nowhere"), an_image(b"neither"))))
    await gate.reached()
    gate.go.set()
    with pytest.raises(ImageRejected, match=r"^images\[0\]: not a readable"):
        await work
