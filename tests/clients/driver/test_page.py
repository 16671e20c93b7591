"""The page as a reader sees it: no column is cut off, no figure stands without its items."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from driving import QUESTIONS, RIGHT, Counted, completion, stage
from stubjudge import SHAPES

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or ""
needs_browser = pytest.mark.skipif(not BROWSER, reason="no chromium here: nothing lays the page out")
WIDTHS = """<script>const cut = [...document.querySelectorAll(".scroll")].map(box => box.scrollWidth - box.clientWidth);
document.body.innerHTML = `<p>cut: ${Math.max(...cut)} of ${cut.length}; open: ${innerWidth}</p>`</script></body>"""


@pytest.fixture
async def done(tmp_path: Path) -> Path:
    """The folder of a run in which every cell has something to say: many answers are unscored, a part is wrong."""
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(
            lambda asked: completion("B" if QUESTIONS.index(asked) % 3 == 0 else RIGHT[asked]), QUESTIONS
        )
        run.judge.choose = Counted(
            lambda asked: SHAPES["refusal" if QUESTIONS.index(asked) % 4 == 2 else "normal"], QUESTIONS
        )
        code, told = await run.run()
        assert code == 0, told
        return run.out


@needs_browser
@pytest.mark.parametrize("width", [1000, 1600])
async def test_no_table_is_wider_than_its_box(width: int, done: Path, tmp_path: Path) -> None:
    page = (done / "page.html").read_text("utf-8")
    measured = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    # The stub judge gives every answer the same points: intervals as wide as they come are put in.
    measured, count = re.subn(r'(<td class="figure">)40\.0', "\\g<1>40.0 [38.1,\u00a0100.0]", measured)
    assert count > 100
    (tmp_path / "page.html").write_text(measured.replace("</body>", WIDTHS), "utf-8")
    told = subprocess.run(
        [
            *(
                BROWSER,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={tmp_path / 'profile'}",
            ),
            *(f"--window-size={width},900", "--dump-dom", (tmp_path / "page.html").as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    found = re.search(r"<p>cut: (\d+) of (\d+); open: (\d+)</p>", told)
    assert found, told[-500:]
    cut, tables, wide = map(int, found.groups())
    assert (cut, wide) == (0, width)
    assert tables > 10


async def test_this_runs_figures_in_the_published_table_tell_their_items(done: Path) -> None:
    summary = json.loads((done / "summary.json").read_text("utf-8"))
    page = (done / "page.html").read_text("utf-8")
    ours, items = summary["published"]["ours"], summary["published"]["ours_items"]
    assert set(ours) == set(items)
    assert (items["mcq"], items["open"], items["consistency"]) == (20, 15, 15)
    dimensions = summary["mcq"]["cuts"]["dimension"]
    assert items["SOD"] == dimensions["SOD"]["scored"]
    rows = [line for line in page.splitlines() if line.startswith('<tr class="ours">')]
    for column, figure in ours.items():
        assert any(f">{figure:.2f} ({items[column]})<" in row for row in rows), column
