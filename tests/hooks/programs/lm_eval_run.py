"""Evaluates the guide's task with a model that always says the same, and prints the results and the samples."""

from __future__ import annotations

import json
from typing import Any

import lm_eval
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager


class Scripted(LM):  # type: ignore[misc]  # it is not installed where types are checked
    """Knows one answer."""

    def loglikelihood(self, requests: Any) -> Any:
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: Any) -> Any:
        raise NotImplementedError

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        return ["Right lower lobe pneumonia." for _ in requests]


told = lm_eval.simple_evaluate(
    model=Scripted(), tasks=["radiographs"], task_manager=TaskManager(include_path=".")
)
samples = [[sample["judge"], sample["judge_unscored"]] for sample in told["samples"]["radiographs"]]
print(json.dumps({**told["results"]["radiographs"], "samples": samples}))
