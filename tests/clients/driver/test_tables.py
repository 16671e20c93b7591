"""Tables of text: a row is read as its header says, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from judge_client.run.datasets import read_dataset
from judge_client.run.items import DatasetFault

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "id,image,question,answer,visual_description\n"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1,x.jpg,Where is it, exactly?,left lung nodule,nodule in left lung\n", "row 1: has more cells"),
        ("1,x.jpg,?,x,y\n2,x.jpg,?,x\n", "row 2: has fewer cells"),
        ("1,x.jpg,?,x,\n", ""),
        ('1,x.jpg,"?" he said,x,y\n', "row 1: "),
        ("1,x.jpg,?,x,y\n2,x.jpg,?,x," + "y" * 200_000, "row 2: field larger"),
    ],
)
@pytest.mark.parametrize("head", [HEAD, HEAD.replace("image", "note")])
def test_a_row_with_other_cells_than_the_header_is_named_and_not_shifted(
    rows: str, words: str, head: str, tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text(head + rows, "utf-8")
    if not words:
        assert read_dataset([tmp_path / "data.csv"], {}).items[0].visual_description is None
        return
    with pytest.raises(DatasetFault, match=f"data.csv, {words}"):
        read_dataset([tmp_path / "data.csv"], {})
