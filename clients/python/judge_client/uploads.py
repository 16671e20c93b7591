"""Lines of a job as a body that can be sent again: a try that is lost half-way is followed by one from the start."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from judge_client.calls import encoded
from judge_client.models import ScoreRequest

if TYPE_CHECKING:
    from judge_client.calls import Pieces

# A case by a name of the caller's, once in a job: it names the result.
Named = tuple[str, ScoreRequest | Mapping[str, Any]]
Lines = Path | Iterable[Named]

_PIECE: Final = 2**16
_IN_MEMORY: Final = 2**23  # what is larger waits in an unnamed file, which goes with the upload


def pieces_of(lines: Lines) -> Pieces:
    """The body of a job: of a file its bytes, of cases a line each. Cases are taken as they are sent."""
    if isinstance(lines, Path):
        return lambda: _read(lines)
    if isinstance(lines, str):
        raise TypeError("lines of a job are a pathlib.Path, or pairs of a custom_id and a request")
    return _Again(map(_line, lines))


class _Again:
    """Gives pieces of an iterator as they come, and from the start on again to who asks once more."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  lives as long as its tries
        weakref.finalize(self, self._kept.close)

    def __call__(self) -> Iterator[bytes]:
        self._kept.seek(0)
        while piece := self._kept.read(_PIECE):
            yield piece
        gathered = bytearray()
        for line in self._source:
            self._kept.write(line)
            gathered += line
            if len(gathered) >= _PIECE:
                yield bytes(gathered)
                gathered.clear()
        if gathered:
            yield bytes(gathered)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _line(named: Named) -> bytes:
    custom_id, request = named
    head = json.dumps({"custom_id": custom_id, "method": "POST", "url": "/v1/scores"})
    return b'%s, "body": %s}\n' % (head[:-1].encode(), encoded(request))
