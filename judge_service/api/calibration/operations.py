"""The other operations: each takes a study, or names a kept one, and answers with plain figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from judge_service.api.calibration import samples
from judge_service.api.calibration.exchange import PROBLEMS, TheDesk, answered, body, read_mapping

router = APIRouter(prefix="/v1/calibration", tags=["calibration"])


def _route(name: str, summary: str, example: dict[str, Any], about: str) -> None:
    """Add the route of an operation that looks at a study."""

    async def serve(request: Request, desk: TheDesk) -> Response:
        return await answered(desk, await desk.run(name, await read_mapping(request)))

    router.add_api_route(
        f"/{name}",
        serve,
        methods=["POST"],
        name=name,
        operation_id=f"calibration_{name.replace('/', '_').replace('-', '_')}",
        summary=summary,
        description=about,
        responses=PROBLEMS,
        openapi_extra=body(name, {name: example}),
    )


_route(
    "alt-test",
    "May the judge stand in for a physician?",
    samples.ALT_TEST,
    "The alternative annotator test of every judge and criterion: ω, ρ, a row for each physician, the ε at "
    "which the verdict turns. Takes `epsilon`, `q`, `test` (t, wilcoxon, sign_flip), `criteria`, `judges`, "
    "`resamples`, `seed`.",
)
_route(
    "compare",
    "Compare two judges",
    samples.COMPARE,
    "Every figure of `judge_a` and `judge_b` on the items both scored, the difference (b minus a) on shared "
    "resamples, Williams' test, sign-flip tests, q-values.",
)
_route(
    "estimate",
    "Means of models from few labels",
    samples.ESTIMATE,
    "Prediction-powered mean of every model (`by` names the variable), beside the labels alone and the judge "
    "alone; differences with simultaneous intervals, ranks; on binary criteria the corrected prevalence.",
)
_route(
    "plan/labels",
    "Which items to rate next",
    samples.LABELS,
    "`objective`: mean, map, subgroups or reliability. Every pick comes with its probability.",
)
_route(
    "drift",
    "Has the judge changed?",
    samples.DRIFT,
    "An anchor set scored before and after: two one-sided tests against `margin` (points), change in error, "
    "whether the old `map` still holds. `monitor` compares the distributions without labels.",
)
_route(
    "audit",
    "Is the judge biased?",
    samples.AUDIT,
    "Length, model family, subgroups, repeats: models of the difference to physicians.",
)


@router.post(
    "/plan/power",
    summary="How many items",
    responses=PROBLEMS,
    openapi_extra=body("Power", {"an ICC": samples.POWER}),
)
async def plan_power(request: Request, desk: TheDesk) -> Response:
    """`kind`: pearson, icc, limits, coefficient, conformal, mean or alt_test, each with what it needs."""
    return await answered(desk, await desk.library.run("plan/power", None, await read_mapping(request)))


@router.get("/definitions", summary="What every figure means", responses=PROBLEMS)
async def definitions(desk: TheDesk) -> Response:
    """Formula, source, assumptions, least number of items, and the names in other software."""
    return await answered(desk, await desk.library.run("definitions", None, {}))
