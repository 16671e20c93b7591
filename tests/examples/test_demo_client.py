from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from examples.medcmr_demo.draw import COLOUR, FOLDER, GREY, SIZE, finished
from examples.scripted_model import known, reply_to

ROOT = Path(__file__).parents[2]


def test_the_demo_keeps_its_promises() -> None:
    done = subprocess.run(
        [sys.executable, "examples/demo_client.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "JUDGE_SERVICE_JUDGES": "{broken"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("  yes  ") == 3
    assert "  NO   " not in done.stdout
    for model in ("scripted-small", "scripted-large"):
        page = ROOT / ".run" / "client" / model / "page.html"
        assert "Do not report its scores" in page.read_text("utf-8")


def test_the_data_set_is_whole_and_small() -> None:
    rows = [
        row
        for name in ("mcq", "open")
        for row in json.loads((FOLDER.parent / f"{name}.json").read_text("utf-8"))
    ]
    assert len(rows) == 40
    assert len(known()) == 40
    assert {row["image_path"] for row in rows} == {f"imgs/{path.name}" for path in FOLDER.glob("*.png")}
    assert sum(path.stat().st_size for path in FOLDER.glob("*.png")) < 300_000
    assert {row["task"] for row in rows} == {"SOD", "FDD", "SU", "TP", "CR", "LTG", "MSI"}


def test_the_pictures_are_what_the_script_draws() -> None:
    for seed, paint in enumerate((*GREY, *COLOUR)):
        picture = Image.new("L" if paint in GREY else "RGB", (SIZE, SIZE))
        paint(ImageDraw.Draw(picture))
        with Image.open(FOLDER / f"{paint.__name__}.png") as shipped:
            apart = ImageChops.difference(shipped.convert("L"), finished(picture, seed).convert("L"))
        assert max(apart.tobytes()) <= 40, (
            paint.__name__
        )  # versions of Pillow choose tones a little differently


def test_the_better_model_knows_all_that_the_other_one_knows() -> None:
    right = {
        model: {question for question, row in known().items() if row["answer"] in reply_to(row, model)}
        for model in ("scripted-small", "scripted-large")
    }
    assert right["scripted-small"] < right["scripted-large"]
