"""A data set of one's own, from a table; its `evaluate` is to be written."""

from __future__ import annotations

from typing import Any

from vlmeval.smp import load


class CustomVQADataset:
    """Questions to pictures, which are paths here."""

    TYPE = "VQA"
    MODALITY = "IMAGE"

    def __init__(self, dataset: str) -> None:
        self.dataset_name = dataset
        self.data = load(f"{dataset}.tsv")

    def build_prompt(self, line: Any) -> list[dict[str, str]]:
        row = self.data.iloc[line] if isinstance(line, int) else line
        picture = {"type": "image", "value": row["image_path"]}
        return [picture, {"type": "text", "value": row["question"]}]

    def evaluate(self, eval_file: str, **judge_kwargs: Any) -> Any:
        raise NotImplementedError
