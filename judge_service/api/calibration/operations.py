"""The other operations: each takes a study, or names a kept one, and answers with plain figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from judge_service.api.bodies import read_json
from judge_service.api.calibration import samples
from judge_service.api.calibration.documents import body, gives
from judge_service.api.calibration.exchange import TheDesk, answered, parsed, while_wanted

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk

router = APIRouter(prefix="/v1/calibration", tags=["calibration"])


def _route(name: str, shape: str, summary: str, example: dict[str, Any], about: str) -> None:
    """Add the route of an operation that looks at a study."""

    async def serve(request: Request, desk: TheDesk) -> Response:
        return await while_wanted(request, _run(desk, name, await read_json(request)))

    router.add_api_route(
        f"/{name}",
        serve,
        methods=["POST"],
        name=name,
        operation_id=f"calibration_{name.replace('/', '_').replace('-', '_')}",
        summary=summary,
        description=about,
        responses=gives(f"{shape}Answer"),
        openapi_extra=body(f"{shape}Order", {name: example}),
    )


async def _run(desk: Desk, name: str, raw: bytes) -> Response:
    return await answered(await desk.run(name, await parsed(desk, raw)))


_route(
    "alt-test",
    "AltTest",
    "May the judge stand in for a physician?",
    samples.ALT_TEST,
    "The alternative annotator test of every judge and criterion: ω, ρ, a row for each physician, the ε at "
    "which the verdict turns.",
)
_route(
    "compare",
    "Compare",
    "Compare two judges",
    samples.COMPARE,
    "Every figure of `judge_a` and `judge_b` on the items both scored, the difference (b minus a) on shared "
    "resamples, Williams' test, sign-flip tests, q-values.",
)
_route(
    "equate",
    "Equate",
    "One judge's scores on another one's scale",
    samples.EQUATE,
    "Linear or equipercentile, on the items that both scored: thresholds keep their share of passes, not the "
    "identity of those who pass. Beside it Deming regression, for both judges err.",
)
_route(
    "estimate",
    "Estimate",
    "Means of models from few labels",
    samples.ESTIMATE,
    "Prediction-powered mean of every model (`by` names the variable), beside the labels alone and the judge "
    "alone; differences with simultaneous intervals, ranks; on binary criteria the corrected prevalence.",
)
_route(
    "plan/labels",
    "Labels",
    "Which items to rate next",
    samples.LABELS,
    "Every pick comes with the probability with which it was taken.",
)
_route(
    "drift",
    "Drift",
    "Has the judge changed?",
    samples.DRIFT,
    "An anchor set scored before and after: two one-sided tests against `margin` (points), change in error, "
    "whether the old `map` still holds. `monitor` compares the distributions without labels.",
)
_route(
    "audit",
    "Audit",
    "Is the judge biased?",
    samples.AUDIT,
    "Length, model family, subgroups, repeats: models of the difference to physicians, never of the judge "
    "given them.",
)


@router.post(
    "/plan/power",
    summary="How many items",
    responses=gives("PowerAnswer"),
    openapi_extra=body("PowerOrder", {"an ICC": samples.POWER}),
)
async def plan_power(request: Request, desk: TheDesk) -> Response:
    """`kind`: pearson, icc, limits, coefficient, conformal, mean or alt_test, each with what it needs."""
    return await while_wanted(request, _planned(desk, await read_json(request)))


async def _planned(desk: Desk, raw: bytes) -> Response:
    return await answered(await desk.library.run("plan/power", None, await parsed(desk, raw)))


@router.get("/definitions", summary="What every figure means", responses=gives("Definitions", problems=()))
async def definitions(desk: TheDesk) -> Response:
    """Formula, source, assumptions, least number of items, and the names in other software."""
    return await answered(await desk.library.run("definitions", None, {}))
