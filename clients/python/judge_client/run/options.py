"""The options of a multiple-choice row by their letters, and its key as one of them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from judge_client.run.items import LETTERS, DatasetFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = (str, int, float)
_FEWEST = 2


def blank(value: Any) -> bool:
    """Whether a cell says nothing: null, an empty text, or the NaN that tables write for null."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def options_of(
    listed: Any, lettered: Mapping[str, str | None], answer: str, where: str
) -> tuple[dict[str, str], str]:
    """The options by letter, and the answer: its letter, or the answer as it is where there are no options.

    `listed`: a list, a mapping or either as JSON, in one column; `lettered`: the columns A to J. An option that says
    nothing is left out and keeps its letter. Raises `DatasetFault` for what can be read in no way or in two.
    """
    labelled = _labelled(_parsed(listed, where), where)
    if listed is None:
        labelled = {letter: (letter, text) for letter, text in lettered.items()}
    kept = {
        letter: (label, _said(text, where)) for letter, (label, text) in labelled.items() if not blank(text)
    }
    if not kept:
        return {}, answer
    if len(kept) < _FEWEST:
        raise DatasetFault(f"{where}: only one option ({', '.join(kept)}); multiple choice has at least two")
    options = {letter: text for letter, (_, text) in kept.items()}
    return options, _key(answer, options, {label: letter for letter, (label, _) in kept.items()}, where)


def _parsed(listed: Any, where: str) -> Any:
    """A table of text has its lists as JSON."""
    if not isinstance(listed, str):
        return listed
    try:
        return json.loads(listed)
    except ValueError:
        raise DatasetFault(f"{where}: the options are text, and no JSON list or mapping") from None


def _labelled(listed: Any, where: str) -> dict[str, tuple[str, Any]]:
    """Letter → the row's own label and the text. Numbers become letters in their order."""
    if listed is None:
        return {}
    if isinstance(listed, list):
        pairs = list(zip(LETTERS, listed, strict=False))
    elif isinstance(listed, dict):
        pairs = [(str(label).strip().upper(), text) for label, text in listed.items()]
    else:
        raise DatasetFault(f"{where}: the options are neither a list nor a mapping")
    if len(listed) > len(LETTERS):
        raise DatasetFault(f"{where}: more than {len(LETTERS)} options")
    if all(label.isdecimal() for label, _ in pairs):
        pairs.sort(key=lambda pair: int(pair[0]))
        letters = list(LETTERS[: len(pairs)])
    else:
        letters = [label for label, _ in pairs]
    strange = [letter for letter in letters if letter not in tuple(LETTERS)]
    if strange or len(set(letters)) < len(letters):
        raise DatasetFault(
            f"{where}: options are labelled {', '.join(label for label, _ in pairs)}; "
            f"labels are letters from A to {LETTERS[-1]} or numbers, each once"
        )
    return dict(zip(letters, pairs, strict=True))


def _said(text: Any, where: str) -> str:
    if not isinstance(text, _PLAIN):
        raise DatasetFault(f"{where}: an option is neither a text nor a number")
    return str(text).strip()


def _key(answer: str, options: Mapping[str, str], labels: Mapping[str, str], where: str) -> str:
    """The key as a letter: it is given as a label, perhaps with a label's mark, or as the option's text."""
    bare = answer.strip().rstrip(").:").upper()
    same = [letter for letter, text in options.items() if text == answer]
    if bare in labels:
        if bare.isdecimal() and same not in ([], [labels[bare]]):
            raise DatasetFault(
                f"{where}: the answer {answer} is the number of one option and the text of another"
            )
        return labels[bare]
    if len(same) == 1:
        return same[0]
    label, mark = answer[:1].upper(), answer[1:2]
    if label in labels and mark in {")", ".", ":"}:
        return labels[label]
    raise DatasetFault(f"{where}: the answer is none of the options")
