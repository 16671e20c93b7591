"""Whether a long response states a claim: coverage of the claim in its best sentences, and no guard against it."""

from judge_service.lexical.reading import Reading, Relation
from judge_service.lexical.agreement import compare
from judge_service.lexical.reading import quotes
from judge_service.lexical.text import parse

def entailment(response: str, claim: str) -> tuple[Relation, Reading]:
    """Read whether the response states, leaves open or contradicts the claim."""
    said, held = parse(claim), parse(response)
    comparison = compare(said, held, extra_is_fine=True)
    spans = [c.span for c in comparison.conflicts]
    if comparison.recall >= 0.6:
        return "entailed", Reading(comparison.recall, "thin", (), quotes(response, spans))
    return "neutral", Reading(comparison.recall, "thin", (), quotes(response, spans))
