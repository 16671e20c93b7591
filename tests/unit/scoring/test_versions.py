"""Judgements that are kept must not outlive the code that made them.

The cache key holds a version for each module below. Whoever changes what such a module does raises its
version and pins the new digest here; where only words changed, the new digest is enough.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import judge_service
from judge_service.scoring.guard import GUARD_VERSION
from judge_service.scoring.reading import PARSER_VERSION
from judge_service.texts import TEXTS_VERSION

HOME = Path(judge_service.__file__).parent
PINNED = {
    "scoring/reading.py": (PARSER_VERSION, 4, "794bf5b0af46efaf"),
    "scoring/distribution.py": (PARSER_VERSION, 4, "18b58aa77ceb65ac"),
    "scoring/sampling.py": (PARSER_VERSION, 4, "1bfba4e4e72fde0d"),
    "scoring/guard.py": (GUARD_VERSION, 1, "976e09cfeeff70b0"),
    "texts.py": (TEXTS_VERSION, 1, "8e4147013d443112"),
    "domain/visible.py": (TEXTS_VERSION, 1, "bd1a30a444307b9d"),
}


def digest(path: Path) -> str:
    """Of the module's lines, without blank ones and those that are comments."""
    lines = (line.rstrip() for line in path.read_text("utf-8").splitlines())
    code = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", PINNED)
def test_what_changes_answers_raises_its_version(name: str) -> None:
    version, pinned_version, pinned_digest = PINNED[name]
    assert (version, digest(HOME / name)) == (pinned_version, pinned_digest)
