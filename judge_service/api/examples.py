"""Examples for the OpenAPI document; each works when it is pasted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from judge_service.api.bodies import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = (
    "Frontal chest radiograph with a dense consolidation in the right lower lobe and no pleural effusion."
)
_REFERENCE = "Right lower lobe consolidation without effusion, consistent with lobar pneumonia."

SCORE_REQUESTS: dict[str, dict[str, object]] = {
    "right": {
        "summary": "A right answer",
        "value": {
            "rubric": "med-cmr",
            "case": {
                "id": "chest-1",
                "prompt": "What does the chest radiograph show, and what is the likely diagnosis?",
                "visual_description": _SHOWN,
                "reference": _REFERENCE,
                "response": "There is a dense consolidation in the right lower lobe and no pleural effusion. "
                "This consolidation is consistent with lobar pneumonia.",
            },
        },
    },
    "wrong_side": {
        "summary": "The same answer with the wrong side",
        "value": {
            "rubric": "med-cmr",
            "case": {
                "id": "chest-2",
                "prompt": "What does the chest radiograph show, and what is the likely diagnosis?",
                "visual_description": _SHOWN,
                "reference": _REFERENCE,
                "response": "There is a dense consolidation in the left lower lobe and no pleural effusion. "
                "This consolidation is consistent with lobar pneumonia.",
            },
        },
    },
    "claim": {
        "summary": "Does a response support a claim?",
        "value": {
            "rubric": "claim-support",
            "case": {
                "response": "Ibuprofen may be taken with food to protect the stomach.",
                "claim": "Ibuprofen can be taken with food.",
            },
        },
    },
}

JOB_LINES = "".join(
    f'{{"custom_id": "{name}", "method": "POST", "url": "/v1/scores", "body": {json.dumps(one["value"])}}}\n'
    for name, one in SCORE_REQUESTS.items()
)

# Two squares of sixteen pixels, a light and a dark one.
_LIGHT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAH0lEQVR42mNgoBwwMjAwMDyDcqQYGBiY0FXQR4Aa"
    "AADPfAEQFCgGYgAAAABJRU5ErkJggg=="
)
_DARK = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAH0lEQVR42mNgoBwwMjAwMGhAOTcYGBiY0FXQR4Aa"
    "AADJjAEQ0gZyygAAAABJRU5ErkJggg=="
)

PROBE_REQUESTS: dict[str, dict[str, object]] = {
    "two_cases": {
        "summary": "Two cases, each with the other's image swapped in",
        "value": {
            "rubric": "med-cmr",
            "cases": [
                {
                    "prompt": "Is the square in the middle lighter or darker than grey?",
                    "reference": f"It is {shade}.",
                    "response": f"The square in the middle is {shade}.",
                    "images": [{"role": "question", "url": url}],
                }
                for shade, url in (("lighter", _LIGHT), ("darker", _DARK))
            ],
        },
    },
}


_QUESTION = {
    "prompt": "What does the chest radiograph show, and what is the likely diagnosis?",
    "visual_description": _SHOWN,
    "reference": _REFERENCE,
}
_RIGHT = (
    "There is a dense consolidation in the right lower lobe and no pleural effusion. This consolidation is "
    "consistent with lobar pneumonia."
)

COMPARISON_REQUESTS: dict[str, dict[str, object]] = {
    "sides": {
        "summary": "The right side against the wrong one",
        "value": {
            "rubric": "med-cmr",
            "case": {
                "id": "chest-pair",
                **_QUESTION,
                "responses": {"a": _RIGHT, "b": _RIGHT.replace("right lower", "left lower")},
            },
        },
    },
    "one_is_empty": {
        "summary": "An answer against none",
        "value": {
            "rubric": "med-cmr",
            "case": {**_QUESTION, "responses": {"a": "", "b": _RIGHT}},
        },
    },
    "same": {
        "summary": "One answer twice: nobody is asked",
        "value": {
            "rubric": "med-cmr",
            "case": {**_QUESTION, "responses": {"a": _RIGHT, "b": _RIGHT}},
        },
    },
}


BATCH_REQUESTS: dict[str, dict[str, object]] = {
    "sides": {
        "summary": "Two answers under one rubric, each with a name of its own",
        "value": {
            "defaults": {"rubric": "med-cmr"},
            "items": [
                {"custom_id": "right", "case": {**_QUESTION, "response": _RIGHT}},
                {
                    "custom_id": "wrong",
                    "case": {**_QUESTION, "response": _RIGHT.replace("right lower", "left lower")},
                },
            ],
        },
    },
    "one_is_at_fault": {
        "summary": "The second item has no response; the first is scored all the same",
        "value": {
            "defaults": {"rubric": "med-cmr"},
            "items": [
                {"custom_id": "right", "case": {**_QUESTION, "response": _RIGHT}},
                {"custom_id": "lost", "case": _QUESTION},
            ],
        },
    },
}
BATCH_LINES = """\
{"index":1,"custom_id":"lost","status":422,"score":null,"problem":{"type":"urn:judge-service:problem:malformed-body",…},…}
{"index":0,"custom_id":"right","status":200,"score":{"outcome":"scored","score":86.67,…},"problem":null,…}
{"done":true,"counts":{"malformed_body":1,"scored":1},"spent":{"asked":1,…}}
"""


def body(
    schema: str, requests: Mapping[str, Mapping[str, object]], texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The `requestBody` of a route that reads its JSON itself; `texts`: other media types it takes, by example."""
    content: dict[str, Any] = {JSON: {"schema": ref(schema), "examples": requests}}
    for kind, text in (texts or {}).items():
        content[kind] = {"schema": {"type": "string"}, "example": text}
    return {"requestBody": {"required": True, "content": content}}


def lines(example: str) -> dict[str, Any]:
    """The `requestBody` of a route that reads NDJSON as it comes."""
    content = {"application/x-ndjson": {"example": example}}
    return {"requestBody": {"required": True, "content": content}}


def ref(schema: str) -> dict[str, str]:
    """A component of the document, by its name."""
    return {"$ref": f"#/components/schemas/{schema}"}
