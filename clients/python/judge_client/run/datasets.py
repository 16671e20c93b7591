"""Reads data sets: Med-CMR's two files, and any JSON, JSONL, CSV or parquet file with a map of its columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from judge_client.run.files import rows_of
from judge_client.run.items import LETTERS, Dataset, DatasetFault, Item
from judge_client.run.options import blank, options_of

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
_FOLDERS = ("", "imgs", "images")
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


def find_image(folder: Path, path: str) -> Path:
    """Where an item's picture is: as the path says, or by its name in the folder or its `imgs`."""
    name = path.replace("\\", "/").rpartition("/")[2]
    places = [folder / path, *(folder / sub / name for sub in _FOLDERS)]
    inside = [place for place in places if place.is_file() and _below(place, folder)]
    if not inside:
        raise DatasetFault(f"no picture {path!r} below {folder}")
    return inside[0]


def _below(place: Path, folder: Path) -> bool:
    """A data set names no file outside its folder: what it names is sent to a model."""
    return place.resolve().is_relative_to(folder.resolve())


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
    told = {field: _text(_value(row, names)) for field, names in sources.items() if field != "options"}
    lacking = [field for field in _NEEDED if told[field] is None]
    if lacking:
        raise DatasetFault(f"{where}: no {lacking[0]!r} (looked for {', '.join(sources[lacking[0]])})")
    lettered = {letter: told[letter] for letter in LETTERS}
    options, answer = options_of(_value(row, sources["options"]), lettered, told["answer"] or "", where)
    return Item(
        id=told["id"] or str(at),
        kind="mcq" if options else "open",
        question=told["question"] or "",
        answer=answer,
        options=options,
        image=told["image"],
        visual_description=told["visual_description"],
        groups={name: value for name in _GROUPS if (value := told[name]) is not None},
    )


def _value(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if not blank(row.get(name))), None)


def _text(value: Any) -> str | None:
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
    missing = sum(1 for item in items if item.image and not _there(folder, item.image))
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
