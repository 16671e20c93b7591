"""Examples for the OpenAPI document; each works when it is pasted."""

from __future__ import annotations

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


def body(schema: str, requests: dict[str, dict[str, object]]) -> dict[str, object]:
    """The `requestBody` of a route that reads its JSON itself."""
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": requests}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
