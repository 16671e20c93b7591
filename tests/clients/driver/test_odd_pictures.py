"""Pictures that no decoder takes, and pictures in their rows: what was paid for is told whatever they are."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from driving import DATA, QUESTIONS, Counted, stage
from stubjudge import Shape

from judge_client.run import session
from judge_client.run.datasets import read_dataset
from judge_client.run.digests import digest_of_bytes
from judge_client.run.pictures import find_image

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return MAGIC + head + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def written(folder: Path, picture: bytes | str) -> Path:
    """A data set of one open question with this picture, in a file beside it or in its row."""
    if isinstance(picture, bytes):
        (folder / "x.png").write_bytes(picture)
    row = {"question": QUESTIONS[20], "answer": "x", "visual_description": "a lesion"}
    data = folder / "data.json"
    data.write_text(json.dumps([row | {"image": picture if isinstance(picture, str) else "x.png"}]), "utf-8")
    return data


BROKEN = [png(60_000, 60_000), MAGIC, png(4, 4)[:40]]


@pytest.mark.parametrize("picture", BROKEN, ids=["far too large", "a beginning", "cut off"])
async def test_a_picture_that_cannot_be_drawn_costs_its_thumbnail_only(
    picture: bytes, tmp_path: Path
) -> None:
    data = written(tmp_path, picture)
    async with stage(tmp_path / "run") as run:
        code, told = await run.run("--dry-run", data=data)
        assert code == 0, told
        assert f"x.png, {len(picture)} bytes" in told
        for _ in range(2):
            code, told = await run.run(data=data)
            assert code == 0, told
            assert run.summary["open"]["all"]["scored"] == 1
            assert "x.png cannot be shown" in (run.out / "page.html").read_text("utf-8")


def cannot(*_: Any) -> str:
    raise LookupError


async def test_a_page_that_cannot_be_made_hides_neither_the_figures_nor_how_the_run_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run("--limit", "2"))[0] == 0
        monkeypatch.setattr(session, "page", cannot)
        code, told = await run.run("--limit", "3")
        assert code == 0
        assert "The page could not be made (LookupError)" in told
        assert "score" in told
        assert not (run.out / "page.html").exists()
        run.model.choose = Counted(lambda _: Shape(status=400, body=b"{}"), QUESTIONS)
        code, told = await run.run("--give-up-after", "2", "--model-concurrency", "1")
        assert code == 1
        assert "given up: 2 calls of the model in a row failed" in told


async def test_a_picture_in_its_row_is_shown_to_model_judge_and_reader_and_kept_by_its_digest(
    tmp_path: Path,
) -> None:
    demo = read_dataset([DATA], {})
    raw = find_image(demo.images, demo.items[-1].image or "").read_bytes()
    body = base64.b64encode(raw).decode()
    data = written(tmp_path, f"data:image/png;base64,{body}")
    async with stage(tmp_path / "run") as run:
        code, told = await run.run("--dry-run", data=data)
        assert f"{digest_of_bytes(raw)}, {len(raw)} bytes" in told
        code, told = await run.run("--mode", "image", data=data)
        assert code == 0, told
        assert run.model.calls[0].images == [f"data:image/png;base64,{body}"]
        assert len(run.judge.calls[0].images) == 1
        (asked,) = [line["request"] for line in run.lines("predictions")]
        assert (asked["image"], asked["image_path"]) == (digest_of_bytes(raw),) * 2
        assert "data:image/jpeg;base64," in (run.out / "page.html").read_text("utf-8")
        assert not any(body in path.read_text("utf-8") for path in run.out.iterdir())
        assert body not in told
