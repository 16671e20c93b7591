"""What the model under test is asked. The wording is ours; the two formats of answers are those of Med-CMR."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from judge_client.run.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.run.items import Item

VERSION = "1"
_CHOOSE = """\
Study the image and answer the question about it.

Question: {question}

Options:
{options}

Reply with the letter of the one best option and with nothing else."""
_CHOOSE_BLIND = _CHOOSE.replace("Study the image and answer the question about it.", "Answer the question.")
_EXPLAIN = """\
Study the image and answer the question about it.

Question: {question}

Think step by step: say what you see in the image, and what that means in the light of medical knowledge. The \
final answer is one short sentence or one term. Reply in exactly these two parts:
Reasoning: <your steps>
Answer: <your final answer>"""
_EXPLAIN_BLIND = _EXPLAIN.replace(
    "Study the image and answer the question about it.", "Answer the question."
).replace(
    "say what you see in the image, and what that means in the light of medical knowledge", "give your steps"
)
_TYPES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def prompt_of(item: Item) -> str:
    """The text of the question, with the format that its answer is to have."""
    if item.kind == "mcq":
        options = "\n".join(f"{letter}) {text}" for letter, text in item.options.items())
        return (_CHOOSE if item.image else _CHOOSE_BLIND).format(question=item.question, options=options)
    return (_EXPLAIN if item.image else _EXPLAIN_BLIND).format(question=item.question)


def body_of(item: Item, picture: bytes | None, model: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The chat request; `fields` are further ones of the caller's, and win."""
    text = {"type": "text", "text": prompt_of(item)}
    shown = [] if picture is None else [{"type": "image_url", "image_url": {"url": data_uri(picture)}}]
    message = {"role": "user", "content": [*shown, text] if shown else text["text"]}
    return {"model": model, "messages": [message], **fields}


def digest_of_request(item: Item, seen: str | None, model: str, fields: Mapping[str, Any]) -> str:
    """Of what is asked, the picture by its own digest, which is `seen`."""
    return digest_of({"model": model, "prompt": prompt_of(item), "image": seen, "fields": dict(fields)})


def data_uri(picture: bytes) -> str:
    """A picture as it stands in a request: its bytes are sent as they are."""
    return f"data:{media_type(picture)};base64,{base64.b64encode(picture).decode()}"


def media_type(picture: bytes) -> str:
    """What kind of picture the bytes are; raises `ValueError` for others than PNG, JPEG, GIF and WebP."""
    for magic, name in _TYPES:
        if picture.startswith(magic):
            return name
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError("a picture is PNG, JPEG, GIF or WebP, and these bytes are none of them")
