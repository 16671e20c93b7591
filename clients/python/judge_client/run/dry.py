"""What a run would ask and cost, before it does: three prompts as they would be sent, and an estimate."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from judge_client.run.items import DatasetFault
from judge_client.run.pictures import picture_of
from judge_client.run.prompts import prompt_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from judge_client.run.folder import Kept
    from judge_client.run.items import Dataset, Item
    from judge_client.run.plan import Plan, Price

# Rough figures, told as such: English has about four characters a token; a picture costs about a token for each
# 750 pixels up to a cap, which is between what vendors and open models take.
_CHARACTERS, _PIXELS, _PICTURE_CAP = 4, 750, 1600
_PICTURE_UNKNOWN = 800
_PNG_SIZE = slice(16, 24)  # where a PNG tells its width and height
_WRITTEN = {"mcq": 5, "open": 300}
# The judge reads its rubric beside the case, and writes a verdict a criterion.
_JUDGE_READS, _JUDGE_WRITES = 1800, 450
_SAMPLE = 200
# Fields of a request that limit what the model writes, in tokens.
LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Estimated:
    """Calls that are left to make, and roughly what they take."""

    calls: int
    read: int
    written: int
    cost_usd: float | None


def estimates(plan: Plan, kept: Kept | None = None) -> dict[str, Estimated]:
    """By stage; what a folder has already is not counted."""
    items = plan.dataset.items
    to_ask = [item for item in items if kept is None or kept.answered(item.key) is None]
    to_judge = [item for item in items if item.kind == "open" and not _is_judged(plan, kept, item)]
    pictures = _picture_tokens(plan.dataset, to_ask)
    limit = next((plan.model.fields[name] for name in LIMITS if plan.model.fields.get(name)), None)
    written = sum(min(_WRITTEN[item.kind], limit or _WRITTEN[item.kind]) for item in to_ask)
    read = sum(tokens_of(prompt_of(item)) + (pictures if item.image else 0) for item in to_ask)
    read_by_judge = sum(_JUDGE_READS + _case_tokens(item) for item in to_judge)
    return {
        "model": _estimated(len(to_ask), read, written, plan.model.price),
        "judge": _estimated(len(to_judge), read_by_judge, _JUDGE_WRITES * len(to_judge), plan.judge.price),
    }


def _is_judged(plan: Plan, kept: Kept | None, item: Item) -> bool:
    line = kept.judged(item.key) if kept else None
    return line is not None and not (plan.again_unscored and line["score"] is None)


def _estimated(calls: int, read: float, written: int, price: Price) -> Estimated:
    return Estimated(calls, round(read), written, price.of(round(read), written))


def tokens_of(text: str) -> int:
    """Roughly."""
    return -(-len(text) // _CHARACTERS)


def _case_tokens(item: Item) -> int:
    return tokens_of(f"{item.question}{item.answer}{item.visual_description or ''}") + _WRITTEN["open"]


def _picture_tokens(data: Dataset, items: Iterable[Item]) -> float:
    """Of one picture, on average over the first of them."""
    found = [_tokens_of_picture(data, item) for item in [item for item in items if item.image][:_SAMPLE]]
    return fmean(found) if found else 0.0


def _tokens_of_picture(data: Dataset, item: Item) -> int:
    try:
        raw = picture_of(item, data.images) or b""
    except DatasetFault:
        return 0
    if not raw.startswith(b"\x89PNG") or len(raw) < _PNG_SIZE.stop:
        return _PICTURE_UNKNOWN
    size: tuple[int, int] = struct.unpack(">II", raw[_PNG_SIZE])
    return min(_PICTURE_CAP, -(-size[0] * size[1] // _PIXELS))


def examples(plan: Plan) -> Sequence[tuple[Item, str, str]]:
    """Three items of as many kinds and dimensions as can be, each with its prompt and a word on its picture."""
    chosen: dict[Any, Item] = {}
    for item in plan.dataset.items:
        chosen.setdefault((item.kind, item.groups.get("dimension")), item)
    kinds = (
        [item for item in chosen.values() if item.kind == "open"],
        [item for item in chosen.values() if item.kind == "mcq"],
    )
    mixed = [item for pair in zip(*kinds, strict=False) for item in pair]
    rest = [item for item in plan.dataset.items if item not in mixed]
    return [(item, prompt_of(item), _picture_words(plan.dataset, item)) for item in [*mixed, *rest][:3]]


def _picture_words(data: Dataset, item: Item) -> str:
    try:
        raw = picture_of(item, data.images)
        return "no picture" if raw is None else f"{item.image}, {len(raw)} bytes, sent as it is"
    except DatasetFault as exc:
        return str(exc)
