"""Long tables: columns by name, cells as the scale reads them, faults by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from calibration_ingest import SCALES

from judge_calibration.errors import OptionRejected, StudyRejected
from judge_calibration.ingest import study_from_text

if TYPE_CHECKING:
    from judge_calibration.study import Study

HEAD = "item,criterion,rater,score"


def read(*rows: str, scales: Any = None) -> Study:
    return study_from_text("\n".join(rows), "csv", SCALES if scales is None else scales)


def csv_faults(*rows: str, scales: Any = None) -> list[tuple[int, str, str]]:
    with pytest.raises(StudyRejected) as rejected:
        read(*rows, scales=scales)
    assert {fault.table for fault in rejected.value.faults} == {"study"}
    return [(fault.row, fault.field, fault.code) for fault in rejected.value.faults]


@pytest.mark.parametrize("cell", ["3", "3.0", " 3 ", "+3", "3e0", "03", '"3"'])
def test_a_number_is_read_from_its_text(cell: str) -> None:
    assert read(HEAD, f"1,quality,A,{cell}").tables["quality"].ratings.tolist() == [[3]]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("9", "off_scale"),
        ("three", "not_numeric"),
        ("3_0", "not_numeric"),
        ("nan", "not_numeric"),
        ("٣", "not_numeric"),
        ("1e999", "not_finite"),
        ("true", "not_numeric"),
        ("", "null_rating"),
    ],
)
def test_what_is_no_score_is_told(cell: str, code: str) -> None:
    assert csv_faults(HEAD, "1,quality,A,3", f"2,quality,A,{cell}") == [(3, "score", code)]


@pytest.mark.parametrize("scale", [{"kind": "binary"}, {"kind": "binary", "values": ["nein", "ja"]}])
def test_a_binary_cell_is_a_word_for_truth_or_a_number(scale: Any) -> None:
    cells = ["true", "FALSE", "Yes", "no", "met", "unmet", "1", "0", "1.0"]
    rows = [f"1,quality,r{at},{cell}" for at, cell in enumerate(cells)]
    table = read(HEAD, *rows, scales={"quality": scale}).tables["quality"]
    assert table.ratings.tolist() == [[1, 0, 1, 0, 1, 0, 1, 0, 1]]


def test_the_scales_own_words_come_first() -> None:
    binary = {"quality": {"kind": "binary", "values": ["yes", "no"]}}
    assert read(HEAD, "1,quality,A,no", scales=binary).tables["quality"].ratings.tolist() == [[1]]
    nominal = {"quality": {"kind": "nominal", "values": ["true", "2"]}}
    rows = (HEAD, "1,quality,A,true", "1,quality,B,2")
    assert read(*rows, scales=nominal).tables["quality"].ratings.tolist() == [[0, 1]]


def test_a_line_names_a_rater_or_a_judge() -> None:
    head = "item,criterion,rater,judge,score,repeat,outcome"
    rows = ["1,quality,A,,3,,", "1,quality,,J,4,1,", "1,quality,,J,,2,refused", "1,quality,B,,2,,scored"]
    table = read(head, *rows).tables["quality"]
    assert table.outcomes == {"J": {"scored": 1, "refused": 1}}
    assert table.ratings.tolist() == [[3, 2]]
    wrong = ["1,quality,A,J,3,,", "1,quality,,,3,,", "1,quality,A,,3,2,refused", "1,quality,,J,3,x,"]
    assert csv_faults(head, *wrong) == [
        (2, "rater", "missing_field"),
        (3, "rater", "missing_field"),
        (4, "repeat", "unknown_field"),
        (4, "outcome", "unknown_field"),
        (5, "repeat", "bad_repeat"),
    ]


def test_a_column_may_say_whose_score_it_is() -> None:
    head = "item,criterion,rater,role,score"
    table = read(head, "1,quality,A,human,3", "1,quality,J,Judge,4", "1,quality,B,,3").tables["quality"]
    assert (table.raters, table.judges) == (("A", "B"), ("J",))
    assert csv_faults(head, "1,quality,A,nurse,3") == [(2, "role", "unknown_role")]


def test_a_table_may_be_of_judges_only() -> None:
    assert read("item,criterion,judge,score", "1,quality,J,3").tables["quality"].judges == ("J",)


def test_what_belongs_to_an_item_may_stand_on_each_of_its_lines() -> None:
    head = f"{HEAD},cluster,subgroup.modality,covariate.tokens"
    rows = ["1,quality,A,3,q,CT,12", "1,quality,B,3,q,CT,12", "1,quality,C,3,,,", "2,quality,A,3,q,,1.5"]
    study = read(head, *rows)
    assert study.clusters.tolist() == [0, 0]
    assert study.subgroups == {"modality": ("CT", None)}
    assert study.covariates["tokens"].tolist() == [12, 1.5]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("1,quality,B,3,p,CT,12", (3, "cluster", "conflicting_item")),
        ("1,quality,B,3,q,MR,12", (3, "subgroups.modality", "conflicting_item")),
        ("1,quality,B,3,q,CT,13", (3, "covariates.tokens", "conflicting_item")),
        ("1,quality,B,3,q,CT,many", (3, "covariates.tokens", "bad_covariate")),
    ],
)
def test_lines_that_say_different_things_about_an_item_are_told(
    line: str, fault: tuple[int, str, str]
) -> None:
    head = f"{HEAD},cluster,subgroup.modality,covariate.tokens"
    assert csv_faults(head, "1,quality,A,3,q,CT,12", line) == [fault]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("", "no column item, criterion, score, rater"),
        ("item,criterion,score", r"no column rater \(or judge\)"),
        ("item,rater,score", "no column criterion"),
        ("item,criterion,rater,score,score", "column 'score' twice"),
        ("item,criterion,rater,score,note", "no column 'note'"),
        ("item,criterion,rater,score,subgroup.", "no column 'subgroup.'"),
        ("item,criterion,rater,score,", "no column ''"),
    ],
)
def test_the_header_names_every_column_once(head: str, told: str) -> None:
    with pytest.raises(OptionRejected, match=told):
        read(head, "1,quality,A,3")


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_marks_between_cells_are_seen_in_the_header(mark: str) -> None:
    rows = [row.replace(",", mark) for row in (HEAD, "1,quality,A,3")]
    assert read(*rows).n_rows == 1


def test_a_line_of_another_length_is_told_and_its_neighbours_are_read() -> None:
    rows = [HEAD, "1,quality,A,3,x", "", ",,,", "2,quality,A,9", "3,quality"]
    assert csv_faults(*rows) == [(2, "", "bad_row"), (5, "score", "off_scale"), (6, "", "bad_row")]


def test_a_row_has_the_number_of_its_first_line() -> None:
    assert csv_faults(HEAD, '"a\nb\nc",quality,A,3', "1,quality,A,9") == [(5, "score", "off_scale")]


@pytest.mark.parametrize("line", ['1,quality,A,"3', "1,quality,A," + "3" * 140_000, '1,"quality"x,A,3'])
def test_a_table_that_cannot_be_read_on_says_where(line: str) -> None:
    assert csv_faults(HEAD, "1,quality,A,9", line)[-1][1:] == ("", "bad_text")
    assert csv_faults(HEAD, "1,quality,A,9", line)[-1][0] == 3
    assert csv_faults(line)[-1] == (1, "", "bad_text")


def test_lines_may_end_as_on_windows_and_ids_hold_commas() -> None:
    study = read(f"{HEAD}\r", '"a, b",quality,"A ""x""",3\r')
    assert study.items == ("a, b",)
    assert study.tables["quality"].raters == ('A "x"',)


def test_a_judge_that_was_not_asked_is_no_cell() -> None:
    study = read("item,criterion,rater,judge,score", "1,quality,A,,3", "2,quality,,J,0")
    assert np.array_equal(study.tables["quality"].judged, [[np.nan], [0.0]], equal_nan=True)
