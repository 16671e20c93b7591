"""What comes out of a run: the page, the table, the published figures, two runs beside each other."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from driving import QUESTIONS, RIGHT, Counted, completion, stage
from stubjudge import SHAPES, Shape

from judge_client.run.cli import main
from judge_client.run.published import CRITERIA, DOUBTFUL, column_of, published
from judge_client.run.tabling import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = "</p><script>alert(1)</script><img src=x onerror=alert(1)>"


class Seen(HTMLParser):
    """Every element, attribute and word of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def answer(question: str) -> Shape:
    """A third is wrong, one chatters, one answer is full of HTML."""
    at = QUESTIONS.index(question)
    if at == 3:
        return completion(EVIL)
    if at == 25:
        return completion(f"Reasoning: {EVIL}\nAnswer: {EVIL}")
    if at % 3 == 0:
        return completion("B" if at < 20 else "A normal finding.")
    return completion(RIGHT[question])


def verdict(question: str) -> Shape:
    return SHAPES["refusal" if QUESTIONS.index(question) == 30 else "normal"]


@pytest.fixture
async def done(tmp_path: Path) -> Path:
    """The folder of a run with everything in it that can come out."""
    async with stage(tmp_path / "run") as run:
        run.model.choose, run.judge.choose = Counted(answer, QUESTIONS), Counted(verdict, QUESTIONS)
        code, told = await run.run()
        assert code == 0, told
        assert "macro (mean of dimensions)" in told
        return run.out


def figures(told: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a summary's tracks, with its place."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield from figures(value, f"{path}/{name}")
    elif isinstance(told, int | float) and not isinstance(told, bool):
        yield path, told


async def test_the_page_runs_nothing_and_fetches_nothing(done: Path) -> None:
    seen = Seen((done / "page.html").read_text("utf-8"))
    assert {"script", "iframe", "object", "embed", "link", "form"}.isdisjoint(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    sources = [value for name, value in seen.attributes if name in {"src", "href", "action"}]
    assert all(value.startswith(("#", "data:image/jpeg;base64,")) for value in sources)
    assert any(value.startswith("data:") for value in sources)
    assert EVIL in " ".join(seen.words)
    assert "svg" in seen.tags


async def test_the_page_holds_every_figure_of_the_summary(done: Path) -> None:
    summary = json.loads((done / "summary.json").read_text("utf-8"))
    words = " ".join(Seen((done / "page.html").read_text("utf-8")).words)
    told = set(re.findall(r"−?\d+(?:\.\d+)?", words))
    places = [
        *figures(summary["mcq"], "mcq"),
        *figures(summary["open"], "open"),
        *figures(summary["calls"], "calls"),
    ]
    assert len(places) > 500
    missing = [
        (place, value)
        for place, value in places
        if {number(value), number(value, 0), f"{value:.6g}"}.isdisjoint(told)
    ]
    assert missing == []


async def test_invalid_and_unscored_stand_beside_every_mean(done: Path) -> None:
    summary = json.loads((done / "summary.json").read_text("utf-8"))
    choices, opens = summary["mcq"]["all"], summary["open"]["all"]
    assert choices["invalid"] == 1
    assert (opens["unscored"], opens["unscored_reasons"]) == (1, {"refused": 1})
    naive = sum(answer(row).body == completion(RIGHT[row]).body for row in QUESTIONS[:20])
    assert choices["correct"] == naive
    for track in ("mcq", "open"):
        for cut in summary[track]["cuts"].values():
            cells = list(cut.values())
            assert sum(cell["items"] for cell in cells) == 20
            assert sum(cell["scored"] for cell in cells) == summary[track]["all"]["scored"]
            assert all("unscored_rate" in cell for cell in cells)
    assert set(summary["mcq"]["cuts"]) == {"dimension", "subtype", "modality", "organ"}


async def test_a_run_is_told_beside_itself_and_beside_another(done: Path, tmp_path: Path) -> None:
    async with stage(tmp_path / "other") as run:
        assert (await run.run("--model", "other"))[0] == 0
        told = io.StringIO()
        with redirect_stdout(told):
            assert main(["compare", str(done), str(run.out), "--json", str(tmp_path / "both.json")]) == 0
    both = json.loads((tmp_path / "both.json").read_text("utf-8"))
    wrong = [
        f"mcq/{at + 1}"
        for at in range(20)
        if answer(QUESTIONS[at]).body != completion(RIGHT[QUESTIONS[at]]).body
    ]
    assert sorted(both["mcq"]["wrong_to_right"]) == sorted(wrong)
    assert both["mcq"]["right_to_wrong"] == []
    difference = both["mcq"]["accuracy"]["difference"]
    assert difference["estimate"] == pytest.approx(100 * len(wrong) / 20)
    assert difference["low"] < difference["estimate"] < difference["high"]
    assert both["mcq"]["mcnemar_exact_p"] == pytest.approx(2 * 0.5 ** len(wrong))
    assert both["open"]["score"]["unscored_in_a_only"] == 1
    assert both["open"]["score"]["pairs"] == 19
    assert both["measured_otherwise"] == []
    assert "NOT MEASURED ALIKE" not in told.getvalue()


async def test_runs_that_were_measured_otherwise_are_told_apart(done: Path, tmp_path: Path) -> None:
    async with stage(tmp_path / "other") as run:
        assert (await run.run("--rubric", "medical-qa"))[0] == 0
        told = io.StringIO()
        with redirect_stdout(told):
            assert main(["compare", str(done), str(run.out)]) == 0
        assert "NOT MEASURED ALIKE: the runs differ in instrument, rubric" in told.getvalue()
    assert main(["compare", str(done), str(tmp_path)]) == 2


def test_the_published_table_is_the_papers() -> None:
    models = published()
    assert len(models) == 18
    weights = dict(zip(CRITERIA, (1, 1, 4, 4), strict=True))
    for name, row in models.items():
        total = sum(weight * row[criterion] for criterion, weight in weights.items()) / 10
        expected = DOUBTFUL.get((name, "open"), row["open"])
        assert total == pytest.approx(expected, abs=0.0051), name


@pytest.mark.parametrize(
    ("cut", "name", "column"),
    [
        ("dimension", "SOD", "SOD"),
        ("dimension", "Small-Object Detection", "SOD"),
        ("dimension", "long_tail generalization", "LTG"),
        ("subtype", "dx", "DX"),
        ("question_type", "Diagnosis", "DX"),
        ("dimension", "DX", None),
        ("subtype", "Causal reasoning", None),
        ("modality", "CR", None),
        ("organ", "TP", None),
        ("modality", "CT", None),
    ],
)
def test_a_group_is_known_by_its_letters_or_its_words_where_its_kind_stands(
    cut: str, name: str, column: str | None
) -> None:
    assert column_of(cut, name) == column
