"""The concepts the baseline knows: names, kinds, groups and weights, read once from the data files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from judge_service.lexical.words import plain, stem

WEIGHTS = {
    "axis": 0.8,
    "site": 1.2,
    "anatomy": 0.9,
    "diagnosis": 2.0,
    "drug": 2.0,
    "treatment": 1.4,
    "test": 1.0,
    "organism": 1.5,
    "finding": 1.2,
    "general": 0.5,
}


@dataclass(slots=True)
class Concept:
    """One idea: its key, kind, exclusive group, weight, broader keys and the words it can be spelled in."""

    key: str
    kind: str
    group: str
    weight: float
    broader: tuple[str, ...] = ()
    parts: list[frozenset[str]] = field(default_factory=list)
    hints: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write a concept: its word roots, whether in capitals only, whether it denies the concept."""

    roots: tuple[str, ...]
    concept: Concept
    denies: bool = False


@dataclass(slots=True)
class Vocabulary:
    """All names by their first root, names in capitals, shorthand expansions and uncounted words."""

    names: dict[str, list[Name]]
    capitals: dict[str, Name]
    expansions: dict[str, tuple[str, ...]]
    common: frozenset[str]
    written: frozenset[str]
    regions: dict[str, str]


def _lines(name: str) -> Iterator[str]:
    text = files("judge_service.lexical").joinpath("data", name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _entry(line: str) -> tuple[list[str], list[str], list[str]]:
    """Split a line into names, broader keys and denying names."""
    line, _, denying = line.partition("!")
    line, _, broader = line.partition(">")
    names = [name.strip() for name in line.split("|")]
    return (
        names,
        [b.strip() for b in broader.split(",") if b.strip()],
        [name.strip() for name in denying.split("|") if name.strip()],
    )


def roots(name: str) -> tuple[str, ...]:
    """Return the word roots of a name as it stands in the vocabulary."""
    return tuple(stem(plain(word)) for word in name.split())


class _Reader:
    """Collects names and concepts while the vocabulary file is read."""

    def __init__(self) -> None:
        self.names: dict[str, list[Name]] = {}
        self.capitals: dict[str, Name] = {}
        self.taken: set[tuple[str, ...]] = set()
        self.written: set[str] = set()
        self.many: list[tuple[Concept, list[tuple[str, ...]]]] = []

    def add(self, concept: Concept, written: str, *, denies: bool) -> None:
        if written.isupper() and len(written) > 1:
            self.capitals.setdefault(written, Name((written,), concept, denies))
            return
        found = roots(written)
        if found not in self.taken:
            self.taken.add(found)
            self.names.setdefault(found[0], []).append(Name(found, concept, denies))
        if len(found) == 1:
            self.written.add(written.lower())

    def line(self, line: str, kind: str, group: str) -> None:
        names, broader, denying = _entry(line)
        concept = Concept(names[0], kind, group, WEIGHTS[kind], tuple(broader))
        if kind == "drug" and group not in {"other", "emergency"}:
            concept.broader += (group,)
        for written in names:
            self.add(concept, written, denies=False)
        for written in denying:
            self.add(concept, written, denies=True)
        self.many.append((concept, [roots(n) for n in names if " " in n]))

    def single(self, root: str) -> str:
        """Return the key a lone root stands for, or the root itself."""
        return next((n.concept.key for n in self.names.get(root, ()) if len(n.roots) == 1), root)

    def finish(self, common: frozenset[str]) -> None:
        """Give each concept the sets of keys that spell it out in single words."""
        bare = {stem(word) for word in common}
        for concept, several in self.many:
            for words in several:
                parts = frozenset(self.single(root) for root in words if root not in bare)
                if len(parts) > 1 and concept.key not in parts:
                    concept.parts.append(parts)
                elif parts - {concept.key}:
                    concept.hints |= parts - {concept.key}
        for found in self.names.values():
            found.sort(key=lambda name: -len(name.roots))


def _regions() -> dict[str, str]:
    """Return the part of the body each site lies in."""
    pairs = (line.split("=") for line in _lines("regions.txt"))
    return {site.replace("_", " "): region.strip() for region, sites in pairs for site in sites.split()}


def _expansions() -> dict[str, tuple[str, ...]]:
    pairs = (line.split("=") for line in _lines("expansions.txt"))
    return {short.strip(): tuple(long.split()) for short, long in pairs}


@cache
def vocabulary() -> Vocabulary:
    """Read the data files, once."""
    reader = _Reader()
    kind = group = ""
    for line in _lines("vocabulary.txt"):
        if line.startswith("["):
            kind, _, group = line.strip("[]").partition(":")
        else:
            reader.line(line, kind, group)
    common = frozenset(word for line in _lines("common.txt") for word in line.split())
    reader.finish(common)
    return Vocabulary(
        reader.names, reader.capitals, _expansions(), common, frozenset(reader.written), _regions()
    )
