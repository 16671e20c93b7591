"""Questions before the model under test: the line that is kept of each answer, and the score of a chosen letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from judge_client.run.digests import digest_of_bytes, encoded
from judge_client.run.folder import FAILED, now
from judge_client.run.parsing import choice_of, parts_of, visible
from judge_client.run.prompts import digest_of_request, prompt_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.run.completions import Completion
    from judge_client.run.items import Item
    from judge_client.run.plan import Model, Price


Paid = Literal["no", "maybe", "yes"]


def asked_line(item: Item, picture: bytes | None, model: Model) -> dict[str, Any]:
    """What is asked, as it is kept: every word, the picture by its digest."""
    seen = None if picture is None else digest_of_bytes(picture)
    return {
        "digest": digest_of_request(item, seen, model.name, model.fields),
        "model": model.name,
        "prompt": prompt_of(item),
        "image": seen,
        "image_path": item.image,
        "fields": dict(model.fields),
    }


def answer_line(
    item: Item, asked: Mapping[str, Any], said: Completion, price: Price, took_s: float
) -> dict[str, Any]:
    """The line of an answer; what is none of the model's is a failure, and was paid."""
    read, written = said.tokens
    spent = {
        "usage": {"input_tokens": read, "output_tokens": written},
        "cost_usd": price.of(read, written),
        "took_s": round(took_s, 3),
    }
    if said.broken:
        return failed_line(item, asked, said.broken, called=True, paid="yes") | {
            "finish": said.finish,
            **spent,
        }
    return {
        "key": item.key,
        "item": item.digest,
        "called": True,
        "outcome": "answered",
        "text": said.text,
        "response_digest": digest_of_bytes(encoded(said.text)),
        "thoughts": said.thoughts,
        "finish": said.finish,
        "in_format": item.kind == "mcq" or parts_of(visible(said.text)).in_format,
        "model": said.model,
        "fingerprint": said.fingerprint,
        **spent,
        "at": now(),
        "request": dict(asked),
    }


def failed_line(
    item: Item, asked: Mapping[str, Any] | None, reason: str, *, called: bool, paid: Paid = "no"
) -> dict[str, Any]:
    """The line of a call that gave no answer: the next run asks again."""
    return {
        "key": item.key,
        "item": item.digest,
        "called": called,
        "outcome": FAILED,
        "paid": paid,
        "reason": reason,
        "at": now(),
        "request": dict(asked) if asked else None,
    }


def choice_line(item: Item, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The score of a multiple-choice answer; an invalid one is wrong, and is counted apart as well."""
    choice = choice_of(answer["text"], item.options)
    return {
        "key": item.key,
        "kind": item.kind,
        "response": answer["response_digest"],
        "outcome": "scored",
        "choice": choice.letter,
        "rule": choice.rule,
        "right": item.answer,
        "correct": choice.letter == item.answer,
        "invalid": choice.letter is None,
        "at": now(),
    }
