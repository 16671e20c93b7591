"""Runs the guide's evaluation, and prints what each case has."""

from __future__ import annotations

import json

from evaluation import told

rows = [[data.score, data.success, data.error] for case in told.test_results for data in case.metrics_data]
print(json.dumps({"passed": [case.success for case in told.test_results], "rows": rows}))
