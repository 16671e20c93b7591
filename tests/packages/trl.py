"""Stands in for TRL: calls reward functions as the trainer of GRPO in TRL 1.16.0 does, and trains nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from datasets import Dataset

COMPLETIONS = ("Right lower lobe pneumonia.", "A fracture of the left wrist.")


@dataclass
class GRPOConfig:
    """Where to."""

    output_dir: str


class GRPOTrainer:
    """Each prompt is answered twice, always alike; what is logged is kept."""

    def __init__(
        self, model: str, reward_funcs: Callable[..., Any], args: GRPOConfig, train_dataset: Dataset
    ) -> None:
        self.reward_func = reward_funcs
        self.rows = [row for row in train_dataset.rows for _ in COMPLETIONS]
        self.rewards: dict[str, list[float | None]] = {}
        self.metrics: dict[str, float] = {}
        self.extras: dict[str, list[Any]] = {}

    def train(self) -> None:
        completions = [COMPLETIONS[at % len(COMPLETIONS)] for at in range(len(self.rows))]
        keys = [key for key in self.rows[0] if key not in {"prompt", "completion", "completion_ids"}]
        columns: dict[str, Any] = {key: [row[key] for row in self.rows] for key in keys}
        columns |= {"trainer_state": object(), "log_extra": self._extra, "log_metric": self._metric}
        rewards = self.reward_func(
            prompts=[row["prompt"] for row in self.rows],
            completions=completions,
            completion_ids=[[1, 2] for _ in completions],
            **columns,
        )
        if len(rewards) != len(completions):
            raise ValueError("one reward for each completion")
        self.rewards[self.reward_func.__name__] = rewards

    def _extra(self, column: str, values: list[Any]) -> None:
        self.extras[column] = values

    def _metric(self, name: str, value: float) -> None:
        self.metrics[name] = value
