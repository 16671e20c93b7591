"""Items that cannot be asked, for want of their picture: they cost nothing and stop nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from driving import QUESTIONS, stage

from judge_client.run.datasets import read_dataset

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def written(folder: Path) -> Path:
    """Three rows without their picture before two that need none."""
    rest = {"answer": "x", "visual_description": "a lesion"}
    lost = [{"question": QUESTIONS[20 + at], "image": f"no{at}.png", **rest} for at in range(3)]
    whole = [{"question": QUESTIONS[23 + at], **rest} for at in range(2)]
    data = folder / "data.json"
    data.write_text(json.dumps([*lost, *whole]), "utf-8")
    return data


async def test_items_without_their_picture_do_not_end_the_run(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        words = ("--give-up-after", "2", "--model-concurrency", "1")
        code, told = await run.run(*words, data=written(tmp_path))
        assert code == 1, told
        assert "given up" not in told
        assert run.model.count == 2
        cell = run.summary["open"]["all"]
        assert (cell["scored"], cell["unscored_reasons"]) == (2, {"model_failed": 3})
        assert run.summary["calls"]["model_calls"] == 2


def test_the_note_names_the_folder_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written(tmp_path)
    monkeypatch.chdir(tmp_path)
    notes = read_dataset([data.relative_to(tmp_path)], {}).notes
    assert notes[-1] == f"3 items name a picture that is not below {tmp_path.name}: they will not be asked"
