"""Keeps what is generated from the rubric files current: the editor's schema and the pinned digests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from judge_service.domain.rubric import Rubric
from judge_service.errors import ConfigurationError
from judge_service.rubric_store import RubricStore, digests, load_rubrics

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_FILE = "rubric.schema.json"
DIGESTS_FILE = "digests.json"
_RENEW = "judge-service rubrics digest --write"


def schema_text() -> str:
    """The JSON schema of a rubric file, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Rubric.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def pin(folder: Path) -> None:
    """Pin the digest of each new (id, version) and renew the schema; raises when a pinned one has changed."""
    pinned, now = _pinned(folder), digests(load_rubrics(folder))
    if changed := _changed(pinned, now):
        raise ConfigurationError(changed[0])
    text = json.dumps(dict(sorted((pinned | now).items())), indent=2) + "\n"
    (folder / DIGESTS_FILE).write_text(text, "utf-8")
    (folder / SCHEMA_FILE).write_text(schema_text(), "utf-8")


def load_pinned(folder: Path) -> RubricStore:
    """Load a folder's rubrics to judge by them: a pinned version whose text has changed is refused.

    One that is not pinned yet is accepted, so that a rubric can be tried while it is written.
    """
    store = load_rubrics(folder)
    if changed := _changed(_pinned(folder), digests(store)):
        raise ConfigurationError(f"rubric {changed[0]}")
    return store


def faults(folder: Path) -> list[str]:
    """What is not in order about a folder of rubrics, in words."""
    pinned, now = _pinned(folder), digests(load_rubrics(folder))
    found = _changed(pinned, now)
    found += [
        f"{ref} is not pinned; run `judge-service rubrics digest --write`" for ref in now if ref not in pinned
    ]
    schema = folder / SCHEMA_FILE
    if not schema.exists() or schema.read_text("utf-8") != schema_text():
        found.append(f"{SCHEMA_FILE} is not current; run `{_RENEW}`")
    return found


def _pinned(folder: Path) -> dict[str, str]:
    path = folder / DIGESTS_FILE
    pinned: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return pinned


def _changed(pinned: dict[str, str], now: dict[str, str]) -> list[str]:
    return [
        f"{ref}: its text changed and its version did not; raise the version, for the answers must not mix"
        for ref, digest in now.items()
        if pinned.get(ref, digest) != digest
    ]
