"""Studies out of files: JSON, NDJSON, several together; faults by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from calibration_ingest import FINGERPRINT, SCALES, a_judge_score, a_rating, a_study_document, an_answer

from judge_calibration.errors import OptionRejected, StudyRejected
from judge_calibration.ingest import read_study, study_from, study_from_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCALE_LINE = {"criterion": "quality", "scale": [0, 1, 2, 3, 4, 5]}


def lines(*rows: object) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def line_faults(text: str, **options: Any) -> list[tuple[str, int, str, str]]:
    with pytest.raises(StudyRejected) as rejected:
        study_from_text(text, "ndjson", **options)
    return [(fault.table, fault.row, fault.field, fault.code) for fault in rejected.value.faults]


def written(folder: Path, files: Iterable[tuple[str, str]]) -> list[Path]:
    paths = []
    for name, text in files:
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def test_all_formats_give_the_same_study() -> None:
    items = [{"item": "1", "cluster": "q", "subgroups": {"m": "CT"}, "covariates": {"tokens": 12}}]
    document = a_study_document(items=items)
    by_document = study_from(document)
    by_lines = study_from_text(lines(a_judge_score(), a_rating(), *items, SCALE_LINE), "ndjson")
    table = (
        "item,criterion,rater,judge,score,cluster,subgroup.m,covariate.tokens\n"
        "1,quality,A,,3,q,CT,12\n1,quality,,J,4,q,CT,12\n"
    )
    by_table = study_from_text(table, "csv", SCALES)
    by_text = study_from_text(json.dumps(document), "json")
    assert {study.digest for study in (by_lines, by_table, by_text)} == {by_document.digest}


def test_lines_may_name_their_kind() -> None:
    tagged = [
        {"table": "scale", **SCALE_LINE},
        {"table": "rating", **a_rating(item="2")},
        {"table": "judge_score", **a_judge_score()},
        {"table": "item", "item": "1", "cluster": "q"},
        {"table": "item", "item": "2", "cluster": "q"},
        {"table": "score", **an_answer(case_id="2")},
        {"table": "composite", "criterion": "total", "weights": {"quality": 1}},
        {"table": "fingerprint", "judge": "J", "fingerprint": FINGERPRINT},
    ]
    study = study_from_text(lines(*tagged), "jsonl")
    assert list(study.tables) == ["quality", "total"]
    assert study.fingerprints == {"J": FINGERPRINT}
    assert study.tables["total"].judged.tolist() == [[80], [80]]
    assert study.clusters.tolist() == [0, 0]


def test_an_answer_among_lines_is_known_by_its_provenance() -> None:
    study = study_from_text(lines(SCALE_LINE, {"row": 1, "asked": "x", **an_answer()}), "ndjson")
    assert study.tables["quality"].judged.tolist() == [[4]]


def test_every_line_at_fault_is_told_by_its_number() -> None:
    text = lines(
        SCALE_LINE,
        "",
        a_rating(score=9),
        "{not json",
        "[1]",
        {"table": "rows"},
        {"table": ["rating"]},
        {"note": "x"},
        {"item": "1", "note": "x"},
        '{"item": "1", "item": "2"}',
        '{"item": "1", "criterion": "quality", "rater": "A", "score": NaN}',
        a_rating(),
        a_rating(),
        {"criterion": "quality", "scale": [0, 1], "note": "x"},
        {"table": "composite", "weights": {}},
        {"table": "fingerprint", "judge": 3},
    )
    assert line_faults(text) == [
        ("study", 3, "score", "off_scale"),
        ("study", 4, "", "bad_text"),
        ("study", 5, "", "bad_row"),
        ("study", 6, "", "bad_row"),
        ("study", 7, "", "bad_row"),
        ("study", 8, "", "bad_row"),
        ("study", 9, "", "bad_row"),
        ("study", 10, "", "bad_text"),
        ("study", 11, "", "bad_text"),
        ("study", 13, "rater", "duplicate"),
        ("study", 14, "scale", "bad_row"),
        ("study", 15, "composite", "bad_row"),
        ("study", 16, "fingerprint", "bad_row"),
    ]


def test_two_lines_about_one_item_conflict() -> None:
    text = lines(SCALE_LINE, {"item": "1"}, a_rating(), {"item": "1", "cluster": "q"})
    assert line_faults(text) == [("study", 4, "item", "conflicting_item")]


def test_a_mark_before_the_text_and_ends_of_lines_of_windows_do_no_harm() -> None:
    text = "\ufeff" + lines(SCALE_LINE, a_rating()).replace("\n", "\r\n") + "\r\n\r\n"
    assert study_from_text(text, "ndjson").n_rows == 1
    assert study_from_text(text.encode(), "ndjson").n_rows == 1
    assert study_from_text("\ufeff" + json.dumps(a_study_document()), "json").n_rows == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("größe".encode("latin-1"), r"line 1: the text is not UTF-8 \(byte 0xF6"),
        (b"1\n2\n\xff", "line 3: the text is not UTF-8"),
        ("text".encode("utf-16"), "UTF-16; save it as UTF-8"),
    ],
)
@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_another_encoding_is_named(given: bytes, told: str, form: Any) -> None:
    with pytest.raises(OptionRejected, match=told):
        study_from_text(given, form, SCALES)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "line 1: no JSON"),
        ('{"scales":\n{"a": [0, 1],}}', "line 2: no JSON"),
        ('{"scales": {}, "scales": {}}', "a name twice"),
        ('{"scales": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"scales": ' + "1" * 5000 + "}", "too many digits"),
        ("[]", "is an object"),
    ],
)
def test_what_is_no_document_is_refused(text: str, told: str) -> None:
    with pytest.raises(OptionRejected, match=told):
        study_from_text(text, "json")


def test_a_format_is_one_of_three() -> None:
    with pytest.raises(OptionRejected, match="format"):
        study_from_text("", "xlsx")  # type: ignore[arg-type]  # what a caller may write


def test_scales_that_are_given_go_before_those_of_the_text() -> None:
    given = {"quality": [0, 1, 2, 3, 4]}
    for text, form in ((json.dumps(a_study_document()), "json"), (lines(SCALE_LINE, a_rating()), "ndjson")):
        study = study_from_text(text, form, given)  # type: ignore[arg-type]  # each is a format
        assert study.tables["quality"].scale.size == 5
    assert study_from_text(lines(a_rating()), "ndjson", json.dumps(given)).tables["quality"].scale.size == 5
    with pytest.raises(OptionRejected, match="scales, line 1: no JSON"):
        study_from_text(lines(a_rating()), "ndjson", "{")


def test_given_scales_may_come_with_composites() -> None:
    given = {"scales": SCALES, "composites": {"total": {"weights": {"quality": 1}}}}
    study = study_from_text(lines(a_rating()), "ndjson", given)
    assert study.tables["total"].ratings.tolist() == [[60]]


def test_a_criterion_may_be_called_scales() -> None:
    given = {"scales": {"kind": "binary"}}
    study = study_from_text(lines(a_rating(criterion="scales", score=1)), "ndjson", given)
    assert list(study.tables) == ["scales"]


def test_a_scale_is_declared_alike_or_once() -> None:
    same = {"criterion": "quality", "scale": {"kind": "ordinal", "values": [0, 1, 2, 3, 4, 5]}}
    assert study_from_text(lines(SCALE_LINE, same, a_rating()), "ndjson").n_rows == 1
    with pytest.raises(OptionRejected, match="twice"):
        study_from_text(lines(SCALE_LINE, same | {"scale": [0, 1]}, a_rating()), "ndjson")


def test_a_file_is_read_by_its_name(tmp_path: Path) -> None:
    document = a_study_document()
    files = [
        ("a.json", json.dumps(document)),
        ("a.ndjson", lines(SCALE_LINE, a_rating(), a_judge_score())),
        ("a.JSONL", lines(SCALE_LINE, a_rating(), a_judge_score())),
    ]
    studies = [read_study(path) for path in written(tmp_path, files)]
    assert {study.digest for study in studies} == {study_from(document).digest}
    assert read_study(str(tmp_path / "a.json")).digest == studies[0].digest


def test_several_files_are_one_study(tmp_path: Path) -> None:
    files = [
        ("physicians.csv", "item,criterion,rater,score\n1,quality,A,3\n2,quality,A,1\n"),
        ("physicians.scales.json", json.dumps(SCALES)),
        ("judge.ndjson", lines(a_judge_score())),
        ("items.json", json.dumps({"items": [{"item": "1"}, {"item": "2", "cluster": "q"}]})),
    ]
    paths = written(tmp_path, files)
    study = read_study([paths[0], *paths[2:]])
    assert study.tables["quality"].ratings.tolist() == [[3], [1]]
    assert study.tables["quality"].judges == ("J",)
    assert study.clustered


def test_faults_of_several_files_name_the_file(tmp_path: Path) -> None:
    files = [
        ("a.csv", "item,criterion,rater,score\n1,quality,A,9\n"),
        (
            "b.json",
            json.dumps(a_study_document(judge_scores=[a_judge_score(item="9")], items=[{"item": "1"}])),
        ),
        ("c.ndjson", lines(a_rating(rater="B"), a_rating())),
    ]
    with pytest.raises(StudyRejected) as rejected:
        read_study(written(tmp_path, files))
    assert [(fault.table, fault.row, fault.code) for fault in rejected.value.faults] == [
        ("c.ndjson", 2, "duplicate"),
        ("a.csv", 2, "off_scale"),
        ("judge_scores of b.json", 1, "unknown_item"),
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [("absent.json", "cannot be read"), ("study.xlsx", "ends in"), ("folder.csv", "cannot be read")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OptionRejected, match=f"{name}.*{told}"):
        read_study(tmp_path / name)


def test_a_study_is_at_least_one_file() -> None:
    with pytest.raises(OptionRejected, match="no file"):
        read_study([])


def test_a_table_without_scales_is_refused(tmp_path: Path) -> None:
    (path,) = written(tmp_path, [("a.csv", "item,criterion,rater,score\n1,quality,A,3\n")])
    with pytest.raises(OptionRejected) as rejected:
        read_study(path)
    assert rejected.value.option == "scales"
