"""The shapes of the service's OpenAPI document, for the programs beside this one that write a client's models."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_OF_OTHERS = frozenset({"openai", "fronts"})  # tags of what programs with clients of their own ask for


@dataclass(frozen=True, slots=True)
class Named:
    """A schema of the document by its name; `asked`: callers send it and the service never tells it."""

    name: str
    schema: Schema
    asked: bool

    @property
    def about(self) -> str:
        return str(self.schema.get("description", self.name))

    @property
    def open(self) -> bool:
        """Whether it has fields of any name beside its own."""
        return self.schema.get("additionalProperties") is True


def target(ref: str) -> str:
    """The name of the shape that a reference leads to."""
    return ref.removeprefix(_REF)


def shapes(document: Schema) -> Iterator[Named]:
    """Every shape of use to a client, each behind those that it is made of, for Python looks those up at once.

    What only the fronts for other programs ask or tell is left out: nobody comes to those with a client of ours.
    """
    schemas = document["components"]["schemas"]
    asked: set[str] = set()
    told: set[str] = set()
    others: set[str] = set()
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        foreign = not _OF_OTHERS.isdisjoint(operation["tags"])
        _within(operation.get("requestBody"), schemas, others if foreign else asked)
        _within(operation["responses"], schemas, others if foreign else told)
    for name in _in_order(schemas):
        if name not in others or name in asked | told:
            yield Named(name, schemas[name], name in asked - told)


def write(generated: Callable[[Schema], str]) -> None:
    """Print what is made of the document that the command line names."""
    sys.stdout.write(generated(json.loads(Path(sys.argv[1]).read_text("utf-8"))))


def _within(schema: object, schemas: dict[str, Schema], found: set[str]) -> None:
    """Add the names of all shapes that a schema leads to."""
    if isinstance(schema, list):
        for part in schema:
            _within(part, schemas, found)
    elif isinstance(schema, dict):
        name = target(schema["$ref"]) if isinstance(schema.get("$ref"), str) else ""
        if name and name not in found:
            found.add(name)
            _within(schemas[name], schemas, found)
        for part in schema.values():
            _within(part, schemas, found)


def _in_order(schemas: dict[str, Schema]) -> list[str]:
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in ordered:
            return
        inside: set[str] = set()
        _within(schemas[name], schemas, inside)
        for other in sorted(inside - {name}):
            visit(other)
        ordered[name] = None

    for name in sorted(schemas):
        visit(name)
    return list(ordered)
