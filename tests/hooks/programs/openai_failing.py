"""Asks a grader and a batch of a service whose judge is away, and prints what came."""

from __future__ import annotations

import json
import time
from typing import Any

from openai import InternalServerError, OpenAI

client: Any = OpenAI(max_retries=0)  # its types list OpenAI's own endpoints
item = {"reference": "Right lower lobe pneumonia."}
grader = {
    "type": "score_model",
    "name": "correct",
    "model": "default/medical-qa",
    "input": [{"role": "user", "content": "{{item.reference}} {{sample.output_text}}"}],
}
found: dict[str, Any] = {"valid": client.fine_tuning.alpha.graders.validate(grader=grader).grader.name}
try:
    given = client.fine_tuning.alpha.graders.run(grader=grader, model_sample="Pneumonia.", item=item)
    found["reward"] = given.reward
except InternalServerError as exc:
    found |= {"status": exc.status_code, "code": exc.code}
case = {"response": "Pneumonia.", "reference": "Right lower lobe pneumonia."}
line = {
    "custom_id": "a-1",
    "method": "POST",
    "url": "/v1/scores",
    "body": {"rubric": "medical-qa", "case": case},
}
file = client.files.create(file=("cases.jsonl", json.dumps(line).encode()), purpose="batch")
batch = client.batches.create(input_file_id=file.id, endpoint="/v1/scores", completion_window="24h")
found["before"] = [batch.status, batch.output_file_id]
client.batches.cancel(batch.id)  # the service goes on for hours to ask a judge that is away
while batch.status not in {"completed", "failed", "expired", "cancelled"}:
    time.sleep(0.1)
    batch = client.batches.retrieve(batch.id)
told = json.loads(client.files.content(batch.error_file_id).text)
found |= {"results": batch.output_file_id, "counts": batch.request_counts.model_dump(), "error": told}
print(json.dumps(found))
