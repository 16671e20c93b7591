"""`{{item.x}}` and `{{sample.output_text}}` in a grader's texts: names that are looked up, and no language."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from judge_service.errors import BodyRejected, GraderRejected, NotScored
from judge_service.strict_json import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_KEYS = re.compile(r"(item|sample)((?:\.[\w-]+(?: +[\w-]+)*)+)")
_FOREIGN = re.compile(r"\{\{|\{%")
OUTPUT_TEXT = ("output_text",)
OUTPUT_JSON = "output_json"


class Place(NamedTuple):
    """Where a value comes from."""

    source: str  # `item` or `sample`
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """As it is written."""
        return ".".join((self.source, *self.keys))


class NotThere(NotScored):
    """What a template names is not in the item, or not in the sample."""

    def __init__(self, message: str, flag: str) -> None:
        super().__init__(message)
        self.flag = flag


def places(text: str, pointer: str) -> list[Place]:
    """Every place that a text names, in its order; `GraderRejected` for what is no plain name."""
    if _FOREIGN.search(_PLACE.sub("", text)):
        raise _rejected(pointer, "has a template that is not {{item.…}} or {{sample.…}}")
    return [_place(found[1], pointer) for found in _PLACE.finditer(text)]


def filled(text: str, look: Callable[[Place], str]) -> str:
    """The text with a value at each of its places; what a value says is not looked at again."""
    return _PLACE.sub(lambda found: look(_place(found[1], "")), text)


def _place(written: str, pointer: str) -> Place:
    found = _KEYS.fullmatch(written.strip())
    if found is None:
        raise _rejected(pointer, "has a template that is not {{item.…}} or {{sample.…}}")
    place = Place(found[1], tuple(found[2].split(".")[1:]))
    if place.source == "sample" and place.keys != OUTPUT_TEXT and place.keys[0] != OUTPUT_JSON:
        raise _rejected(pointer, "names something of the sample that is not output_text or output_json")
    return place


def _rejected(pointer: str, rule: str) -> GraderRejected:
    return GraderRejected(f"{pointer}: {rule}", ((pointer, rule),))


class Known:
    """What there is to look up: the item, and what the model said."""

    def __init__(self, item: Mapping[str, object], sample: str) -> None:
        self._item = item
        self._sample = sample
        self._output: list[object] = []  # the sample as JSON, once it was read

    def text(self, place: Place) -> str:
        """The value at a place: a text as it is, anything else as JSON; raises `NotThere`, for null as well."""
        if place == ("sample", OUTPUT_TEXT):
            return self._sample
        found = self._found(place)
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    def _found(self, place: Place) -> object:
        if place.source == "item":
            return _walked(self._item, place.keys, place, "invalid_variable_error")
        return _walked(self._read(), place.keys[1:], place, "sample_parse_error")

    def _read(self) -> object:
        if not self._output:
            try:
                self._output.append(loads(self._sample.encode("utf-8", "replace")))
            except BodyRejected:
                raise NotThere(
                    "the sample is not JSON, and the grader reads it as such", "sample_parse_error"
                ) from None
        return self._output[0]


def _walked(root: object, keys: tuple[str, ...], place: Place, flag: str) -> object:
    found = root
    for key in keys:
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(found):
            found = found[int(key[:9])]
        else:
            found = None
            break
    if found is None:  # which is how a program writes that it has none: it is no text to compare with
        raise NotThere(f"there is no value for {{{{{place.name}}}}}", flag)
    return found
