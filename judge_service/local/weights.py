"""Which weights a model's folder holds, and the name that says so."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_DIGITS = 12  # of the digest, in a name that people read
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_HUB_FOLDER = "models--"  # a hub's cache keeps ORG/NAME in models--ORG--NAME/snapshots/COMMIT


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and contents of all files of a model's folder but hidden ones, in hexadecimal."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))
    with ThreadPoolExecutor() as pool:  # hashing is as fast as a core, and weights are large
        found = list(pool.map(_digest, files))
    whole = hashlib.sha256()
    for path, digest in zip(files, found, strict=True):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return whole.hexdigest()


def model_name(place: str) -> str:
    """What people call the model in this folder, or under this name of a hub, which is taken as it is."""
    if not Path(place).is_dir():
        return place
    folder = Path(place).resolve()
    kept = folder.parent.parent.name
    if folder.parent.name == "snapshots" and kept.startswith(_HUB_FOLDER):
        return kept.removeprefix(_HUB_FOLDER).replace("--", "/")
    return folder.name


def served_name(place: str) -> str:
    """A name under which no other weights are served: the model's own, and for a folder its digest.

    A judge's model is known by its name alone, in the cache, to calibration maps and in provenance. What a hub has
    under one name is taken to stay what it is.
    """
    name = model_name(place)
    if not Path(place).is_dir():
        return name
    plain = _ODD.sub("-", name.rpartition("/")[2]).strip("-._") or "model"
    return f"{plain}-{digest_of(Path(place))[:_DIGITS]}"


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
