"""Reads, checks and digests rubric files, once, at the start."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rfc8785
import yaml
from pydantic import ValidationError

from judge_service.domain.rubric import Rubric
from judge_service.errors import ConfigurationError, RubricNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
PAIRWISE = "prompts/pairwise.jinja"  # one for all rubrics; a folder without it offers no comparisons


@dataclass(frozen=True, slots=True)
class StoredRubric:
    """A rubric with its template and what identifies both."""

    rubric: Rubric
    template: str
    digest: str  # SHA-256 over the canonical rubric and the template's text
    prompt_digest: str  # SHA-256 over the template's text
    words: str | None = (
        None  # instructions as they are, of a rubric made for one request; no template is rendered
    )


class RubricStore:
    """The rubrics of one folder, by id and version; the latest version answers to the bare id."""

    def __init__(self, rubrics: Iterable[StoredRubric], pairwise: str | None = None) -> None:
        self.pairwise = (
            pairwise  # template of the instructions for comparing two responses; None: there is none
        )
        self._by_ref: dict[tuple[str, int], StoredRubric] = {}
        for stored in rubrics:
            key = (stored.rubric.id, stored.rubric.version)
            if key in self._by_ref:
                raise ConfigurationError(f"rubric {stored.rubric.ref!r} is defined twice")
            self._by_ref[key] = stored

    def __len__(self) -> int:
        return len(self._by_ref)

    def get(self, ref: str) -> StoredRubric:
        """Find `id` or `id@version`."""
        rubric_id, at, version = ref.partition("@")
        known = sorted(v for (i, v) in self._by_ref if i == rubric_id)
        if not known:
            names = ", ".join(sorted({i for i, _ in self._by_ref}))
            raise RubricNotFound(f"there is no rubric {rubric_id[:80]!r} (known: {names})")
        if not at:
            return self._by_ref[rubric_id, known[-1]]
        for number in known:
            if str(number) == version:
                return self._by_ref[rubric_id, number]
        raise RubricNotFound(
            f"rubric {rubric_id!r} has no version {version[:20]!r} (known: {', '.join(map(str, known))})"
        )

    def all(self) -> list[StoredRubric]:
        """Every rubric, by id and version."""
        return [self._by_ref[key] for key in sorted(self._by_ref)]


def load_rubrics(folder: Path) -> RubricStore:
    """Read every `*.yaml` of a folder; one bad file and the service does not start."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigurationError(f"no rubric (*.yaml) in {folder}; set JUDGE_SERVICE_RUBRICS_DIR")
    return RubricStore((_load(file) for file in files), _pairwise(folder))


def _pairwise(folder: Path) -> str | None:
    template = folder / PAIRWISE
    if not template.exists():
        return None
    try:
        return template.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"cannot read the template {PAIRWISE} of comparisons") from exc


def digests(store: RubricStore) -> dict[str, str]:
    """`id@version` → digest, as `digests.json` pins them."""
    return {stored.rubric.ref: stored.digest for stored in store.all()}


def _load(file: Path) -> StoredRubric:
    try:
        rubric = Rubric.model_validate(parse_yaml(file.read_bytes()))
        # Defaults stay out, so that a rubric keeps its digest when the format gains an optional field.
        canonical = rfc8785.dumps(json.loads(rubric.model_dump_json(exclude_defaults=True)))
    except (OSError, yaml.YAMLError, ValueError) as exc:
        raise ConfigurationError(f"rubric file {file.name}: {_plainly(exc)}") from exc
    try:
        template = (file.parent / rubric.prompt).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"rubric {rubric.ref!r}: cannot read its template {rubric.prompt}") from exc
    return StoredRubric(
        rubric=rubric,
        template=template,
        digest=hashlib.sha256(canonical + b"\0" + template.encode()).hexdigest(),
        prompt_digest=hashlib.sha256(template.encode()).hexdigest(),
    )


def _plainly(exc: Exception) -> str:
    if not isinstance(exc, ValidationError):
        return str(exc)
    told = exc.errors(include_url=False, include_input=False)
    # A list whose items are at fault is also told to be too short; that says nothing more.
    faults = [
        fault
        for fault in told
        if fault["type"] != "too_short"
        or not any(f["loc"][:-1][: len(fault["loc"])] == fault["loc"] for f in told)
    ]
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'rubric'}: {fault['msg']}" for fault in faults[:5]
    )


def parse_yaml(raw: bytes) -> object:
    """Read YAML that is small, flat, free of aliases and of keys given twice.

    An alias bomb of 300 bytes explodes when it is walked, and of two equal keys YAML silently keeps the last.
    """
    if len(raw) > MAX_BYTES:
        raise ValueError(f"a rubric file has at most {MAX_BYTES} bytes")
    depth = 0
    for event in yaml.parse(raw, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return yaml.load(raw, Loader=_UniqueKeys)  # noqa: S506  a CSafeLoader with one check more


class _UniqueKeys(yaml.CSafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(map(repr, keys))) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)
