"""For a task of lm-eval: `process_results` that asks the service, and aggregations that leave out what has no score.

`!function` in a task's YAML names what a `utils.py` beside it makes of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_client.hooks.asking import Asker, Judged, mean_scored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from judge_client import JudgeClient

    ProcessResults = Callable[[Mapping[str, Any], Sequence[Any]], dict[str, float | str | None]]

__all__ = ["judged", "mean_scored", "share_unscored"]


def judged(
    service: str | JudgeClient,
    rubric: str,
    *,
    fields: Mapping[str, str],
    metric: str = "judge",
    **options: Any,
) -> ProcessResults:
    """Make a `process_results`; `fields` says which column of a document holds each field of the case.

    It gives two metrics: `judge`, from 0 to 1 or `None`, to be aggregated by `mean_scored`; and `judge_unscored`,
    `None` or why there is no score, by `share_unscored`. Both are in the logged samples.
    """
    asker = Asker(service, rubric, options)

    def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float | str | None]:
        response = results[0] if len(results) == 1 else results
        if response is not None and not isinstance(response, str):
            raise TypeError(
                "one response for each document is scored: end the task's filters with take_first"
            )
        told = asker.one({**{name: doc[column] for name, column in fields.items()}, "response": response})
        if isinstance(told, Judged):
            return {metric: told.value, f"{metric}_unscored": None}
        return {metric: None, f"{metric}_unscored": told.explanation}

    return process_results


def share_unscored(reasons: Sequence[str | None]) -> float | None:
    """The share of documents without a score, from 0 to 1."""
    return sum(reason is not None for reason in reasons) / len(reasons) if reasons else None
