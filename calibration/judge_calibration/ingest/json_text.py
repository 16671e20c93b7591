"""Parses JSON strictly: no NaN, no name twice in one object; and bytes as UTF-8 and nothing else."""

from __future__ import annotations

import codecs
import json
from typing import NoReturn

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextRejected(ValueError):
    """A text is no JSON, or no text at all. `line` counts from 1; `code` is that of the fault."""

    code = "bad_text"

    def __init__(self, detail: str, line: int = 1) -> None:
        self.detail = detail
        self.line = line
        super().__init__(detail)


def parse(text: str) -> object:
    """What a JSON text holds."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise TextRejected(f"no JSON: {exc.msg} in column {exc.colno}", exc.lineno) from None
    except RecursionError:
        raise TextRejected("no JSON that a study needs: it is nested too deeply") from None
    except TextRejected:
        raise
    except ValueError:
        raise TextRejected("no JSON that a study needs: a number has too many digits") from None


def decoded(given: bytes | str) -> str:
    """UTF-8 bytes as text, without the mark that some programs put before it."""
    if isinstance(given, str):
        return given.removeprefix("\ufeff")
    if given.startswith(_UTF16):
        raise TextRejected("the text is UTF-16; save it as UTF-8")
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = given.count(b"\n", 0, exc.start) + 1
        byte = f"0x{given[exc.start]:02X}"
        detail = (
            f"the text is not UTF-8 (byte {byte}; Windows-1252 or Latin-1, most likely); save it as UTF-8"
        )
        raise TextRejected(detail, line) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TextRejected("an object has a name twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise TextRejected(f"{name} is no JSON; a missing score is null with an outcome, or left out")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
