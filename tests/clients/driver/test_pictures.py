"""A picture that was replaced between two sessions: the judge is not shown what the model did not see."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from driving import DATA, QUESTIONS, Counted, stage
from stubjudge import SHAPES, Shape

from judge_client.run.datasets import read_dataset
from judge_client.run.pictures import find_image

if TYPE_CHECKING:
    from pathlib import Path

BAD = Shape(status=400, body=b'{"error":{"message":"not now"}}')
LIMIT = 6
WORDS = (
    "--limit",
    str(LIMIT),
    "--give-up-after",
    "99",
    "--mode",
    "image",
    "--model-concurrency",
    "1",
    "--judge-concurrency",
    "1",
)


async def test_a_picture_that_was_replaced_is_neither_judged_nor_shown_as_the_models(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    told = read_dataset([data], {})
    opens = [item for item in told.items if item.kind == "open"][:LIMIT]
    changed, other = opens[0], opens[-1]
    assert changed.image
    assert other.image
    assert changed.image != other.image
    async with stage(tmp_path / "run") as run:
        run.judge.choose = Counted(lambda _: BAD, QUESTIONS)
        assert (await run.run(*WORDS, data=data))[0] == 1
        picture = find_image(told.images, changed.image)
        kept = picture.read_bytes()
        shutil.copy(find_image(told.images, other.image), picture)
        run.judge.choose = Counted(lambda _: SHAPES["normal"], QUESTIONS)
        code, said = await run.run(*WORDS, data=data)
        lines = {line["key"]: line for line in run.lines("scores")}
        assert code == 1, said
        line = lines[changed.key]
        assert (line["outcome"], line["score"], line["called"]) == ("failed", None, False)
        assert "another one than the model was shown" in line["reason"]
        assert lines[other.key]["score"] is not None
        asked = lines[other.key]["request"]
        seen = {each["key"]: each["request"]["image"] for each in run.lines("predictions")}[other.key]
        assert asked["body"]["case"]["images"] == [{"digest": seen, "path": other.image}]
        begun = {each["request"] for each in run.lines("calls") if each["stage"] == "judge"}
        assert asked["digest"] in begun
        assert (line["request"], asked["body"]["case"]["reference"]) == (None, other.answer)
        picture.write_bytes(kept)
        assert (await run.run(*WORDS, data=data))[0] == 0
        assert {line["key"]: line for line in run.lines("scores")}[changed.key]["score"] is not None
        shutil.copy(find_image(told.images, other.image), picture)
        assert (await run.run(*WORDS, data=data))[0] == 0
        assert "another one than the model was shown" in (run.out / "page.html").read_text("utf-8")
