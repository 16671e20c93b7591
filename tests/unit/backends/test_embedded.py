from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case

from judge_service.backends.base import Prompt
from judge_service.backends.embedded import LONG, EmbeddedBackend
from judge_service.domain.rubric import Criterion, Rubric
from judge_service.lexical import version

if TYPE_CHECKING:
    from judge_service.domain.case import Case
    from judge_service.domain.rubric import Mode

LEVELS = [{"label": n, "value": n / 4, "means": f"Level {n}."} for n in range(5)]
NOMINAL = [{"label": label, "means": label} for label in ("yes", "silent", "no")]
AGREES = {"measure": "agreement", "against": "reference"}
ENTAILS = {
    "measure": "entailment",
    "against": "claim",
    "levels": {"entailed": "yes", "neutral": "silent", "contradicted": "no"},
}


def a_criterion(lexical: dict[str, Any] | None, *, nominal: bool = False, needs: object = None) -> Criterion:
    scale = {"kind": "nominal", "levels": NOMINAL} if nominal else {"kind": "ordinal", "levels": LEVELS}
    fields = {
        "id": "one",
        "title": "One",
        "question": "Is it?",
        "needs": needs or ["response"],
        "scale": scale,
    }
    return Criterion.model_validate(fields | {"lexical": lexical})


def a_prompt(criterion: Criterion, case: Case, mode: Mode = "text", user: str = "") -> Prompt:
    rubric = Rubric(id="r", version=1, title="R", about="R", prompt="prompts/r.jinja", criteria=(criterion,))
    return Prompt(
        rubric=rubric,
        criteria=(criterion,),
        case=case,
        mode=mode,
        system="",
        user=user,
        schema={},
        schema_name="r",
    )


async def judged(prompt: Prompt, backend: EmbeddedBackend | None = None) -> dict[str, Any]:
    completion = await (backend or EmbeddedBackend()).complete(prompt, timeout_s=1)
    assert (completion.finish, completion.model) == ("stop", version())
    entry: dict[str, Any] = json.loads(completion.text)["one"]
    return entry


async def test_names_its_reason_and_quotes_what_it_leans_on() -> None:
    case = a_case(
        response="There is a fracture of the left femur.", reference="A fracture of the right femur."
    )
    entry = await judged(a_prompt(a_criterion(AGREES), case))
    assert entry["level"] == 1
    assert "Side differs: reference right, response left." in entry["rationale"]
    assert all(quote in case.response for quote in entry["evidence"])


@pytest.mark.parametrize(
    ("response", "level"),
    [("Yes, take it with food.", "yes"), ("Drink water.", "silent"), ("Do not take it with food.", "no")],
)
async def test_a_relation_becomes_the_level_the_rubric_names(response: str, level: str) -> None:
    case = a_case(response=response, claim="Take it with food.")
    assert (await judged(a_prompt(a_criterion(ENTAILS, nominal=True), case)))["level"] == level


@pytest.mark.parametrize(
    ("criterion", "case", "mode", "why"),
    [
        (a_criterion(None), a_case(), "text", "no measure"),
        (
            a_criterion(AGREES, needs={"text": ["response"], "image": ["response", "images"]}),
            a_case(),
            "image",
            "cannot see images",
        ),
        (
            a_criterion(AGREES),
            a_case(
                response="Es besteht eine Fraktur des linken Oberschenkels ohne Verschiebung der Fragmente."
            ),
            "text",
            "English only",
        ),
        (
            a_criterion(AGREES),
            a_case(reference="Перелом правой бедренной кости без смещения отломков."),
            "text",
            "English only",
        ),
    ],
)
async def test_abstains_where_it_cannot_see(criterion: Criterion, case: Case, mode: Mode, why: str) -> None:
    entry = await judged(a_prompt(criterion, case, mode))
    assert entry["level"] is None
    assert why in entry["rationale"]


async def test_takes_the_nearest_level_after_similarity_has_lifted_it() -> None:
    case = a_case(response="", reference="Insulin and potassium.")
    assert (await judged(a_prompt(a_criterion(AGREES), case)))["level"] == 0
    case = a_case(response="Fluids.", reference="Insulin and potassium.")
    low, high = [
        await judged(a_prompt(a_criterion(AGREES), case), EmbeddedBackend(similarity=lambda _a, _b, s=s: s))
        for s in (0.6, 1.0)
    ]
    assert (low["level"], high["level"]) == (0, 2)
    assert "Similarity of meaning 0.60." in low["rationale"]


@pytest.mark.parametrize("lexical", [{"measure": "self_consistency"}, {"measure": "cohesion"}])
async def test_measures_of_the_response_alone_need_nothing_else(lexical: dict[str, Any]) -> None:
    said = "The nodule is round. The nodule has smooth margins, so it is likely benign."
    case = a_case(response=said, reference=None)
    assert (await judged(a_prompt(a_criterion(lexical), case)))["level"] >= 3


async def test_a_long_case_gets_the_same_answer_off_the_loop() -> None:
    case = a_case(response="A fracture of the right femur.", reference="A fracture of the right femur.")
    criterion = a_criterion(AGREES)
    long = await judged(a_prompt(criterion, case, user="x" * (LONG + 1)))
    assert long == await judged(a_prompt(criterion, case))
    assert long["level"] == 4


async def test_is_always_there() -> None:
    backend = EmbeddedBackend()
    await backend.ping()
    await backend.aclose()
