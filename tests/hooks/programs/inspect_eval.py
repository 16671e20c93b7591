"""Evaluates the guide's task with Inspect's own mock model, and prints what the log holds."""

from __future__ import annotations

import json
import math

from inspect_ai import eval as evaluate
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from radiographs import radiographs

task = radiographs()
outputs = [ModelOutput.from_content("mockllm/model", "Right lower lobe pneumonia.") for _ in task.dataset]
for output in outputs:
    output.usage = ModelUsage(input_tokens=9, output_tokens=9, total_tokens=18)  # else it fetches a tokenizer
(log,) = evaluate(
    task, model=get_model("mockllm/model", custom_outputs=outputs), display="none", log_dir="logs"
)
(told,) = log.results.scores
scores = [sample.scores["judged"] for sample in log.samples]
found = {
    "status": log.status,
    "scored": told.scored_samples,
    "unscored": told.unscored_samples,
    "mean": told.metrics["mean"].value,
    "values": [score.value for score in scores],
    "reasons": [score.reason for score in scores],
    "explanations": [score.explanation for score in scores],
}
nan = [name for name, value in found.items() if isinstance(value, float) and math.isnan(value)]
print(json.dumps({**found, "nan": nan}))
