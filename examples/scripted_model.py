"""A "model under test" that follows a script, over a real OpenAI-compatible socket: it knows the data set's answers.

How well it answers depends on the question and on its name alone: it is right, half right, wrong, or chatters
without choosing. It counts what it answered, so that a run can be shown to have paid for nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

DATA = Path(__file__).parent / "medcmr_demo"
LATENCY_S = 0.08
# Of ten questions so many are answered rightly; the rest is wrong, and of multiple-choice ones some is chatter.
SKILL = {"scripted-small": 5, "scripted-large": 8}


def known(folder: Path = DATA) -> dict[str, dict[str, Any]]:
    """The items of the data set by their questions."""
    rows = [
        row for name in ("mcq.json", "open.json") for row in json.loads((folder / name).read_text("utf-8"))
    ]
    return {row["question"]: row for row in rows}


def reply_to(row: dict[str, Any], model: str) -> str:
    """What the script says, always the same."""
    luck = hashlib.sha256(row["question"].encode()).digest()[0] % 10
    right = luck < SKILL.get(model, 5)
    if "A" in row:
        if right:
            return str(row["answer"])
        return (
            "Hard to say without the history."
            if luck == 9
            else "ABCDE"[("ABCDE".index(row["answer"]) + 2) % 5]
        )
    if right:
        return f"Reasoning: {row['visual_description']} This explains the finding.\nAnswer: {row['answer']}"
    seen, _, _ = row["visual_description"].partition(". ")
    if luck % 2:
        return f"Reasoning: {seen}. Nothing abnormal can be made out in it.\nAnswer: A normal finding."
    swapped = row["answer"].replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")
    return f"Reasoning: {seen}. One structure looks unusual.\nAnswer: {swapped}"


class Model(BaseHTTPRequestHandler):
    """Answers chat requests; `GET /counts` tells how often each question was answered."""

    protocol_version = "HTTP/1.1"
    rows: ClassVar = known()
    answered: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][-1]["content"]
        text = content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
        question = next((known for known in self.rows if f"Question: {known}\n" in text), None)
        if question is None:
            self._send(400, {"error": {"message": "this question is not in the script"}})
            return
        time.sleep(LATENCY_S)
        said = reply_to(self.rows[question], body["model"])
        self.answered[f"{body['model']}: {question}"] += 1
        message = {"role": "assistant", "content": said}
        usage = {"prompt_tokens": len(text) // 4 + 87, "completion_tokens": len(said) // 4 + 1}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(
            200, {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}
        )

    def do_GET(self) -> None:
        self._send(200, dict(self.answered))

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's own name
        """Say nothing."""


def main() -> None:
    """Serve until killed; the first line tells the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/v1\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
