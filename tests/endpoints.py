"""Chat endpoints that can do this and cannot do that, for the stub judge to play."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stubshapes import MARKER, SHAPES, Shape, document_of

if TYPE_CHECKING:
    from stubjudge import Call

WORDS = "pelican"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Of each capability: `yes`, `ignores` (takes the field and does nothing), or the name of a fault's shape."""

    json_schema: str = "yes"
    json_object: str = "yes"
    tools: str = "yes"
    logprobs: str = "yes"
    images: str = "yes"
    seed: str = "yes"
    alternatives: int = 5
    finish: str = "stop"
    counts: bool = True

    @classmethod
    def only(cls, name: str, played: str) -> Endpoint:
        """One that can do everything, and plays this for one capability."""
        fields: dict[str, Any] = {name: played}
        return cls(**fields)

    def __call__(self, call: Call) -> Shape:
        """Answer one request."""
        asked = self._asked(call.body)
        played = getattr(self, asked) if asked else "yes"
        if played not in {"yes", "ignores"}:
            return SHAPES[played]
        body: dict[str, Any] = {
            "model": "stub-001",
            "choices": [self._choice(asked if played == "yes" else None, call.body)],
        }
        if self.counts:
            tokens = 20 + 16 * (asked == "images" and played == "yes")
            body |= {"usage": {"prompt_tokens": tokens, "completion_tokens": 5, "total_tokens": tokens + 5}}
        return Shape(body=json.dumps({"id": "x", "object": "chat.completion", "created": 1, **body}).encode())

    def _asked(self, request: dict[str, Any]) -> str | None:
        if form := request.get("response_format"):
            return str(form["type"])
        for name in ("tools", "logprobs", "seed"):
            if name in request:
                return name
        return "images" if "image_url" in json.dumps(request["messages"]) else None

    def _choice(self, does: str | None, request: dict[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": WORDS}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": self.finish}
        match does:
            case "json_schema":
                schema = request["response_format"]["json_schema"]["schema"]
                message["content"] = json.dumps(document_of(schema))
            case "json_object":
                message["content"] = '{"word": "pelican"}'
            case "tools":
                call = {"name": "note_colour", "arguments": '{"colour": "blue"}'}
                message["tool_calls"] = [{"id": "1", "type": "function", "function": call}]
            case "logprobs":
                top = [{"token": f"t{at}", "logprob": -1.0, "bytes": [65]} for at in range(self.alternatives)]
                token = {"token": "t0", "logprob": -1.0, "bytes": [65], "top_logprobs": top}
                choice["logprobs"] = {"content": [token]}
            case "seed":
                message["content"] = f"{WORDS} {request['seed']} {MARKER}"
        return choice
