"""How far a response agrees with a reference: recall, a little precision, and caps where they conflict."""

from dataclasses import dataclass

from judge_service.lexical import guards, structure
from judge_service.lexical.axes import axes
from judge_service.lexical.conflict import Conflict
from judge_service.lexical.contradiction import wavering
from judge_service.lexical.coverage import Coverage, Offer, coverage
from judge_service.lexical.reading import Reading, abstained, quotes
from judge_service.lexical.silence import silent
from judge_service.lexical.sites import sites
from judge_service.lexical.text import Text, parse

# The lowest and highest value a response keeps once a guard has fired; where in between, its recall says.
CAPS = {
    "scrambled": (0.0, 0.01),
    "main_term_differs": (0.03, 0.08),
    "negation_differs": (0.08, 0.16),
    "number_differs": (0.14, 0.28),
    "side_differs": (0.14, 0.28),
    "site_differs": (0.14, 0.28),
    "nature_differs": (0.14, 0.28),
    "variant_differs": (0.14, 0.28),
    "advice_differs": (0.14, 0.28),
    "route_differs": (0.2, 0.4),
    "timing_differs": (0.2, 0.4),
    "direction_differs": (0.14, 0.3),
    "course_differs": (0.3, 0.55),
    "severity_differs": (0.3, 0.55),
}
NO_TERM = 0.02
BRIEF_AND_RIGHT, MOSTLY_RIGHT = 0.38, 0.5
LONG = 0.08
# Below this much kept order, shared words are held to be torn from their meaning; the more reuse, the sooner.
TORN, TORN_BASE, TORN_REUSE, TORN_FROM = 0.39, 0.24, 0.2, 0.4


@dataclass(slots=True)
class Comparison:
    """Everything the value of an agreement rests on."""

    recall: float
    precision: float
    kept: float
    conflicts: list[Conflict]
    covered: Coverage


def _torn(shape: structure.Shape) -> bool:
    """Tell whether a text of the reference's words keeps too little of their order to mean the same."""
    if shape.shared < structure.FEWEST_SHARED or shape.reuse < TORN_FROM:
        return False
    return shape.kept <= min(TORN, TORN_BASE + TORN_REUSE * shape.reuse)


def _nonsense(reference: Text, response: Text) -> list[Conflict]:
    mess, place = structure.scrambled(response)
    if mess < structure.MESS and not _torn(structure.shape(reference, response)):
        return []
    words = "The words of the reference are there but not in an order that keeps their meaning."
    if mess >= structure.MESS:
        words = "The words do not form sentences that read as English."
    return [Conflict("scrambled", words, place or (0, len(response.source)))]


def compare(reference: Text, response: Text, *, extra_is_fine: bool) -> Comparison:
    """Set a response beside a reference."""
    covered = coverage(reference, Offer(response))
    back = coverage(response, Offer(reference))
    recall = covered.share()
    conflicts = _nonsense(reference, response)
    if not extra_is_fine:
        conflicts += guards.main_term(response, covered, back)
        conflicts += guards.variant(covered, back)
    conflicts += guards.denial(covered, response)
    conflicts += wavering(covered, response)
    conflicts += guards.denied_by_normality(reference, response, covered)
    conflicts += guards.numbers(reference, response)
    conflicts += sites(reference, response, covered)
    conflicts += axes(reference, response)
    kept = back.share()
    return Comparison(recall, 1.0 if extra_is_fine else kept, kept, conflicts, covered)


def _bare_value(recall: float, precision: float, kept: float) -> float:
    """Return the value before any guard: recall, brief right answers lifted, long ones barely lowered.

    `kept` is the share of the response found in the reference, `precision` the share that had to be.
    """
    value = recall + (1 - recall) * recall * (0.3 + 0.5 * precision)
    if kept > MOSTLY_RIGHT:
        value = max(value, BRIEF_AND_RIGHT * kept**1.5)
    return min(1.0, value) * (1 - LONG * (1 - precision)) if value else NO_TERM


def _value(comparison: Comparison) -> float:
    if not comparison.conflicts:
        return _bare_value(comparison.recall, comparison.precision, comparison.kept)
    mentioned = comparison.covered.mentioned()
    value = _bare_value(mentioned, comparison.precision, comparison.kept)
    for conflict in comparison.conflicts:
        low, high = CAPS[conflict.flag]
        value = min(value, low + (high - low) * mentioned)
    return value


def _reason(comparison: Comparison) -> str:
    found, there = comparison.covered.terms()
    said = list(dict.fromkeys(conflict.words for conflict in comparison.conflicts))[:3]
    return " ".join([*said, f"{found} of {there} key terms of the reference found."])


def agreement(response: str | Text, against: str | Text, *, extra_is_fine: bool = False) -> Reading:
    """Read how far the response agrees with a reference, or with a description it may go beyond."""
    reference, answer = parse(against), parse(response)
    if not reference.source.strip():
        return abstained("There is no reference to compare with.", "no_reference")
    if silent(answer.source):
        return Reading(0.0, "The response says nothing of the reference.", ("says_nothing",))
    if not reference.units and not reference.quantities:
        return abstained("The reference holds no term to look for.", "no_measure")
    comparison = compare(reference, answer, extra_is_fine=extra_is_fine)
    flags = tuple(dict.fromkeys(conflict.flag for conflict in comparison.conflicts))
    spans = [c.span for c in comparison.conflicts] or _found(comparison, answer)
    value = round(_value(comparison), 4)
    return Reading(value, _reason(comparison), flags, quotes(answer.source, spans))


def _found(comparison: Comparison, response: Text) -> list[tuple[int, int]]:
    """Return where the response says the weightiest terms of the reference."""
    best = sorted(comparison.covered.credits, key=lambda c: -c.weight * c.credit)[:3]
    units = [response.by_key[c.key][0] for c in best if c.key in response.by_key]
    return [(unit.start, unit.end) for unit in units]
