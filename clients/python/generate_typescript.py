"""Write the TypeScript client's models from the service's OpenAPI document: `python generate_typescript.py DOCUMENT`.

By the same rule as the Python client's: closed where callers send, open to what a newer service adds where it tells.
"""

from __future__ import annotations

import json
import re
import textwrap

from openapi_shapes import Named, Schema, shapes, target, write

_WIDTH = 116
_HEAD = """\
// Shapes of the service's bodies. Made from its OpenAPI document by `make client`: never edit by hand.

/** A text out of a list that the service may add to. */
export type Open<Known extends string> = Known | (string & {});
"""
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


class Shape:
    """One schema on its way to an interface."""

    def __init__(self, named: Named) -> None:
        self._named = named

    def text(self) -> str:
        named = self._named
        if "properties" not in named.schema:
            return f"{_doc(named.about)}export type {named.name} = {self._type(named.schema)};"
        fields = [self._field(name, schema) for name, schema in named.schema["properties"].items()]
        if named.open:
            fields.append("  readonly [name: string]: unknown;\n")
        return f"{_doc(named.about)}export interface {named.name} {{\n{''.join(fields)}}}"

    def _field(self, name: str, schema: Schema) -> str:
        """A field; what the document does not promise may be missing, but for the one value that tells shapes apart."""
        promised = name in self._named.schema.get("required", ()) or (
            "const" in schema and not self._named.asked
        )
        about = textwrap.indent(_doc(schema["description"]), "  ") if "description" in schema else ""
        key = name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)
        return f"{about}  readonly {key}{'' if promised else '?'}: {self._type(schema)};\n"

    def _type(self, schema: Schema) -> str:
        if "$ref" in schema:
            return target(schema["$ref"])
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return " | ".join(dict.fromkeys(map(self._type, schema[union])))
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            names = " | ".join(map(json.dumps, schema["enum"]))
            return names if self._named.asked else f"Open<{names}>"
        return self._of_kind(schema)

    def _of_kind(self, schema: Schema) -> str:
        kind = schema.get("type")
        if "prefixItems" in schema:
            return f"readonly [{', '.join(map(self._type, schema['prefixItems']))}]"
        if kind == "array":
            return f"ReadonlyArray<{self._type(schema['items'])}>"
        if kind == "object":
            held = schema.get("additionalProperties", True)
            return f"Readonly<Record<string, {'unknown' if isinstance(held, bool) else self._type(held)}>>"
        return _PLAIN.get(str(kind), "unknown")


def _doc(text: str) -> str:
    lines = [
        part
        for line in text.strip().replace("*/", "* /").splitlines()
        for part in textwrap.wrap(line, _WIDTH - 5, break_long_words=False) or [""]
    ]
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */"]) + "\n"


def generated(document: Schema) -> str:
    """The module's text."""
    return "\n\n".join([_HEAD.rstrip(), *(Shape(named).text() for named in shapes(document))]) + "\n"


if __name__ == "__main__":
    write(generated)
