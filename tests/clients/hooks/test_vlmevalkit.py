"""The `evaluate`, on a table of predictions as VLMEvalKit writes them."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hookguide import at, examples, run_here
from serving import REFERENCE

if TYPE_CHECKING:
    from pathlib import Path

    from judge_client import JudgeClient

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PREDICTIONS = [
    (REFERENCE, REFERENCE, "lung"),
    (REFERENCE, "A fracture of the left wrist.", "bone"),
    ("x", "Pneumonia.", "lung"),
    (REFERENCE, "Failed to obtain answer via API.", "lung"),
    (REFERENCE, None, "skin"),
]
JUDGE_KWARGS = {"nproc": 4, "verbose": False, "retry": 3, "model": "gpt-4o"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A data set, its picture, and the predictions of a model."""
    (tmp_path / "x.png").write_bytes(PNG)
    rows = [
        {"index": at, "question": "What?", "answer": a, "prediction": p, "category": c}
        for at, (a, p, c) in enumerate(PREDICTIONS)
    ]
    data = pd.DataFrame(rows)
    data.assign(image_path=str(tmp_path / "x.png")).drop(columns="prediction").to_csv(
        tmp_path / "Radiographs.tsv", sep="\t", index=False
    )
    data.to_csv(tmp_path / "model_Radiographs.tsv", sep="\t", index=False)
    return tmp_path


def evaluated(files: Path, service: JudgeClient, **options: Any) -> dict[str, Any]:
    base = importlib.import_module("vlmeval.dataset.image_vqa").CustomVQADataset
    hook = importlib.import_module("judge_client.hooks.vlmevalkit")
    kind = type("Radiographs", (base,), {"evaluate": hook.judged(service, "medical-qa", **options)})
    told: dict[str, Any] = kind(str(files / "Radiographs")).evaluate(
        str(files / "model_Radiographs.tsv"), **JUDGE_KWARGS
    )
    return told


def with_picture(files: Path, value: str) -> None:
    """Give the second row another picture."""
    table = pd.read_csv(files / "Radiographs.tsv", sep="\t")
    table.loc[1, "image_path"] = value
    table.to_csv(files / "Radiographs.tsv", sep="\t", index=False)


def test_means_are_over_what_has_a_score(packages: None, service: JudgeClient, files: Path) -> None:
    told = evaluated(files, service)
    assert told == {
        "Overall": pytest.approx(2 / 3),
        "lung": 1,
        "bone": pytest.approx(1 / 3),
        "skin": None,
        "scored": 2,
        "unscored": 3,
    }
    written = pd.read_csv(files / "model_Radiographs_judge.tsv", sep="\t")
    assert list(written["judge"].notna()) == [True, True, False, False, False]
    said = [str(why).partition(":")[0] for why in written["judge_unscored"]]
    assert said == ["nan", "nan", "abstained", "no_prediction", "no_prediction"]


def test_numbers_are_predictions_and_empty_cells_are_nothing(
    packages: None, service: JudgeClient, files: Path
) -> None:
    table = files / "model_Radiographs.tsv"
    data = pd.read_csv(table, sep="\t").assign(prediction=7, answer=None, category=None)
    data.to_csv(table, sep="\t", index=False)
    assert evaluated(files, service) == {"Overall": None, "scored": 0, "unscored": 5}
    why = pd.read_csv(files / "model_Radiographs_judge.tsv", sep="\t")["judge_unscored"]
    assert not any("no_prediction" in each or "nan" in each for each in why)


@pytest.mark.parametrize("picture", ["gone.png", "x.gif"])
def test_a_picture_that_cannot_be_shown_is_one_rows_failure(
    packages: None, service: JudgeClient, files: Path, picture: str
) -> None:
    (files / "x.gif").write_bytes(b"GIF89a")
    with_picture(files, str(files / picture))
    told = evaluated(files, service)
    assert (told["Overall"], told["bone"], told["scored"], told["unscored"]) == (1, None, 1, 4)
    why = pd.read_csv(files / "model_Radiographs_judge.tsv", sep="\t")["judge_unscored"]
    assert str(why[1]).partition(":")[0] == "no_picture"


@pytest.mark.parametrize("picture", ["http://127.0.0.1:9/x.png", "data:image/png;base64,iVBORw0KGgo="])
def test_a_picture_at_an_address_is_handed_over_as_it_stands(
    packages: None, service: JudgeClient, files: Path, picture: str
) -> None:
    with_picture(files, picture)
    assert evaluated(files, service)["scored"] == 2


def test_while_the_judge_is_away_there_is_no_mean(packages: None, service: JudgeClient, files: Path) -> None:
    told = evaluated(files, service, judge="away", images=False)
    assert told == {"Overall": None, "lung": None, "bone": None, "skin": None, "scored": 0, "unscored": 5}


def test_the_guides_example_evaluates(service_url: str, files: Path) -> None:
    (example,) = examples("VLMEvalKit")
    asked = "\nimport json\nprint(json.dumps(Radiographs('Radiographs').evaluate('model_Radiographs.tsv')))"
    told = json.loads(run_here(at(service_url, example) + asked, files))
    assert (told["scored"], told["unscored"]) == (2, 3)
