from __future__ import annotations

from typing import Any

from judge_service.domain.bill import Bill
from judge_service.domain.score import Attempt, Provenance, TokenUsage

ATTEMPT = Attempt(outcome="ok", latency_ms=1, input_tokens=7, output_tokens=3)


def used(attempts: tuple[Attempt, ...]) -> TokenUsage:
    if any(attempt.input_tokens is None for attempt in attempts):
        return TokenUsage()
    return TokenUsage(input_tokens=7 * len(attempts), output_tokens=3 * len(attempts))


def provenance(*attempts: Attempt, spent: int | None = 10, **fields: Any) -> Provenance:
    plain: dict[str, Any] = {
        "rubric": "plain@1",
        "rubric_digest": "r",
        "prompt_digest": "p",
        "judge": "default",
        "judge_kind": "openai",
        "is_llm": True,
        "instrument": "llm",
        "mode": "text",
        "schema_mode": "none",
        "cache": "miss",
        "attempts": attempts,
        "usage": TokenUsage(input_tokens=7, output_tokens=3) if attempts else TokenUsage(),
        "spent_microusd": spent,
        "spent_usage": used(attempts),
    }
    return Provenance.model_validate(plain | {"service_version": "1"} | fields)


def sums(bill: Bill) -> tuple[int, int | None, int | None, int | None]:
    return bill.asked, bill.input_tokens, bill.output_tokens, bill.cost_microusd


def test_what_was_asked_is_summed_and_what_others_asked_is_not() -> None:
    bill = Bill()
    bill.add(provenance(ATTEMPT))
    bill.add(provenance(ATTEMPT, spent=5))
    for cache in ("hit", "joined", "none"):
        bill.add(provenance(ATTEMPT, cache=cache))
    assert sums(bill) == (2, 14, 6, 15)


def test_one_part_that_is_unknown_makes_its_sum_unknown() -> None:
    bill = Bill()
    bill.add(provenance(ATTEMPT))
    bill.add(provenance(ATTEMPT, spent=None))
    assert sums(bill) == (2, 14, 6, None)
    bill.add(provenance(ATTEMPT.model_copy(update={"input_tokens": None})))
    assert sums(bill) == (3, None, None, None)


def test_a_call_that_was_cut_may_have_cost_anything() -> None:
    bill = Bill()
    bill.add(provenance(spent=None))
    assert sums(bill) == (1, None, None, None)


def test_what_nobody_knows_makes_every_sum_unknown() -> None:
    bill = Bill()
    bill.add(provenance(ATTEMPT))
    bill.add_unknown()
    assert sums(bill) == (2, None, None, None)
