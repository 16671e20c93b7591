"""Answers to look at: those with the lowest scores, and replies that choose no option."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from judge_client.run.items import DatasetFault
from judge_client.run.page.markup import paragraph, section, table, text
from judge_client.run.pictures import picture_seen
from judge_client.run.tabling import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.run.folder import RunFolder
    from judge_client.run.items import Dataset, Item

_THUMBNAIL = 320
_LONG = 1500


def worst_cases(summary: Mapping[str, Any], data: Dataset, folder: RunFolder) -> str:
    """The open answers with the lowest scores, each with its picture and what the judge said."""
    items = {item.key: item for item in data.items}
    cards = [_card(items[told["key"]], data, folder) for told in summary["worst"]]
    words = f"The {len(cards)} open answers with the lowest scores. Read them before you trust the means."
    return section("Worst cases", paragraph(words), *cards, anchor="worst") if cards else ""


def invalid_replies(summary: Mapping[str, Any], data: Dataset, folder: RunFolder) -> str:
    """Replies to multiple-choice questions from which no option can be read."""
    items = {item.key: item for item in data.items}
    rows = [
        (
            key,
            folder.scores.last[key]["rule"],
            items[key].answer,
            _shortened(folder.predictions.last[key]["text"]),
        )
        for key in summary["invalid_replies"]
    ]
    words = (
        "No option is guessed for these: they count as wrong. If a reader sees a choice in many of them, the accuracy "
        "says more of the format than of the model."
    )
    head = ("item", "why", "right", "reply")
    return (
        section(
            "Replies without a choice", paragraph(words), table(head, rows, words=(1, 3)), anchor="invalid"
        )
        if rows
        else ""
    )


def failed_calls(summary: Mapping[str, Any]) -> str:
    """Why calls failed, with their numbers."""
    rows = [(each["stage"], each["count"], each["paid"], each["reason"]) for each in summary["failures"]]
    words = "These items have no answer or no score, and are in no mean. The next run asks again."
    shown = table(("asked", "items", "paid", "reason"), rows, words=(2, 3))
    return section("Failed calls", paragraph(words), shown, anchor="failed") if rows else ""


def _card(item: Item, data: Dataset, folder: RunFolder) -> str:
    answer, line = folder.predictions.last[item.key], folder.scores.last[item.key]
    told = (
        ("question", item.question),
        ("answer of the model", answer["text"] or "(empty)"),
        ("reference", item.answer),
        ("what the picture shows", item.visual_description or MISSING),
    )
    parts = "".join(f"<dt>{text(term)}</dt><dd>{text(_shortened(value))}</dd>" for term, value in told)
    groups = ", ".join(item.groups.values())
    score = f"{number(line['score'])} points" if line["score"] is not None else "unscored"
    return (
        f'<article class="case"><header><h4>{text(item.key)} <span class="note">{text(groups)}</span></h4>'
        f'<span class="points">{text(score)}</span></header>'
        f'<div class="body"><div>{_picture(item, answer, data)}</div><dl>{parts}</dl></div>{_verdicts(line)}</article>'
    )


def _verdicts(line: Mapping[str, Any]) -> str:
    rows = [
        (
            name.replace("_", " "),
            MISSING if verdict["level"] is None else verdict["level"],
            number(verdict["value"]),
            verdict["rationale"] or verdict.get("reason") or MISSING,
        )
        for name, verdict in line["answer"]["criteria"].items()
    ]
    return table(("criterion", "level", "points", "what the judge said"), rows, words=(3,))


def _picture(item: Item, answer: Mapping[str, Any], data: Dataset) -> str:
    if item.image is None:
        return '<p class="blind">no picture</p>'
    try:
        thumbnail = _small(picture_seen(item, answer, data.images) or b"")
    except DatasetFault as exc:
        return f'<p class="blind">{text(str(exc))}</p>'
    if thumbnail is None:
        return f'<p class="blind">{text(item.image)} cannot be shown</p>'
    return (
        f'<img src="data:image/jpeg;base64,{thumbnail}" alt="{text(item.visual_description or item.image)}">'
    )


def _small(raw: bytes) -> str | None:
    """A thumbnail as base64; `None` where these bytes are no picture, or Pillow is not installed."""
    try:
        from PIL import Image  # noqa: PLC0415  paid when used
    except ImportError:
        return None
    try:
        with Image.open(io.BytesIO(raw)) as picture:
            picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
            held = io.BytesIO()
            picture.convert("RGB").save(held, "JPEG", quality=78)
    except Exception:  # noqa: BLE001  what a decoder makes of strange bytes, or of too many pixels, may be anything
        return None
    return base64.b64encode(held.getvalue()).decode()


def _shortened(words: str) -> str:
    return words if len(words) <= _LONG else f"{words[:_LONG]} … ({len(words)} characters)"
