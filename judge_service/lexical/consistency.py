"""Whether a response contradicts itself."""

from judge_service.lexical.reading import Reading


def self_consistency(response: str) -> Reading:
    """Read whether the response contradicts itself."""
    return Reading(1.0, "thin")
