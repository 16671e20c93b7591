"""What no file of the repository says: where packages were fetched from, or where a checkout lies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from house.tree import ROOT, name, texts

if TYPE_CHECKING:
    from collections.abc import Iterable

# Joined here, so that this file does not say them either.
REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("python" + "hosted", "org"), ("npmjs", "org"))]
HOME = re.compile(r"(?<![\w.~-])/(?:home|Users)/[a-z][\w.-]*/|(?<![\w.~/-])/(?:root)\b")
SHALLOW = 2  # a checkout right under / has a name that a text may hold by chance
OPTIONS = re.compile(r"^\s*(?:--?(?:extra-)?index-url|-i|--find-links|-f|--trusted-host)\b", re.MULTILINE)


def offending(text: str, root: Path = ROOT) -> list[str]:
    """Everything in a text that names a registry or a place on the writer's machine."""
    found = [host for host in REGISTRIES if host in text.lower()]
    found += [match[0] for match in HOME.finditer(text)]
    if len(root.parts) > SHALLOW:
        found += [str(root)] if str(root) in text else []
    return found


def said(paths: Iterable[Path]) -> dict[str, list[str]]:
    found = {name(path): offending(path.read_text("utf-8")) for path in paths}
    return {path: faults for path, faults in found.items() if faults}


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    paths = texts()
    assert len(paths) > 50
    assert said(paths) == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"https://{REGISTRIES[0]}/simple", 1),
        (f"https://Files.{REGISTRIES[1].upper()}/x", 1),
        (f"see /{'home'}/someone/code", 1),
        (f"cd /{'root'}", 1),
        ("/srv/code/project/Makefile", 1),
        ("a relative/home/page and /homework/", 0),
        ("redis://redis:6379/0 and /var/lib/judge-service", 0),
        ("the https://example.org/root of a site", 0),
    ],
)
def test_what_must_not_be_said_is_heard(text: str, count: int) -> None:
    assert len(offending(text, Path("/srv/code/project"))) == count


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_a_lock_file_pins_every_requirement_by_hash_and_names_no_index(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not OPTIONS.search(text)
    lines = re.sub(r"\\\n", "", text).splitlines()
    requirements = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert requirements
    for line in requirements:
        assert re.match(r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?==[^ ]+ ", line), line[:80]
        assert "--hash=sha256:" in line, line[:80]
