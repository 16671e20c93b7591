"""What this client is, and which services it can talk to."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"

# Levels of the API that this client speaks. A level changes when a caller's code would have to.
API_LEVELS: Final = frozenset({1})
