"""Reads data sets: Med-CMR's two files, and any JSON, JSONL, CSV or parquet file with a map of its columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from judge_client.run.files import rows_of
from judge_client.run.items import LETTERS, Dataset, DatasetFault, Item
from judge_client.run.options import blank, options_of
from judge_client.run.pictures import find_image, told_picture

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

# Field of an item ← names of columns, the first that a row has. Two of Med-CMR's names have blanks in them.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("index", "id", "question_id"),
    "question": ("question", "prompt"),
    "answer": ("answer", "reference", "label"),
    "image": ("image_path", "image"),
    "visual_description": ("visual_description", "caption"),
    "dimension": ("task", "dimension", "category"),
    "subtype": ("subtype",),
    "question_type": ("question type", "question_type"),
    "modality": ("modality",),
    "organ": ("organ system", "organ_system", "organ"),
    "options": ("options", "choices"),
} | {letter: (letter,) for letter in LETTERS}
_GROUPS = ("dimension", "subtype", "question_type", "modality", "organ")
_NEEDED = ("question", "answer")
_NO_TEXTS = ("options", "image")
_PICTURES = re.compile(r"im(?:g|age)|(?<![a-z])pic|photo|scan", re.IGNORECASE)


def read_dataset(paths: Sequence[Path], columns: Mapping[str, str], images: Path | None = None) -> Dataset:
    """Read the files as one data set. `columns`: column → field, where a file has names of its own.

    A row with options is multiple choice, one without is open-ended. Raises `DatasetFault`.
    """
    files = [each for path in paths for each in _files_of(path)]
    found = _sources(columns)
    read: dict[str, Item] = {}
    places: dict[str, str] = {}
    seen: set[str] = set()
    for row in (row for path in files for row in rows_of(path)):
        item = _item(row.values, found, row.where, row.number)
        if item.key in places:
            raise DatasetFault(
                f"two {item.kind} items have the id {item.id!r}: {places[item.key]} and {row.where}"
            )
        read[item.key], places[item.key] = item, row.where
        seen.update(row.values)
    if not read:
        raise DatasetFault("the data set has no rows")
    _all_there(columns, seen)
    items, folder = tuple(read.values()), images or files[0].parent
    name = ", ".join(path.name for path in files)
    return Dataset(name, items, folder, (*_notes(items, folder), *_unread(items, seen, found)))


def _all_there(columns: Mapping[str, str], seen: Collection[str]) -> None:
    lacking = [column for column in columns if column not in seen]
    if lacking:
        raise DatasetFault(
            f"no row has the column {lacking[0]!r} that is mapped; columns are {', '.join(sorted(seen))}"
        )


def _unread(
    items: Iterable[Item], seen: Iterable[str], sources: Mapping[str, Iterable[str]]
) -> tuple[str, ...]:
    """A column of pictures under another name would leave the model blind, and nobody would know."""
    if any(item.image for item in items):
        return ()
    read = {name for names in sources.values() for name in names}
    left = sorted(name for name in seen if name not in read and _PICTURES.search(name))
    if not left:
        return ()
    return (f"no item has a picture, and the column {', '.join(left)} is not read: --map {left[0]}=image",)


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(
            each for each in path.iterdir() if each.suffix in {".json", ".jsonl", ".csv", ".parquet"}
        )
        if not found:
            raise DatasetFault(f"{path} holds no .json, .jsonl, .csv or .parquet file")
        return found
    if not path.is_file():
        raise DatasetFault(f"there is no file {path}")
    return [path]


def _sources(columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    unknown = sorted(set(columns.values()) - set(COLUMNS))
    if unknown:
        raise DatasetFault(f"no field {unknown[0]!r}; fields are {', '.join(COLUMNS)}")
    # A column that is named for one field is no other's: a column `A` may hold answers.
    mapped = {field: tuple(name for name in names if name not in columns) for field, names in COLUMNS.items()}
    for field in set(columns.values()):
        mapped[field] = tuple(column for column, named in columns.items() if named == field)
    return mapped


def _item(row: Mapping[str, Any], sources: Mapping[str, tuple[str, ...]], where: str, at: int) -> Item:
    told = {
        field: _text(_value(row, names), f"{where}: {field!r}")
        for field, names in sources.items()
        if field not in _NO_TEXTS
    }
    lacking = [field for field in _NEEDED if told[field] is None]
    if lacking:
        raise DatasetFault(f"{where}: no {lacking[0]!r} (looked for {', '.join(sources[lacking[0]])})")
    lettered = {letter: told[letter] for letter in LETTERS}
    options, answer = options_of(_value(row, sources["options"]), lettered, told["answer"] or "", where)
    image, picture = told_picture(_value(row, sources["image"]), where)
    return Item(
        id=told["id"] or str(at),
        kind="mcq" if options else "open",
        question=told["question"] or "",
        answer=answer,
        options=options,
        image=image,
        picture=picture,
        visual_description=told["visual_description"],
        groups={name: value for name in _GROUPS if (value := told[name]) is not None},
    )


def _value(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if not blank(row.get(name))), None)


def _text(value: Any, what: str) -> str | None:
    parts = value if isinstance(value, list) else [value]
    strange = next((part for part in parts if isinstance(part, dict | list | bytes)), None)
    if strange is not None:
        raise DatasetFault(f"{what} is no text: it is, or holds, a {type(strange).__name__}")
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else ", ".join(map(str, value))
    return None if value is None else str(value).strip() or None


def _notes(items: Sequence[Item], folder: Path) -> tuple[str, ...]:
    """What a reader should know: pictures that are not there, open items that cannot be judged in text."""
    notes = []
    blind = sum(1 for item in items if item.kind == "open" and not item.visual_description)
    if blind:
        notes.append(
            f"{blind} open items have no visual description: visual accuracy cannot be judged in text mode"
        )
    missing = sum(1 for item in items if item.image and not (item.picture or _there(folder, item.image)))
    if missing:
        where = folder.resolve()
        notes.append(
            f"{missing} items name a picture that is not below {where.name or where}: they will not be asked"
        )
    return tuple(notes)


def _there(folder: Path, path: str) -> bool:
    try:
        find_image(folder, path)
    except DatasetFault:
        return False
    return True
