"""Runs the guide's evaluation, and prints its metrics and each row's feedback."""

from __future__ import annotations

import json

import mlflow
from evaluation import told

rows = []
for at in told.result_df["trace_id"]:
    trace = mlflow.get_trace(at)
    (feedback,) = [found for found in trace.info.assessments if found.name == "judge"]
    error = feedback.feedback.error
    rows.append([feedback.feedback.value, error and error.error_code, feedback.rationale])
print(json.dumps({"metrics": told.metrics, "rows": rows}))
