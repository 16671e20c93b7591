"""What lm-eval calls, called as it calls it; the real one runs in tests/hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving import REFERENCE

from judge_client.hooks.lm_eval import judged, mean_scored, share_unscored

if TYPE_CHECKING:
    from judge_client import JudgeClient

DOC = {"question": "What does it show?", "answer": REFERENCE, "id": 7}
FIELDS = {"prompt": "question", "reference": "answer"}


def test_a_document_has_a_value_or_why_it_has_none(service: JudgeClient) -> None:
    process_results = judged(service, "medical-qa", fields=FIELDS)
    assert process_results(DOC, [REFERENCE]) == {"judge": 1, "judge_unscored": None}
    vague = process_results({**DOC, "answer": "x"}, [REFERENCE])
    assert vague["judge"] is None
    assert str(vague["judge_unscored"]).startswith("abstained: ")


def test_a_failure_is_no_number(service: JudgeClient) -> None:
    away = judged(service, "medical-qa", fields=FIELDS, metric="care", judge="away")(DOC, [REFERENCE])
    assert (away["care"], str(away["care_unscored"]).partition(":")[0]) == (None, "provider_error")


@pytest.mark.parametrize("results", [[["one", "two"]], ["one", "two"], []])
def test_more_than_one_response_is_refused(service: JudgeClient, results: list[object]) -> None:
    with pytest.raises(TypeError, match="take_first"):
        judged(service, "medical-qa", fields=FIELDS)(DOC, results)


def test_the_aggregations_leave_out_what_is_not_there() -> None:
    assert mean_scored([1.0, None, 0.5]) == 0.75
    assert mean_scored([0.0, 0.0]) == 0
    assert mean_scored([None, None]) is mean_scored([]) is None
    assert share_unscored([None, "refused: no", None, None]) == 0.25
    assert share_unscored([]) is None
