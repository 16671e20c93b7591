"""Reads and writes tables by the ending of their name."""

from __future__ import annotations

import pandas as pd


def load(path: str) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t")


def dump(data: pd.DataFrame, path: str) -> None:
    data.to_csv(path, sep="\t", index=False)
