"""The one strict reader of judges' replies: a completion becomes verdicts, never an invented number."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Literal, NoReturn

from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome
from judge_service.scoring.distribution import Distribution, of_tokens
from judge_service.texts import THOUGHT_TAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.backends.base import Completion, Token
    from judge_service.domain.rubric import Criterion
    from judge_service.domain.verdict import Withheld

PARSER_VERSION = 4

_THINK = re.compile(rf"\s*<({'|'.join(THOUGHT_TAGS)})>", re.IGNORECASE)
_OPENED = re.compile(rf"<(?:{'|'.join(THOUGHT_TAGS)})>", re.IGNORECASE)
_CLOSED = re.compile(rf"</(?:{'|'.join(THOUGHT_TAGS)})>", re.IGNORECASE)
_FENCE = re.compile(r"```(?:json)?[ \t]*\r?\n(.*)\n?```", re.DOTALL | re.IGNORECASE)
_BLANKS = re.compile(r"[\s\"'\u2018\u2019\u201c\u201d]+")
_CONTROL_CHARACTER = object()
_VERDICT_KEYS = frozenset({"rationale", "evidence", "level"})

Fault = Literal["unparsable", "off_scale", "truncated"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Verdicts by criterion id, and whether asking once more for the form could help."""

    verdicts: dict[str, Scored | Unscored]
    fault: Fault | None = None
    is_whole: bool = True  # False: of several answers that were read together, one is to be kept by nobody

    @property
    def keeps(self) -> bool:
        """Whether every verdict is the judge's own decision, so that it may be cached."""
        own = all(verdict.outcome in {"scored", "abstained"} for verdict in self.verdicts.values())
        return own and self.is_whole


class _Unreadable(Exception):
    """The reply as a whole is no answer; carries why, in words that quote none of it."""

    def __init__(self, reason: str, outcome: Literal["unparsable", "truncated"] = "unparsable") -> None:
        super().__init__(reason)
        self.outcome = outcome


def read(
    completion: Completion, criteria: Sequence[Criterion], response: str, *, thinks: bool = False
) -> Reading:
    """Read a completion as verdicts. What ended the reply is looked at before any of its text is.

    `thinks`: the judge thinks before it answers, and its prompt may have opened the thoughts already.
    """
    match completion.finish:
        case "refusal":
            return _all(criteria, "refused", "the judge declined to answer")
        case "content_filter":
            return _all(criteria, "refused", "the provider's content filter withheld the answer")
        case "length":
            return _all(criteria, "truncated", "the answer was cut at the token cap", "truncated")
        case "other":
            return _all(criteria, "unparsable", "the reply ended for a reason we do not know", "unparsable")
    try:
        body = _without_thinking(completion.text, thinks=thinks)
        document, flags = _document(body)
        if unknown := set(document) - {criterion.id for criterion in criteria}:
            raise _Unreadable(f"the reply has {len(unknown)} keys that are no criterion of the rubric")
    except _Unreadable as exc:
        return _all(criteria, exc.outcome, str(exc), exc.outcome)
    said = _folded(response)
    verdicts = {
        c.id: _distributed(c, _verdict(c, document.get(c.id), said, flags), body, completion.tokens)
        for c in criteria
    }
    faults = {verdict.outcome for verdict in verdicts.values()}
    fault: Fault | None = (
        "unparsable" if "unparsable" in faults else "off_scale" if "off_scale" in faults else None
    )
    return Reading(verdicts, fault)


def _all(
    criteria: Sequence[Criterion], outcome: UnscoredOutcome, reason: str, fault: Fault | None = None
) -> Reading:
    return Reading({c.id: Unscored(outcome=outcome, weight=c.weight, reason=reason) for c in criteria}, fault)


def _document(text: str) -> tuple[dict[str, object], tuple[str, ...]]:
    body, flags = text.strip(), []
    if not body:
        raise _Unreadable("the reply is empty")
    if fenced := _FENCE.fullmatch(body):
        body = fenced[1]
        flags.append("fenced_reply")
    document = _loads(body, strict=True)
    if document is _CONTROL_CHARACTER:
        # Some grammars let a raw tab or newline into a string; the document is otherwise well-formed.
        document = _loads(body, strict=False)
        flags.append("control_characters_in_reply")
    if not isinstance(document, dict):
        raise _Unreadable("the reply is JSON but not an object")
    return document, tuple(flags)


def _loads(body: str, *, strict: bool) -> object:
    try:
        return json.loads(
            body,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_integer,
            strict=strict,
        )
    except json.JSONDecodeError as exc:
        if exc.msg.startswith("Invalid control character"):
            return _CONTROL_CHARACTER
        raise _Unreadable(_why_not_json(exc)) from None
    except (ValueError, RecursionError) as exc:
        raise _Unreadable("the reply holds a number or a nesting no answer needs") from exc


def _why_not_json(exc: json.JSONDecodeError) -> str:
    # json's messages name the fault and never quote the text.
    return "more than one JSON object" if exc.msg == "Extra data" else "the reply is not one JSON object"


def _without_thinking(text: str, *, thinks: bool) -> str:
    """Take off one leading, closed block of thoughts; a block left open is a cut reply, whatever it holds."""
    opened = _THINK.match(text)
    if not opened:
        return _after_thoughts(text) if thinks else text
    closed = re.compile(f"</{opened[1]}>", re.IGNORECASE).search(text, opened.end())
    if not closed:
        raise _Unreadable("the reply ends inside the judge's thoughts", "truncated")
    return text[closed.end() :]


def _after_thoughts(text: str) -> str:
    """Take off thoughts that the prompt opened: all before the only closing tag, unless the answer quotes it."""
    thoughts, *after = _CLOSED.split(text)
    if len(after) != 1 or _OPENED.search(thoughts) or _is_answer(text):
        return text
    return after[0]


def _is_answer(text: str) -> bool:
    try:
        _document(text)
    except _Unreadable:
        return False
    return True


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unreadable("the reply gives a key twice")
    return found


def _no_constant(_: str) -> NoReturn:
    raise _Unreadable("the reply holds NaN or Infinity")


def _integer(digits: str) -> int:
    # A negative zero is no level, and as an integer it would be the level 0.
    if digits == "-0":
        raise _Unreadable("the reply holds a negative zero")
    return int(digits)


def _verdict(criterion: Criterion, entry: object, said: str, flags: tuple[str, ...]) -> Scored | Unscored:
    def unparsable(reason: str) -> Unscored:
        return Unscored(outcome="unparsable", weight=criterion.weight, reason=reason, flags=flags)

    if not isinstance(entry, dict):
        return unparsable("the reply has no verdict on this criterion")
    if set(entry) - _VERDICT_KEYS or "level" not in entry:
        return unparsable("the verdict has unknown keys, or no level")
    rationale, evidence = _plain(entry.get("rationale")), _quotations(entry.get("evidence", []))
    if rationale is None or evidence is None:
        return unparsable("the verdict's rationale or evidence is missing or of another type")
    if entry["level"] is None:
        return Unscored(
            outcome="abstained",
            weight=criterion.weight,
            reason="the judge says that it cannot assess this criterion; its words are in the rationale",
            rationale=rationale,
            flags=flags,
        )
    return _leveled(
        criterion, entry["level"], rationale, evidence, (*flags, *_doubts(rationale, evidence, said))
    )


def _leveled(
    criterion: Criterion, label: object, rationale: str, evidence: tuple[str, ...], flags: tuple[str, ...]
) -> Scored | Unscored:
    level = criterion.scale.level(label)
    if level is None:
        right_type = type(label) is type(criterion.scale.labels[0])
        return Unscored(
            outcome="off_scale" if right_type else "unparsable",
            weight=criterion.weight,
            reason="the judge's level is not on the scale" if right_type else "the level is of another type",
            flags=flags,
        )
    return scored(criterion, level.label, rationale, evidence, flags)


def _distributed(
    criterion: Criterion, verdict: Scored | Unscored, body: str, tokens: Sequence[Token] | None
) -> Scored | Unscored:
    """Add the distribution, where tokens were asked for: it is the same answer, seen more closely."""
    if tokens is None or isinstance(verdict, Unscored):
        return verdict
    found = of_tokens(body, tokens, (criterion.id, "level"), criterion.scale.labels)
    return distributed(criterion, verdict, found)


def distributed(criterion: Criterion, verdict: Scored, found: Distribution | Withheld) -> Scored:
    """A verdict with its distribution, or with the reason why there is none."""
    if not isinstance(found, Distribution):
        return verdict.model_copy(update={"distribution_withheld": found})
    # Rounded first: what is kept is rounded, and has to give the same mean again.
    shares = [round(share, 12) for share in found.shares]
    values = [level.value for level in criterion.scale.levels]
    terms = [share * 100 * value for share, value in zip(shares, values, strict=True) if value is not None]
    labels = [str(label) for label in criterion.scale.labels]
    return verdict.model_copy(
        update={
            "distribution": dict(zip(labels, shares, strict=True)),
            "expected": round(fsum(terms) / fsum(shares), 9) if terms else None,
            "distribution_from": found.source,
            "distribution_mass": round(found.mass, 9),
        }
    )


def scored(
    criterion: Criterion,
    label: int | str,
    rationale: str,
    evidence: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
) -> Scored:
    """Turn a level of the criterion's scale into a verdict; the only place where a level becomes a number."""
    level = criterion.scale.level(label)
    if level is None:
        raise ValueError(f"criterion {criterion.id!r} has no such level")
    return Scored(
        level=level.label,
        value=None if level.value is None else round(100 * level.value, 9),
        weight=criterion.weight,
        rationale=rationale,
        evidence=evidence,
        flags=flags,
    )


def _plain(value: object) -> str | None:
    # JSON can spell half a surrogate pair; no answer of ours could carry it on.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _quotations(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    quotations = [_plain(item) for item in value]
    return None if None in quotations else tuple(q for q in quotations if q)


def _doubts(rationale: str, evidence: tuple[str, ...], said: str) -> tuple[str, ...]:
    missing = any(
        _folded(part) not in said for quote in evidence for part in re.split(r"\.\.\.|\u2026", quote)
    )
    return (("evidence_not_found",) if missing else ()) + (() if rationale.strip() else ("no_rationale",))


def _folded(text: str) -> str:
    return _BLANKS.sub(" ", text.casefold()).strip(" .,;:")
