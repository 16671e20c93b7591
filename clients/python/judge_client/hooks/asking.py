"""What the hooks share: a judge that is asked for values from 0 to 1, and whose failures have no value."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Number
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeAlias

from judge_client.batches import CAP
from judge_client.client import JudgeClient
from judge_client.errors import JudgeClientError, NoAnswer, Refused, Unreachable
from judge_client.outcomes import Numberless, Scored, ScoredCase, UnscoredCase
from judge_client.pictures import image_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Statuses that a case causes; others, such as 404 for an unknown rubric, would meet every case alike.
_OF_ONE_CASE = frozenset({413, 422})
_NO_NUMBER = frozenset({"nan", "inf", "infinity", "snan"})
NO_RESPONSE, NO_PICTURE = "no_response", "no_picture"


@dataclass(frozen=True, slots=True)
class Judged:
    """A score: `value` from 0 to 1, the judge's reasons by criterion, and plain data for a log."""

    value: float
    explanation: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unjudged(Numberless):
    """No score, and why: an outcome of the service, the name of its refusal, or `unreachable`."""

    _absent = frozenset({"value"})
    _instead = "Judged"

    outcome: str
    reason: str

    @property
    def explanation(self) -> str:
        """Both in one line."""
        return f"{self.outcome}: {self.reason}"


class NotJudged(JudgeClientError):
    """There is no score, told to a program that takes failures as exceptions."""

    def __init__(self, told: Unjudged) -> None:
        super().__init__(told.explanation)
        self.outcome = told.outcome


Told: TypeAlias = Judged | Unjudged
Fault: TypeAlias = NoAnswer | Refused | Unreachable


class Asker:
    """Asks under one rubric; `options` are a request's other fields, such as `judge`, `mode` and `samples`.

    A request that no case makes right (an unknown rubric or judge, a wrong key) is raised as `Refused`.
    """

    def __init__(self, service: str | JudgeClient, rubric: str, options: Mapping[str, Any]) -> None:
        self.client = JudgeClient(service) if isinstance(service, str) else service
        self._defaults = {"rubric": rubric, **options}

    def one(self, case: Mapping[str, Any]) -> Told:
        """What came of one case; fields that are `None` are left out, and without a response nobody is asked."""
        if lacks := _lacking(case):
            return lacks
        try:
            asked = shown(case)
        except (OSError, ValueError) as fault:
            return _blind(fault)
        try:
            return told_of(self.client.score({**self._defaults, "case": asked}))
        except (NoAnswer, Refused, Unreachable) as fault:
            return told_of(fault)

    def many(self, cases: Iterable[Mapping[str, Any]]) -> list[Told]:
        """What came of each case, in their order, asked for together."""
        given = list(cases)
        found: dict[int, Told] = {at: lacks for at, case in enumerate(given) if (lacks := _lacking(case))}
        places = [at for at in range(len(given)) if at not in found]
        worded = {at: _texts(given[at]) for at in places}  # what is no text is told before anybody is asked
        for first in range(0, len(places), CAP):
            self._ask({at: worded[at] for at in places[first : first + CAP]}, found)
        return [found[at] for at in range(len(given))]

    def _ask(self, cases: Mapping[int, Mapping[str, Any]], found: dict[int, Told]) -> None:
        """Ask for as many as go in one call; what befalls it is these cases' and no others'."""
        asked: list[int] = []
        rest: Told = Unjudged("unreachable", "the service told nothing of this case")

        def requests() -> Iterator[dict[str, Any]]:
            for at, case in cases.items():
                try:
                    request = {"case": _with_pictures(case)}
                except (OSError, ValueError) as fault:
                    found[at] = _blind(fault)
                else:
                    asked.append(at)
                    yield request

        try:
            for item in self.client.stream(requests(), defaults=self._defaults):
                found[asked[item.index]] = told_of(item.result)
        except (NoAnswer, Refused, Unreachable) as fault:
            rest = told_of(fault)
        for at in cases:
            found.setdefault(at, rest)


def shown(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as the service takes it: pictures as addresses, numbers as texts, and nothing that is not there.

    Raises `TypeError` for a list or an object: as Python writes it, it is nothing that a judge should read.
    """
    return _with_pictures(_texts(case))


def _texts(case: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in case.items():
        if name != "images" and not isinstance(value, str | Number | None):
            raise TypeError(f"{name} is a {type(value).__name__}, and a judge reads text")
        if value is not None:
            told[name] = value if name == "images" else str(value)
    return told


def _with_pictures(case: Mapping[str, Any]) -> dict[str, Any]:
    """Pictures are read when their case is about to be sent: all of them at one time may not fit in memory."""
    pictures = case.get("images") or ()
    rest = {name: value for name, value in case.items() if name != "images"}
    return {**rest, "images": [image_of(picture) for picture in pictures]} if pictures else rest


def _blind(fault: OSError | ValueError) -> Unjudged:
    """Of a picture that is not there, or is none. Its path may be a picture itself, and is not told."""
    words = str(fault) if isinstance(fault, ValueError) else fault.strerror
    return Unjudged(NO_PICTURE, words or "a picture cannot be read")


def mean_scored(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are there; `None` where none is."""
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


def _lacking(case: Mapping[str, Any]) -> Unjudged | None:
    """Why a case is none to ask about: a program that failed says `None` or NaN, and no judge reads these as words."""
    if case.get("response") is None:
        return Unjudged(NO_RESPONSE, "the model under test gave no response")
    for name, value in case.items():
        if isinstance(value, Number) and str(value).lstrip("+-").casefold() in _NO_NUMBER:
            return Unjudged("no_number", f"{name} is no finite number")
    return None


def told_of(result: ScoredCase | UnscoredCase | Fault) -> Told:
    """A result of either client; raises a refusal that is of no single case."""
    match result:
        case ScoredCase(score, criteria, answer):
            levels = {name: v.level if isinstance(v, Scored) else v.outcome for name, v in criteria.items()}
            reasons = {name: v.rationale for name, v in criteria.items() if isinstance(v, Scored)}
            said = {"points": score, "levels": levels, "judge": answer.provenance.judge}
            return Judged(score / 100, "\n".join(f"{name}: {why}" for name, why in reasons.items()), said)
        case UnscoredCase(outcome, reason):
            return Unjudged(outcome, reason)
        case NoAnswer(outcome=outcome):
            return Unjudged(outcome or "no_answer", str(result))
        case Unreachable():
            return Unjudged("unreachable", str(result))
        case Refused(status=status, name=name) if status in _OF_ONE_CASE or name == "cache-miss":
            return Unjudged(name, str(result))
    raise result
