"""What a run comes to, as plain data: `summary.json`. Beside every mean stands what it is without."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from judge_client.run.completions import CUT_OFF
from judge_client.run.digests import encoded
from judge_client.run.estimates import LEVEL, Estimate, macro, micro, proportion
from judge_client.run.folder import FAILED
from judge_client.run.items import CUTS
from judge_client.run.published import beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from judge_client.run.folder import RunFolder
    from judge_client.run.items import Item
    from judge_client.run.journal import Journal
    from judge_client.run.plan import Plan

FORMAT = 1
_POINTS = (0.0, 100.0)
_WORST = 12
_NO_DIMENSION = "no item names a dimension"
_STAGES = {"model_failed": "model", "judge_failed": "judge"}


def summarise(plan: Plan, folder: RunFolder, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure of the run as it stands; items that were not reached yet are `pending`."""
    items = plan.dataset.items
    found = {
        "format": FORMAT,
        "interval_level": LEVEL,
        "settings": dict(settings),
        "notes": list(plan.dataset.notes),
        "mcq": _track([item for item in items if item.kind == "mcq"], folder, _mcq_cell),
        "open": _track([item for item in items if item.kind == "open"], folder, _open_cell),
        "calls": _calls(folder),
        "failures": failures(items, folder),
        "instruments": instruments(folder),
        "worst": worst(items, folder),
        "invalid_replies": invalid_replies(items, folder),
    }
    return found | {"published": beside(found)}


def _track(
    items: Sequence[Item], folder: RunFolder, cell: Callable[[Sequence[Item], RunFolder], dict[str, Any]]
) -> dict[str, Any] | None:
    """All items, and each way to cut them; `None` for a data set without any of the kind."""
    if not items:
        return None
    cuts = {name: _cut(items, name) for name in CUTS}
    return {
        "all": cell(items, folder),
        "cuts": {
            name: {value: _without_macro(cell(part, folder)) for value, part in sorted(parts.items())}
            for name, parts in cuts.items()
            if len(parts) > 1
        },
    }


def _without_macro(cell: dict[str, Any]) -> dict[str, Any]:
    """Of a part there is one mean: the macro mean is over the dimensions of the whole."""
    kept = {name: told for name, told in cell.items() if not name.endswith("macro")}
    if "criteria" in kept:
        kept["criteria"] = {name: _without_macro(told) for name, told in kept["criteria"].items()}
    return kept


def _cut(items: Iterable[Item], name: str) -> dict[str, list[Item]]:
    parts: dict[str, list[Item]] = {}
    for item in items:
        if name in item.groups:
            parts.setdefault(item.groups[name], []).append(item)
    return parts


def _mcq_cell(items: Sequence[Item], folder: RunFolder) -> dict[str, Any]:
    told = [(item, line) for item in items if (line := folder.judged(item.key))]
    hits, clusters = [line["correct"] for _, line in told], [cluster_of(item) for item, _ in told]
    points = [100.0 * hit for hit in hits]
    invalid = sum(line["invalid"] for _, line in told)
    return {
        **_reached(items, folder, len(told)),
        "correct": sum(hits),
        "invalid": invalid,
        "invalid_rate": _share(invalid, len(told)),
        "accuracy_micro": proportion(hits, clusters).plain(),
        "accuracy_macro": macro_of(points, [item for item, _ in told]),
    }


def _open_cell(items: Sequence[Item], folder: RunFolder) -> dict[str, Any]:
    lines = [(item, line) for item in items if (line := folder.judged(item.key))]
    scored = [(item, line) for item, line in lines if line["score"] is not None and line["comparable"]]
    answered = [line for item in items if (line := folder.answered(item.key))]
    off_format = sum(not line["in_format"] for line in answered)
    names = list(dict.fromkeys(name for _, line in lines for name in line["answer"]["criteria"]))
    reached = _reached(items, folder, len(scored))
    return {
        **reached,
        "left_out_of_mean": sum(line["score"] is not None and not line["comparable"] for _, line in lines),
        "off_format": off_format,
        "off_format_rate": _share(off_format, len(answered)),
        "score_micro": _mean(scored, _total, micro_of),
        "score_macro": _mean(scored, _total, macro_of),
        "criteria": {name: _criterion(name, lines, reached["items"] - reached["pending"]) for name in names},
    }


def _criterion(name: str, lines: Sequence[tuple[Item, Mapping[str, Any]]], reached: int) -> dict[str, Any]:
    """A criterion's means; of all items reached, those that neither model nor judge gave a value for are unscored."""

    def value_of(line: Mapping[str, Any]) -> float | None:
        verdict = line["answer"]["criteria"].get(name) or {}
        value: float | None = verdict.get("value")
        return value

    valued = [(item, line) for item, line in lines if value_of(line) is not None]
    return {
        "scored": len(valued),
        "unscored": reached - len(valued),
        "unscored_rate": _share(reached - len(valued), reached),
        "micro": _mean(valued, value_of, micro_of),
        "macro": _mean(valued, value_of, macro_of),
    }


def _total(line: Mapping[str, Any]) -> float | None:
    score: float | None = line["score"]
    return score


def _mean(
    told: Sequence[tuple[Item, Mapping[str, Any]]],
    value_of: Callable[[Mapping[str, Any]], float | None],
    mean: Callable[[Sequence[float], Sequence[Item]], dict[str, Any]],
) -> dict[str, Any]:
    values = [value for _, line in told if (value := value_of(line)) is not None]
    return mean(values, [item for item, _ in told])


def micro_of(values: Sequence[float], items: Sequence[Item]) -> dict[str, Any]:
    """The mean over items."""
    return micro(values, [cluster_of(item) for item in items], _POINTS).plain()


def macro_of(values: Sequence[float], items: Sequence[Item]) -> dict[str, Any]:
    """The mean over dimensions; items without one are in none, and `without_dimension` is their number."""
    told = [(value, item) for value, item in zip(values, items, strict=True) if "dimension" in item.groups]
    lacking = len(items) - len(told)
    if lacking and not told:
        return {**Estimate(None, None, None, 0, 0, _NO_DIMENSION).plain(), "without_dimension": lacking}
    groups = [item.groups["dimension"] for _, item in told]
    mean = macro([value for value, _ in told], groups, [cluster_of(item) for _, item in told], _POINTS)
    return {**mean.plain(), "without_dimension": lacking}


def cluster_of(item: Item) -> str:
    """Items about one picture belong together; one without a picture stands alone."""
    return item.image or item.key


def _reached(items: Sequence[Item], folder: RunFolder, scored: int) -> dict[str, Any]:
    """How many items there are, and what became of those that have no score."""
    states = Counter(state_of(item, folder) for item in items)
    pending = states["pending"]
    reached = len(items) - pending
    reasons = {name: count for name, count in sorted(states.items()) if name not in {"pending", "scored"}}
    return {
        "items": len(items),
        "pending": pending,
        "scored": scored,
        "unscored": reached - scored,
        "unscored_rate": _share(reached - scored, reached),
        "unscored_reasons": reasons,
    }


def state_of(item: Item, folder: RunFolder) -> str:
    """`scored`, `pending`, `model_failed`, `judge_failed`, or the judge's outcome: why there is no score."""
    prediction = folder.predictions.last.get(item.key)
    if prediction is None:
        return "pending"
    if prediction["outcome"] == FAILED:
        return "model_failed"
    line = folder.judged(item.key)
    if line is not None:
        return "scored" if line["outcome"] == "scored" else str(line["outcome"])
    return "judge_failed" if item.key in folder.scores.last else "pending"


def _share(count: int, of: int) -> float | None:
    return 100 * count / of if of else None


def _calls(folder: RunFolder) -> dict[str, Any]:
    """Calls and what they cost, `None` where a part is unknown.

    `under_way_when_cut`: begun, and nothing is known of them. `answers_cut_off`: scored as they are, though they
    reached the longest length.
    """
    told, seen = folder.predictions, {"model": folder.predictions, "judge": folder.scores}
    cut = folder.under_way("model") > 0
    return {
        **{f"{name}_calls": journal.after_calls for name, journal in seen.items()},
        "model_requests": told.requests,
        **{name: value for stage, journal in seen.items() for name, value in _cost(folder, stage, journal)},
        "input_tokens": None if cut or told.read.unknown else told.read.known,
        "output_tokens": None if cut or told.written.unknown else told.written.known,
        "answers_cut_off": sum(
            line.get("finish") == CUT_OFF and line["outcome"] != FAILED
            for line in folder.predictions.last.values()
        ),
        "under_way_when_cut": folder.under_way(),
    }


def _cost(folder: RunFolder, stage: str, journal: Journal) -> Iterator[tuple[str, float | None]]:
    """What a stage cost; where a call may have been paid and nobody says what, only what it is at least."""
    whole = not journal.cost.unknown and not folder.under_way(stage)
    known = round(journal.cost.known, 6)
    yield f"{stage}_cost_usd", known if whole else None
    yield f"{stage}_cost_at_least_usd", None if whole else known or None


def failures(items: Iterable[Item], folder: RunFolder) -> list[dict[str, Any]]:
    """Why calls failed, the most frequent reasons first; `paid`: `no`, `maybe` or `yes`."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for item in items:
        state = state_of(item, folder)
        if state in _STAGES:
            stage, journal = _STAGES[state], folder.scores if state == "judge_failed" else folder.predictions
            line = journal.last[item.key]
            reason = line["reason"] if line.get("called") else line.get("fault") or line["reason"]
            seen[stage, encoded(reason).decode(), line.get("paid", "maybe")] += 1
    ranked = sorted(seen.items(), key=lambda each: (-each[1], each[0]))
    shown = [
        {"stage": stage, "reason": reason, "paid": paid, "count": count}
        for (stage, reason, paid), count in ranked[:_WORST]
    ]
    rest = sum(count for _, count in ranked[_WORST:])
    more = {"stage": "both", "reason": "other reasons: see the files", "paid": "maybe", "count": rest}
    return [*shown, more] if rest else shown


def instruments(folder: RunFolder) -> list[dict[str, Any]]:
    """Who judged, as each score says itself: more than one and the means mix two measures."""
    names = ("judge", "model", "mode", "rubric", "rubric_digest", "prompt_digest", "instrument")
    seen: Counter[tuple[Any, ...]] = Counter()
    for line in folder.scores.last.values():
        if "answer" in line:
            seen[tuple(line["answer"]["provenance"].get(name) for name in names)] += 1
    return [{**dict(zip(names, each, strict=True)), "scores": count} for each, count in seen.most_common()]


def worst(items: Iterable[Item], folder: RunFolder) -> list[dict[str, Any]]:
    """The open answers with the lowest scores; ties by their names."""
    lines = [line for item in items if item.kind == "open" and (line := folder.judged(item.key))]
    scored = sorted((line["score"], line["key"]) for line in lines if line["score"] is not None)
    return [{"key": key, "score": score} for score, key in scored[:_WORST]]


def invalid_replies(items: Iterable[Item], folder: RunFolder) -> list[str]:
    """The first multiple-choice items whose reply chooses nothing."""
    lines = (line for item in items if item.kind == "mcq" and (line := folder.judged(item.key)))
    return list(islice((line["key"] for line in lines if line["invalid"]), _WORST))
