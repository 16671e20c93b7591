"""Whether a long response states a claim: how far its best sentences cover it, with no guard against it."""

from dataclasses import dataclass

from judge_service.lexical import guards
from judge_service.lexical.axes import axes
from judge_service.lexical.conflict import Conflict
from judge_service.lexical.coverage import Coverage, Offer, coverage
from judge_service.lexical.polarity import opposed
from judge_service.lexical.reading import Reading, Relation, abstained, quotes
from judge_service.lexical.text import Text, parse, part

STATED = 0.6
SPOKEN_OF = 0.65
TWO_SENTENCES, WHOLE_TEXT = 0.97, 0.9
TELLING, PAIRED = 4, 2
QUOTED_SENTENCES = 2

_QUIET = frozenset({"general", "axis", "word", "test"})
# Another site, route or course is another fact, and no contradiction of the claim.
_CONTRADICTING = frozenset({
    "negation_differs", "number_differs", "side_differs", "nature_differs", "direction_differs",
    "advice_differs", "timing_differs",
})  # fmt: skip


@dataclass(slots=True)
class Window:
    """A few sentences of the response with what they cover of the claim."""

    text: Text
    covered: Coverage
    score: float
    sentences: range


def _window(claim: Text, response: Text, sentences: range, factor: float) -> Window:
    piece = part(response, sentences)
    covered = coverage(claim, Offer(piece))
    return Window(piece, covered, factor * covered.share(), sentences)


def _telling(claim: Text, response: Text) -> list[int]:
    """Return the sentences that share most weight with the claim, best first."""
    weights: dict[int, float] = {}
    for key, units in claim.by_key.items():
        for sentence in {u.sentence for u in response.by_key.get(key, ())}:
            weights[sentence] = weights.get(sentence, 0.0) + units[0].concept.weight
    return sorted(weights, key=lambda s: (-weights[s], s))[:TELLING]


def _windows(claim: Text, response: Text) -> list[Window]:
    last = response.tokens[-1].sentence + 1 if response.tokens else 0
    telling = _telling(claim, response)
    spans = {(s, s + 1): 1.0 for s in telling}
    pairs = ((s, s + 2) for t in telling[:PAIRED] for s in (t - 1, t))
    spans |= {pair: TWO_SENTENCES for pair in pairs if pair[0] >= 0 and pair[1] <= last}
    spans.setdefault((0, last), WHOLE_TEXT)
    return [_window(claim, response, range(*span), factor) for span, factor in spans.items()]


def _conflicts(claim: Text, window: Window) -> list[Conflict]:
    loud = Coverage([c for c in window.covered.credits if c.kind not in _QUIET])
    found = [
        *guards.denial(loud, window.text),
        *guards.numbers(claim, window.text),
        *axes(claim, window.text),
    ]
    return [conflict for conflict in found if conflict.flag in _CONTRADICTING]


def _against(claim: Text, windows: list[Window]) -> list[Conflict]:
    """Return how a single sentence that speaks of the claim's matter says otherwise, if one does."""
    for window in windows:
        if len(window.sentences) == 1 and window.covered.mentioned() >= SPOKEN_OF:
            found = _conflicts(claim, window)
            if found:
                return found
    return []


def _spans(window: Window, response: Text) -> list[tuple[int, int]]:
    short = len(window.sentences) <= QUOTED_SENTENCES
    return [response.sentence_span(s) for s in window.sentences] if short else []


def entailment(response: str | Text, claim: str | Text) -> tuple[Relation, Reading]:
    """Read whether the response states the claim, leaves it open or contradicts it."""
    asked, answer = parse(claim), parse(response)
    if not asked.units and not asked.quantities:
        return "neutral", abstained("The claim holds no term to look for.", "no_measure")
    windows = _windows(asked, answer)
    best = max(windows, key=lambda w: w.score)
    found, there = best.covered.terms()
    counted = f"{found} of {there} key terms of the claim found together."
    against = _against(asked, windows)
    if against:
        flags = tuple(dict.fromkeys(c.flag for c in against))
        words = f"{against[0].words} {counted}".replace("reference", "claim")
        return "contradicted", Reading(0.0, words, flags, quotes(answer.source, [c.span for c in against]))
    value = round(min(1.0, best.score), 4)
    if best.score < STATED:
        return "neutral", Reading(value, f"Not stated: {counted}")
    evidence = quotes(answer.source, _spans(best, answer))
    if opposed(_words(best.text), _words(asked)):
        words = f"The response says not to do what the claim says, or the reverse. {counted}"
        return "contradicted", Reading(0.0, words, ("advice_differs",), evidence)
    return "entailed", Reading(value, f"Stated: {counted}", (), evidence)


def _words(text: Text) -> list[str]:
    return [token.word for token in text.tokens]
