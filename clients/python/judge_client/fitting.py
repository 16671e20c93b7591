"""What to say of an address that does not answer as the service does."""

from __future__ import annotations

from judge_client.errors import Incompatible, Refused
from judge_client.version import __version__

_UNKNOWN = frozenset({404, 405})


def misfit(refused: Refused) -> Refused | Incompatible:
    """What a refusal to tell the version means: a gateway's refusal stays one, for the caller lacks a right."""
    if refused.status not in _UNKNOWN:
        return refused
    return Incompatible(
        "the address does not tell the version of a Judge Service: there is none, or it is older than this "
        f"client (version {__version__}); is the address right?"
    )


def unexpected(status: int) -> Incompatible:
    """What to say of a status that nothing was promised for."""
    return Incompatible(f"the service answered with status {status} where a stream was to begin")
