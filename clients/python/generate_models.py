"""Write judge_client/models.py from the service's OpenAPI document: `python generate_models.py DOCUMENT`.

A small generator of our own. What is to be had makes closed models of answers, which then refuse the fields and
names that a newer service adds; we send strictly and read generously.
"""

from __future__ import annotations

import keyword
import textwrap

from openapi_shapes import Named, Schema, shapes, target, write

_WIDTH = 106
# Annotations are plain values in there, since reading them back from texts costs a tenth of the import.
_HEAD = '''\
"""Shapes of the service's bodies. Made from its OpenAPI document by `make client`: never edit by hand.

In what is told, a closed list of names is a plain text: the service may add names, and says so in its notes.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, Tag

from judge_client.shapes import AskedOpenShape, AskedShape, Number, ToldOpenShape, ToldShape, by
'''
_LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minProperties": "min_length",
    "maxProperties": "max_length",
    "pattern": "pattern",
}
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def _named(name: str, field: str) -> str:
    """A field under its name; one that is a word of Python's gets another, and is told and sent as it is."""
    if not keyword.iskeyword(name):
        return f"{name}: {field}"
    kind, equals, default = field.partition(" = ")
    return f"{name}_: Annotated[{kind}, Field(alias={name!r})]{equals}{default}"


class Shape:
    """One schema on its way to a class."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._name = named.name
        self._schema = named.schema
        self._asked = named.asked

    def text(self) -> str:
        if "properties" not in self._schema:
            return self._root()
        lines = [f"class {self._name}({self._base()}):", _doc(self._named.about)]
        required = set(self._schema.get("required", ()))
        for name, schema in self._schema["properties"].items():
            lines.append(f"    {_named(name, self._field(schema, required=name in required))}")
            if "description" in schema:
                lines.append(_doc(schema["description"]))
        return "\n".join(lines)

    def _base(self) -> str:
        closed = self._schema.get("additionalProperties") is False
        if self._asked:
            return "AskedShape" if closed else "AskedOpenShape"
        return "ToldOpenShape" if self._named.open else "ToldShape"

    def _root(self) -> str:
        kind = self._type(self._schema)
        about = _doc(self._named.about)
        return f"class {self._name}(RootModel[{kind}]):\n{about}"

    def _field(self, schema: Schema, *, required: bool) -> str:
        kind = self._type(schema)
        if required:
            return kind
        if "$ref" in schema and "default" not in schema:
            return f"{kind} | None = None"
        if "$ref" in schema:
            return f"{kind} = Field(default_factory=lambda: {kind}.model_validate({schema['default']!r}))"
        if schema.get("type") == "object":
            return f"{kind} = Field(default_factory=dict)"
        if "default" not in schema and schema.get("type") != "array":
            return f"{kind} = None" if kind.endswith("None") else f"{kind} | None = None"
        default = schema.get("default", ())
        return f"{kind} = {tuple(default) if isinstance(default, list) else default!r}"

    def _type(self, schema: Schema) -> str:
        if "$ref" in schema:
            return target(schema["$ref"])
        if "oneOf" in schema and "discriminator" in schema:
            return _told_apart(schema)
        if "anyOf" in schema:
            members = dict.fromkeys(self._type(member) for member in schema["anyOf"])
            if "str" in members:
                members = {member: None for member in members if not member.startswith("Literal[")}
            return " | ".join(members)
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            names = ", ".join(map(repr, schema["enum"]))
            return f"Literal[{names}]" if self._asked else "str"
        return self._limited(schema, self._of_kind(schema))

    def _of_kind(self, schema: Schema) -> str:
        kind = schema.get("type")
        if kind == "array":
            return self._row(schema)
        if kind == "object":
            held = schema.get("additionalProperties", True)
            values = "Any" if isinstance(held, bool) else self._type(held)
            return f"{'Mapping' if self._asked else 'dict'}[str, {values}]"
        if kind == "number" and not self._asked:
            return "Number"
        return _PLAIN.get(str(kind), "Any")

    def _row(self, schema: Schema) -> str:
        if "prefixItems" in schema:
            return f"tuple[{', '.join(map(self._type, schema['prefixItems']))}]"
        held = self._type(schema["items"])
        return f"Sequence[{held}]" if self._asked else f"tuple[{held}, ...]"

    def _limited(self, schema: Schema, kind: str) -> str:
        if not self._asked or "prefixItems" in schema:
            return kind
        limits = ", ".join(
            f"{ours}={schema[theirs]!r}" for theirs, ours in _LIMITS.items() if theirs in schema
        )
        return f"Annotated[{kind}, Field({limits})]" if limits else kind


def _told_apart(schema: Schema) -> str:
    """A union by a field: each member by its one value, the last by all the others."""
    apart = schema["discriminator"]
    members = [target(member["$ref"]) for member in schema["oneOf"]]
    tags = {value: target(ref) for value, ref in apart["mapping"].items()}
    named = {value: member for value, member in tags.items() if member != members[-1]}
    union = " | ".join(f'Annotated[{member}, Tag("{member}")]' for member in members)
    return f'Annotated[{union}, by("{apart["propertyName"]}", {named!r}, "{members[-1]}")]'


def _doc(text: str) -> str:
    wrapped = "\n".join(
        textwrap.fill(line, _WIDTH - 4, break_long_words=False) for line in text.strip().splitlines()
    )
    quoted = wrapped.replace("\\", "\\\\")
    end = "\n" if "\n" in quoted else ""
    return textwrap.indent(f'"""{quoted}{end}"""', "    ")


def generated(document: Schema) -> str:
    """The module's text, before it is formatted."""
    return "\n\n\n".join([_HEAD, *(Shape(named).text() for named in shapes(document))]) + "\n"


if __name__ == "__main__":
    write(generated)
