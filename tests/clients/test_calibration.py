"""Calibration, the catalogue and the probe through both clients, before the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from judge_client import Refused
from judge_client.models import PendingReport, PowerOrder, Report, ReportOrder
from judge_service import __version__
from judge_service.api.calibration import samples

if TYPE_CHECKING:
    from bothclients import Either

ORDERS: dict[str, dict[str, Any]] = {
    "alt_test": samples.ALT_TEST | {"resamples": 50},
    "compare": samples.COMPARE,
    "equate": samples.EQUATE,
    "estimate": samples.ESTIMATE,
    "plan_labels": samples.LABELS,
    "drift": samples.DRIFT,
    "audit": samples.AUDIT,
    "swap": samples.SWAP,
}


@pytest.mark.parametrize("name", ORDERS)
async def test_an_order_is_answered_in_its_shape(client: Either, name: str) -> None:
    told = await client.do(f"calibration.{name}", ORDERS[name])
    shape = {"plan_labels": "LabelsAnswer", "alt_test": "AltTestAnswer"}.get(name, f"{name.title()}Answer")
    assert type(told).__name__ == shape


async def test_a_report_is_had_at_once_as_a_page_and_later(client: Either) -> None:
    order = ReportOrder.model_validate(samples.REPORT)
    told = await client.do("calibration.report", order)
    assert isinstance(told, Report)
    assert list(told.criteria) == ["quality"]
    assert (await client.do("calibration.report_page", samples.REPORT)).startswith("<!doctype html")
    begun = await client.do("calibration.begin_report", order)
    found: Report | PendingReport = begun
    while isinstance(found, PendingReport):
        found = await client.do("calibration.fetch_report", begun.id)
    assert found == told
    await client.do("calibration.delete_report", begun.id)
    with pytest.raises(Refused) as raised:
        await client.do("calibration.fetch_report", begun.id)
    assert raised.value.name == "report-not-found"


async def test_a_study_is_kept_named_and_dropped(client: Either) -> None:
    kept = await client.do("calibration.keep_study", samples.STUDY)
    assert list((await client.do("calibration.studies")).studies) == [kept.study_id]
    assert (await client.do("calibration.study", kept.study_id)).profile == kept.profile
    order = samples.COMPARE | {"study": kept.study_id}
    assert (await client.do("calibration.compare", order)).judges == ("first", "second")
    await client.do("calibration.delete_study", kept.study_id)
    assert not (await client.do("calibration.studies")).studies


async def test_a_study_may_be_a_table(client: Either) -> None:
    table = "item,criterion,rater,score\n1,quality,A,3\n1,quality,B,4\n2,quality,A,1\n"
    kept = await client.do(
        "calibration.keep_study_text", table, kind="csv", scales={"quality": [0, 1, 2, 3, 4, 5]}
    )
    assert kept.study_id.startswith("sha256:")


async def test_a_map_is_fitted_looked_at_applied_and_retired(client: Either) -> None:
    fitted = await client.do("calibration.fit_map", samples.FIT | {"folds": 2, "repeats": 1})
    assert fitted.id in {row.id for row in (await client.do("calibration.maps")).maps}
    assert (await client.do("calibration.map", fitted.id)).map.id == fitted.id
    applied = await client.do("calibration.apply_map", fitted.id, [3.0, None, {"score": 4}])
    assert [row["raw"] for row in applied.scores] == [3.0, None, 4.0]
    assert applied.scores[1]["calibrated"] is None
    retired = await client.do("calibration.set_map", fitted.id, status="retired")
    assert retired.status == "kept"  # it was never in force


async def test_a_plan_and_the_definitions(client: Either) -> None:
    assert (await client.do("calibration.plan_power", PowerOrder.model_validate(samples.POWER))).kind == "icc"
    assert {row.name for row in await client.do("calibration.definitions")}
    with pytest.raises(Refused) as raised:
        await client.do("calibration.plan_power", {"kind": "icc"})
    assert raised.value.status == 422


async def test_judges_rubrics_and_the_version_are_told(client: Either) -> None:
    assert {judge.name for judge in await client.do("judges")} == {"default", "scripted", "away"}
    assert {rubric.id for rubric in await client.do("rubrics")} >= {"medical-qa", "med-cmr"}
    assert (await client.do("rubric", "med-cmr@1")).version == 1
    told = await client.do("version")
    assert (told.version, told.api) == (__version__, 1)


async def test_a_judge_that_is_shown_no_images_cannot_be_probed(client: Either) -> None:
    with pytest.raises(Refused):
        await client.do("probe", "default", {"rubric": "med-cmr", "cases": []})
