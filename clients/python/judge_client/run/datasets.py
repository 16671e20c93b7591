"""Reads data sets: Med-CMR's two files, and any JSON, JSONL, CSV or parquet file with a map of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_client.run.files import rows_of
from judge_client.run.items import LETTERS, Dataset, DatasetFault, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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


def read_dataset(paths: Sequence[Path], columns: Mapping[str, str], images: Path | None = None) -> Dataset:
    """Read the files as one data set. `columns`: column → field, where a file has names of its own.

    A row with options is multiple choice, one without is open-ended. Raises `DatasetFault`.
    """
    files = [each for path in paths for each in _files_of(path)]
    found = _sources(columns)
    items = [_item(row, found, f"{path.name}, row {at}", at) for path in files for at, row in rows_of(path)]
    if not items:
        raise DatasetFault("the data set has no rows")
    _distinct(items)
    folder = images or files[0].parent
    return Dataset(", ".join(path.name for path in files), tuple(items), folder, _notes(items, folder))


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
    mapped: dict[str, tuple[str, ...]] = dict(COLUMNS)
    for field in set(columns.values()):
        mapped[field] = tuple(column for column, named in columns.items() if named == field)
    return mapped


def _item(row: Mapping[str, Any], sources: Mapping[str, tuple[str, ...]], where: str, at: int) -> Item:
    told = {field: _text(_value(row, names)) for field, names in sources.items() if field != "options"}
    lacking = [field for field in _NEEDED if told[field] is None]
    if lacking:
        raise DatasetFault(f"{where}: no {lacking[0]!r} (looked for {', '.join(sources[lacking[0]])})")
    options = _options(_value(row, sources["options"]), told, where)
    answer = told["answer"] or ""
    return Item(
        id=told["id"] or str(at),
        kind="mcq" if options else "open",
        question=told["question"] or "",
        answer=_letter(answer, options, where) if options else answer,
        options=options,
        image=told["image"],
        visual_description=told["visual_description"],
        groups={name: value for name in _GROUPS if (value := told[name]) is not None},
    )


def _value(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else ", ".join(map(str, value))
    return None if value is None else str(value).strip() or None


def _options(listed: Any, told: Mapping[str, str | None], where: str) -> dict[str, str]:
    """The options by letter: columns A to J, or a list or mapping in one column."""
    if isinstance(listed, dict):
        return {str(letter).upper(): str(text) for letter, text in listed.items()}
    if isinstance(listed, list):
        if len(listed) > len(LETTERS):
            raise DatasetFault(f"{where}: more than {len(LETTERS)} options")
        return {letter: str(text) for letter, text in zip(LETTERS, listed, strict=False)}
    return {letter: text for letter in LETTERS if (text := told[letter]) is not None}


def _letter(answer: str, options: Mapping[str, str], where: str) -> str:
    """The key as a letter: it is given as one, perhaps with a label's mark, or as the option's text."""
    bare = answer.strip().rstrip(").:").upper()
    if bare in options:
        return bare
    same = [letter for letter, text in options.items() if text.strip() == answer]
    if len(same) == 1:
        return same[0]
    label = answer[:1].upper()
    if label in options and answer[1:2] in {")", ".", ":"}:
        return label
    raise DatasetFault(f"{where}: the answer is none of the options")


def _distinct(items: Sequence[Item]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.key in seen:
            raise DatasetFault(f"two {item.kind} items have the id {item.id!r}")
        seen.add(item.key)


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
