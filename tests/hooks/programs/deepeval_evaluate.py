"""Runs the guide's evaluation, and prints what each case has."""

from __future__ import annotations

import json

from evaluation import told

order = ["Right lower lobe pneumonia.", "Fracture of the left wrist.", "x"]
cases = sorted(told.test_results, key=lambda case: order.index(case.expected_output))
rows = [[data.score, data.success, data.error] for case in cases for data in case.metrics_data]
print(json.dumps({"passed": [case.success for case in cases], "rows": rows}))
