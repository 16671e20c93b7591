"""How well the sentences of a response hang together."""

from judge_service.lexical.reading import Reading


def cohesion(response: str) -> Reading:
    """Read how well the sentences of a response hang together."""
    return Reading(1.0, "thin")
