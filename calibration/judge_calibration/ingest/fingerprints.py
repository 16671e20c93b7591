"""Which instrument a judge was: as declared, or as all of its answers name it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge_calibration.errors import OptionRejected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FINGERPRINT = ("rubric_digest", "prompt_digest", "judge_kind", "model", "mode", "sampling")
_LONGEST = 10_000

Fingerprint = Mapping[str, object]


def fingerprint_from(given: Mapping[str, object]) -> dict[str, object] | None:
    """The fields of a fingerprint, absent ones null, as plain data; None when they are not that."""
    chosen = {key: given.get(key) for key in FINGERPRINT}
    try:
        text = json.dumps(chosen, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    if len(text) > _LONGEST:
        return None
    plain: dict[str, object] = json.loads(text)
    return plain


@dataclass(slots=True)
class Heard:
    """The different fingerprints that each judge's answers name."""

    of: dict[str, list[Fingerprint]] = field(default_factory=dict)

    def hear(self, judge: str, provenance: Mapping[str, object]) -> bool:
        """Take in what an answer says of its judge; False when it is no plain data."""
        known = self.of.setdefault(judge, [])
        found = fingerprint_from(provenance)
        if found is not None and found not in known:
            known.append(found)
        return found is not None

    def settled(
        self, declared: Mapping[str, object], judges: Collection[str], plain: Collection[str]
    ) -> dict[str, Fingerprint]:
        """The fingerprint of each judge that has one; `plain` judges have rows that name none."""
        bound = set(judges) - set(plain)
        agreed = {judge: known[0] for judge, known in self.of.items() if len(known) == 1 and judge in bound}
        agreed |= {judge: _declared(judge, given, judges) for judge, given in declared.items()}
        heard = {judge: found for judge, found in agreed.items() if self._agrees(judge, found)}
        return dict(sorted(heard.items()))

    def warnings(self, declared: Mapping[str, object], plain: Collection[str]) -> Iterator[str]:
        """Judges for which no fingerprint stands, and why."""
        for judge, known in sorted(self.of.items()):
            if len(known) > 1 or (judge in declared and not self._agrees(judge, declared[judge])):
                yield f"{judge}: its rows come from different instruments; it has no fingerprint"
            elif judge in plain and judge not in declared:
                yield f"{judge}: some of its rows name no instrument; it has no fingerprint"

    def _agrees(self, judge: str, found: object) -> bool:
        chosen = fingerprint_from(found) if isinstance(found, Mapping) else None
        return all(known == chosen for known in self.of.get(judge, ()))


def _declared(judge: str, given: object, judges: Collection[str]) -> Fingerprint:
    option = f"fingerprints.{judge[:60]}"
    if judge not in judges:
        raise OptionRejected(option, "is no judge of the study")
    if not isinstance(given, Mapping) or not set(given) <= set(FINGERPRINT):
        raise OptionRejected(option, f"is an object with {', '.join(FINGERPRINT)}")
    found = fingerprint_from(given)
    if found is None:
        raise OptionRejected(option, "holds what is no plain data, or too much of it")
    return found
