"""Whether a response contradicts itself: a finding affirmed and denied, on both sides, with two numbers.

What counts is what it commits itself to here and now: other times, other people, conditions and
differentials are set apart, since a false alarm is worse than a contradiction that is missed.
"""

from judge_service.lexical.contradiction import FLAG, Denials, advice, normality
from judge_service.lexical.mentions import Mentions
from judge_service.lexical.reading import Reading, quotes
from judge_service.lexical.rivals import Numbers, ages, natures, sides
from judge_service.lexical.silence import silent
from judge_service.lexical.text import Text, parse

ONE, SEVERAL = 0.25, 0.1


def self_consistency(response: str | Text) -> Reading:
    """Read whether the response contradicts itself: 1 if not, 0.25 for one contradiction, 0.1 for more."""
    text = parse(response)
    if silent(text.source):
        return Reading(1.0, "The response says nothing of the matter, so it does not contradict itself.")
    at = Mentions(text)
    denials = Denials(at)
    found = [*(denials.found() or denials.spelt_out()), *normality(at), *advice(at), *sides(at), *natures(at)]
    found += [*Numbers(at).found(), *ages(at)]
    if not found:
        return Reading(1.0, "No contradiction found within the response.")
    words = " ".join(dict.fromkeys(conflict.words for conflict in found[:3]))
    value = ONE if len(found) == 1 else SEVERAL
    spans = [span for c in found for span in (c.other, c.span) if span is not None]
    return Reading(value, words, (FLAG,), quotes(text.source, spans))
