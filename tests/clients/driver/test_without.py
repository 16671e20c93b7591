"""What a mean is without stands beside it: calls that failed, items without a dimension, cuts of other names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from driving import QUESTIONS, RIGHT, Counted, Stage, completion, rows, stage
from stubjudge import SHAPES, Shape

from judge_client.run.cli import main
from judge_client.run.published import published

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

QUICK = ("--model-concurrency", "4", "--model-timeout", "5", "--judge-timeout", "2")
BAD = Shape(status=400, body=b'{"error": {"message": "too many pixels"}}')
DOWN = Shape(status=500, body=b"{}")


def written(folder: Path, kind: str, groups: list[dict[str, str]]) -> Path:
    """The first of the demo's items of a kind without their pictures, in these groups."""
    fields = ("question", "answer", "visual_description", *"ABCDE")
    told = [
        {name: row[name] for name in fields if name in row} | group
        for row, group in zip(rows(kind), groups, strict=False)
    ]
    data = folder / f"{kind}-{len(groups)}.json"
    data.write_text(json.dumps(told), "utf-8")
    return data


def failing(run: Stage, *, model: tuple[int, ...] = (), judge: tuple[int, ...] = ()) -> None:
    """Both answer but for the open items of these numbers."""
    run.model.choose = Counted(
        lambda asked: BAD if QUESTIONS.index(asked) - 20 in model else completion(RIGHT[asked]), QUESTIONS
    )
    run.judge.choose = Counted(
        lambda asked: DOWN if QUESTIONS.index(asked) - 20 in judge else SHAPES["normal"], QUESTIONS
    )


async def test_a_criterion_is_unscored_where_the_model_or_the_judge_failed(tmp_path: Path) -> None:
    data = written(tmp_path, "open", [{"task": "SOD"}] * 4)
    async with stage(tmp_path / "run") as run:
        failing(run, model=(0,), judge=(1,))
        code, told = await run.run(*QUICK, data=data)
        assert code == 1, told
        cell = run.summary["open"]["all"]
        assert len(cell["criteria"]) == 4
        for each in (cell, *cell["criteria"].values()):
            assert (each["scored"], each["unscored"], each["unscored_rate"]) == (2, 2, 50.0)
        table = told[: told.index("Everything is in")]
        assert table.count("(50.0\u00a0%)") == 4
        page = (run.out / "page.html").read_text("utf-8")
        assert page.count("2 (50.0\u00a0%)") >= 5
        assert (
            "0 (0.0\u00a0%)</td><td"
            not in page[page.index("<h3>Criteria") : page.index("<h3>Criteria") + 9000]
        )


async def test_items_without_a_dimension_are_in_no_mean_of_dimensions(tmp_path: Path) -> None:
    some = written(tmp_path, "mcq", [{"task": "SOD"}] * 2 + [{"task": "FDD"}] * 2 + [{}] * 4)
    none = written(tmp_path, "mcq", [{}] * 6)
    async with stage(tmp_path / "run") as run:
        wrong = {QUESTIONS[0], *QUESTIONS[4:8]}
        run.model.choose = Counted(
            lambda asked: completion("E" if asked in wrong and RIGHT[asked] != "E" else RIGHT[asked]),
            QUESTIONS,
        )
        code, told = await run.run(*QUICK, data=some)
        assert code == 0, told
        macro = run.summary["mcq"]["all"]["accuracy_macro"]
        parts = run.summary["mcq"]["cuts"]["dimension"]
        means = [cell["accuracy_micro"]["estimate"] for cell in parts.values()]
        assert macro["estimate"] == sum(means) / 2
        assert (macro["n"], macro["without_dimension"]) == (4, 4)
        assert "macro (mean of dimensions), 4 items without one left out" in told
        assert "4 items without a dimension left out" in (run.out / "page.html").read_text("utf-8")
        code, told = await run.run(*QUICK, "--out", str(run.out) + "2", data=none)
        assert code == 0, told
        summary = json.loads((tmp_path / "run2" / "summary.json").read_text("utf-8"))
        macro = summary["mcq"]["all"]["accuracy_macro"]
        assert summary["mcq"]["all"]["accuracy_micro"]["estimate"] is not None
        assert (macro["estimate"], macro["low"], macro["method"]) == (None, None, "no item names a dimension")
        assert macro["without_dimension"] == 6
        assert "no macro mean: no item names a dimension" in told
        page = (tmp_path / "run2" / "page.html").read_text("utf-8")
        assert "no mean of dimensions (macro): no item names a dimension" in page


async def test_a_modality_that_is_spelt_like_a_dimension_stands_under_none(tmp_path: Path) -> None:
    groups = [{"task": "SOD", "modality": "CR", "organ": "TP", "subtype": "DX"}] * 2
    groups += [{"task": "FDD", "modality": "SU", "organ": "DX", "subtype": "SOD"}] * 2
    async with stage(tmp_path / "run") as run:
        assert (await run.run(*QUICK, data=written(tmp_path, "mcq", groups)))[0] == 0
        assert set(run.summary["published"]["ours"]) == {"mcq", "SOD", "FDD", "DX"}
        assert run.summary["published"]["ours_items"] == {"mcq": 4, "SOD": 2, "FDD": 2, "DX": 2}
        page = (run.out / "page.html").read_text("utf-8")
    assert _strokes(page, "capability dimension") == 2 * len(published())
    assert _strokes(page, "subtype") == len(published())
    assert _strokes(page, "modality") == _strokes(page, "organ system") == 0


def _strokes(page: str, cut: str) -> int:
    """Marks of published models in the figure of a cut, without the one of its legend."""
    figure = page[page.index(f"<h3>By {cut}</h3>") :]
    return max(0, figure[: figure.index("</svg>")].count('class="other-tick"') - 1)


async def compared(tmp_path: Path, a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Two runs over six open items that fail where they are told to, beside each other."""
    data = written(tmp_path, "open", [{"task": "SOD"}] * 6)
    async with stage(tmp_path / "a") as run:
        for name, broken in (("a", a), ("b", b)):
            failing(run, **broken)
            code, _ = await run.run(*QUICK, "--model", name, "--out", str(tmp_path / name), data=data)
            assert code == (1 if any(broken.values()) else 0)
    out = tmp_path / "both.json"
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json", str(out)]) == 0
    told: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return told


async def test_calls_that_failed_in_one_run_are_told_as_unscored_there(tmp_path: Path) -> None:
    both = await compared(tmp_path, {"judge": (0, 5)}, {"model": (0, 1, 2)})
    assert (both["items_in_both"], both["only_in_a"], both["only_in_b"]) == (6, 0, 0)
    for each in both["open"].values():
        missing = [each[f"unscored_in_{where}"] for where in ("a_only", "b_only", "both")]
        assert (each["pairs"], missing) == (2, [1, 2, 1])


async def test_open_items_that_no_judge_scored_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = {"judge": tuple(range(6))}
    both = await compared(tmp_path, everything, everything)
    assert set(both["open"]) == {"score"}
    assert (both["open"]["score"]["pairs"], both["open"]["score"]["unscored_in_both"]) == (0, 6)
    assert "0, 0, 6" in capsys.readouterr().out
