"""Where an item's picture is: a file below the folder of pictures, or in the item's own row."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from judge_client.run.digests import digest_of_bytes
from judge_client.run.items import DatasetFault
from judge_client.run.options import blank

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from judge_client.run.items import Item

_FOLDERS = ("", "imgs", "images")
_LONGEST = 120  # characters of a path that are told: one that is longer may be a picture itself


def told_picture(value: Any, where: str) -> tuple[str | None, bytes | None]:
    """What a row tells of its picture: its path; or, where it holds the picture itself, its digest and its bytes.

    A picture itself is a `data:` address, bytes, or an object with `bytes` and `path`, as Hugging Face's data sets
    have it. Raises `DatasetFault` for what is none of them, and quotes nothing of it.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and value.keys() & {"bytes", "path"}:
        value = next((value[name] for name in ("bytes", "path") if not blank(value.get(name))), None)
    if isinstance(value, str) and value.lstrip()[:5].lower() == "data:":
        value = _decoded(value, where)
    if isinstance(value, bytes):
        return digest_of_bytes(value), value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)  # there is no such file, and that is told of the item
    if not isinstance(value, str | int | None):
        raise DatasetFault(
            f"{where}: the picture is neither a path nor a picture, but a {type(value).__name__}"
        )
    return (None if value is None else str(value).strip() or None), None


def _decoded(address: str, where: str) -> bytes:
    head, _, body = address.partition(",")
    if not head.rstrip().lower().endswith(";base64"):
        raise DatasetFault(f"{where}: the picture is a data: address that is not in base64")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise DatasetFault(f"{where}: the picture is a data: address, and its base64 is broken") from None


def picture_of(item: Item, folder: Path) -> bytes | None:
    """The picture's bytes, `None` of an item that has none; raises `DatasetFault` where it is not there."""
    if item.image is None or item.picture is not None:
        return item.picture
    try:
        return find_image(folder, item.image).read_bytes()
    except OSError as exc:
        raise DatasetFault(
            f"picture {shortened(item.image)!r}: {exc.strerror or 'it cannot be read'}"
        ) from None


def picture_seen(item: Item, answer: Mapping[str, Any], folder: Path) -> bytes | None:
    """The picture that the model was shown; raises `DatasetFault` where it is gone, or has become another one."""
    raw = picture_of(item, folder)
    if raw is not None and digest_of_bytes(raw) != (answer["request"] or {}).get("image"):
        raise DatasetFault(f"picture {item.image!r} is another one than the model was shown")
    return raw


def find_image(folder: Path, path: str) -> Path:
    """The file of a picture: as the path says, or by its name in the folder or its `imgs`."""
    name = path.replace("\\", "/").rpartition("/")[2]
    places = [folder / path, *(folder / sub / name for sub in _FOLDERS)]
    try:
        inside = [place for place in places if place.is_file() and _below(place, folder)]
    except (OSError, ValueError):  # what no file can be called
        inside = []
    if not inside:
        raise DatasetFault(f"no picture {shortened(path)!r} below {folder}")
    return inside[0]


def shortened(path: str) -> str:
    """A path as it may be told."""
    return path if len(path) <= _LONGEST else f"{path[: _LONGEST // 4]}… ({len(path)} characters)"


def _below(place: Path, folder: Path) -> bool:
    """A data set names no file outside its folder: what it names is sent to a model."""
    return place.resolve().is_relative_to(folder.resolve())
