"""Two runs over the same items: the difference item by item, its interval, and what flipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge_client.run.distributions import binomial_two_sided
from judge_client.run.estimates import macro
from judge_client.run.folder import FAILED, differing, told_of
from judge_client.run.journal import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_ANSWERS = frozenset(
    {"model", "fields", "prompts"}
)  # what two runs may differ in and still be measured alike
_FLIP = 20.0  # points: a fifth of the scale, a level of a six-level rubric


@dataclass(frozen=True, slots=True)
class Finished:
    """A run as its folder tells it: the last word on each item that was asked, whether it has an answer or not."""

    path: Path
    settings: Mapping[str, Any]
    items: Mapping[str, str]
    clusters: Mapping[str, str]
    scores: Mapping[str, Mapping[str, Any]]


def read(path: Path) -> Finished:
    """Read the folder of a run; raises `JournalFault`."""
    settings = told_of(path)["settings"]
    last = {line["key"]: line for line in lines_of(path / "predictions.jsonl")}
    answers = {key: line for key, line in last.items() if line["outcome"] != FAILED}
    scores = {line["key"]: line for line in lines_of(path / "scores.jsonl")}
    current = {
        key: line
        for key, line in scores.items()
        if key in answers and line["response"] == answers[key]["response_digest"]
    }
    images = {key: (line["request"] or {}).get("image_path") or key for key, line in last.items()}
    return Finished(path, settings, {key: line["item"] for key, line in last.items()}, images, current)


def compare(a: Finished, b: Finished) -> dict[str, Any]:
    """B minus A, over the items that both have a score for; how many were left out is told with it."""
    shared = [key for key in a.items if b.items.get(key) == a.items[key]]
    changed = sum(1 for key in a.items if key in b.items and b.items[key] != a.items[key])
    criteria = list(
        dict.fromkeys(name for run in (a, b) for line in run.scores.values() for name in _criteria(line))
    )
    values = {"score": _total, **{name: _of(name) for name in criteria}}
    opens = [key for key in shared if key.startswith("open/")]
    return {
        "a": {"folder": a.path.name, "model": a.settings["model"]},
        "b": {"folder": b.path.name, "model": b.settings["model"]},
        "measured_otherwise": [name for name in differing(a.settings, b.settings) if name not in _ANSWERS],
        "items_in_both": len(shared),
        "items_changed": changed,
        "only_in_a": sum(1 for key in a.items if key not in b.items),
        "only_in_b": sum(1 for key in b.items if key not in a.items),
        "mcq": _choices(a, b, [key for key in shared if key.startswith("mcq/")]),
        "open": {name: _paired(a, b, opens, value_of) for name, value_of in values.items()}
        if opens
        else None,
        "open_flips": _falls(a, b, opens),
    }


def _choices(a: Finished, b: Finished, keys: Sequence[str]) -> dict[str, Any] | None:
    """Accuracy in percent, and the exact test of the flips (McNemar)."""
    if not keys:
        return None
    both = [key for key in keys if key in a.scores and key in b.scores]
    gained = [key for key in both if b.scores[key]["correct"] and not a.scores[key]["correct"]]
    lost = [key for key in both if a.scores[key]["correct"] and not b.scores[key]["correct"]]
    return {
        "accuracy": _paired(a, b, keys, lambda line: 100.0 * line["correct"]),
        "wrong_to_right": gained,
        "right_to_wrong": lost,
        "mcnemar_exact_p": binomial_two_sided(len(gained), len(gained) + len(lost)),
    }


def _paired(
    a: Finished, b: Finished, keys: Sequence[str], value_of: Callable[[Mapping[str, Any]], float | None]
) -> dict[str, Any]:
    """Means of both and of the difference over items that both have a value for."""
    told = [(key, _value(a, key, value_of), _value(b, key, value_of)) for key in keys]
    pairs = [(key, one, other) for key, one, other in told if one is not None and other is not None]
    clusters = [a.clusters[key] for key, _, _ in pairs]
    group = ["all"] * len(pairs)
    difference = macro([other - one for _, one, other in pairs], group, clusters, None)
    return {
        "a": macro([one for _, one, _ in pairs], group, clusters).estimate,
        "b": macro([other for _, _, other in pairs], group, clusters).estimate,
        "difference": difference.plain(),
        "pairs": len(pairs),
        "unscored_in_a_only": sum(one is None and other is not None for _, one, other in told),
        "unscored_in_b_only": sum(one is not None and other is None for _, one, other in told),
        "unscored_in_both": sum(one is None and other is None for _, one, other in told),
    }


def _value(run: Finished, key: str, value_of: Callable[[Mapping[str, Any]], float | None]) -> float | None:
    line = run.scores.get(key)
    return None if line is None or line["outcome"] == FAILED else value_of(line)


def _total(line: Mapping[str, Any]) -> float | None:
    score: float | None = line["score"] if line.get("comparable") else None
    return score


def _criteria(line: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = line["answer"]["criteria"] if "answer" in line else {}
    return found


def _of(name: str) -> Callable[[Mapping[str, Any]], float | None]:
    def value_of(line: Mapping[str, Any]) -> float | None:
        value: float | None = (_criteria(line).get(name) or {}).get("value")
        return value

    return value_of


def _falls(a: Finished, b: Finished, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Open items whose score moved by a fifth of the scale or more, the farthest first."""
    told = [(key, _value(a, key, _total), _value(b, key, _total)) for key in keys]
    moved = [
        {"key": key, "a": one, "b": other, "difference": other - one}
        for key, one, other in told
        if one is not None and other is not None and abs(other - one) >= _FLIP
    ]
    return sorted(moved, key=lambda row: (-abs(row["difference"]), row["key"]))
