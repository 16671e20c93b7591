"""A scorer for MLflow's evaluations of generated text. Without a score its feedback is an error, and in no mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlflow.entities import AssessmentError, AssessmentSource, Feedback
from mlflow.genai.scorers import scorer

from judge_client.hooks.asking import Asker, Judged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow.genai.scorers import Scorer

    from judge_client import JudgeClient


def judged(
    service: str | JudgeClient,
    rubric: str,
    *,
    prompt: str = "question",
    reference: str = "expected_response",
    name: str = "judge",
    **options: Any,
) -> Scorer:
    """Make a scorer of outputs from 0 to 1, with their mean as its aggregation.

    `prompt` is a key of the inputs, `reference` one of the expectations; where it is not there, neither is the field.
    """
    asker = Asker(service, rubric, options)
    source = AssessmentSource(
        source_type="LLM_JUDGE", source_id=f"{options.get('judge', 'default')}/{rubric}"
    )

    def judge(
        inputs: Mapping[str, Any] | None, outputs: Any, expectations: Mapping[str, Any] | None
    ) -> Feedback:
        case = {"prompt": (inputs or {}).get(prompt), "reference": (expectations or {}).get(reference)}
        told = asker.one({**case, "response": _said(outputs)})
        if isinstance(told, Judged):
            return Feedback(
                name=name, value=told.value, rationale=told.explanation, source=source, metadata=_texts(told)
            )
        error = AssessmentError(error_code=told.outcome, error_message=told.reason)
        return Feedback(name=name, error=error, source=source)

    return scorer(judge, name=name, aggregations=["mean"])


def _said(outputs: Any) -> Any:
    """Texts and numbers as they are, and `None`, which MLflow gives where the app raised; anything else as JSON."""
    return outputs if outputs is None or isinstance(outputs, str | float) else json.dumps(outputs)


def _texts(told: Judged) -> dict[str, str]:
    return {key: str(value) for key, value in told.details.items()}
