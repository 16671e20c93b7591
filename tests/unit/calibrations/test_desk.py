"""The desk: which study a request means, what a map is bound to, what of a fault is told and where."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from calibrationmaps import an_artefact
from serving import settings_of
from studies import a_document

from judge_calibration.maps.artefact import opened, sealed
from judge_calibration.reporting.options import Options
from judge_service.errors import (
    JudgeNotFound,
    MapRejected,
    OptionRejected,
    RubricNotFound,
    StudyNotFound,
    StudyRejected,
)
from judge_service.lexical import version
from judge_service.main import open_state
from judge_service.observation import Observation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from judge_service.calibrations.desk import Desk

JUDGES: dict[str, Any] = {
    "default": {"kind": "embedded"},
    "remote": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
}
FIT = {"criterion": "quality", "judge": "J", "method": "shift"}
TOTALS = {"score": {"kind": "interval", "low": 0, "high": 100}}


@asynccontextmanager
async def desk_at(store_url: str = "memory://") -> AsyncIterator[Desk]:
    async with open_state(settings_of(JUDGES, store_url=store_url), Observation()) as state:
        yield state["desk"]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_at() as opened_desk:
        yield opened_desk


def totals(**more: Any) -> dict[str, Any]:
    """A study of totals by one judge, whose rows name no instrument."""
    rows = [{"item": f"i{at}", "criterion": "score"} for at in range(12)]
    return {
        "scales": TOTALS,
        "ratings": [
            row | {"rater": r, "score": at * 7 + e}
            for at, row in enumerate(rows)
            for r, e in (("A", 0), ("B", 3))
        ],
        "judge_scores": [row | {"judge": "J", "score": at * 8} for at, row in enumerate(rows)],
        **more,
    }


async def test_a_study_is_named_brought_or_spread_over_the_body(desk: Desk) -> None:
    document = a_document(items=8)
    kept = await desk.keep((await desk.study(document))[0])
    for given in ({"study": kept["study_id"]}, {"study": document}, document, {"study": None, **document}):
        study, rest = await desk.study({**given, "options": {}})
        assert study.digest == kept["study_id"]
        assert rest == {"options": {}}


async def test_a_study_that_is_named_and_spread_at_once_is_refused(desk: Desk) -> None:
    document = a_document(items=8)
    with pytest.raises(OptionRejected, match="ratings"):
        await desk.run("report", {"study": document, "ratings": document["ratings"]})


@pytest.mark.parametrize("named", [1, True, [], 0.5])
async def test_a_study_is_an_id_or_an_object(desk: Desk, named: object) -> None:
    with pytest.raises(OptionRejected, match="study"):
        await desk.study({"study": named})


async def test_an_unknown_study_is_not_found(desk: Desk) -> None:
    with pytest.raises(StudyNotFound):
        await desk.run("report", {"study": "sha256:0"})


async def test_a_kept_study_is_read_once(desk: Desk) -> None:
    kept = await desk.keep((await desk.study(a_document(items=8)))[0])
    first = (await desk.study({"study": kept["study_id"]}))[0]
    assert (await desk.study({"study": kept["study_id"]}))[0] is first


async def test_a_study_that_was_forgotten_is_not_remembered(tmp_path: Any) -> None:
    url = f"file://{tmp_path}/store"
    async with desk_at(url) as one, desk_at(url) as other:
        kept = await one.keep((await one.study(a_document(items=8)))[0])
        await one.study({"study": kept["study_id"]})
        await other.archive.drop_study(kept["study_id"])
        with pytest.raises(StudyNotFound):
            await one.study({"study": kept["study_id"]})


async def test_faults_are_told_from_the_root_of_the_body(desk: Desk) -> None:
    document = a_document(items=8)
    document["ratings"][2]["score"] = 9
    places = []
    for given in (document, {"study": document}):
        with pytest.raises(StudyRejected) as caught:
            await desk.study(given)
        places += [pointer for pointer, _ in caught.value.faults]
    assert places == ["/ratings/2/score", "/study/ratings/2/score"]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"options": {"resamples": -1}}, "/options/resamples"),
        ({"options": 1}, "/options"),
        ({"colour": 1}, "/colour"),
        ({"scales": {"quality": []}}, "/scales/quality"),
        ({"study": {"scales": 1}}, "/study/scales"),
    ],
)
async def test_an_option_at_fault_is_pointed_to(desk: Desk, more: dict[str, Any], place: str) -> None:
    with pytest.raises(OptionRejected) as caught:
        await desk.run("report", a_document(items=8) | more)
    assert caught.value.faults[0][0] == place


FIELDS = {"scales", "ratings", "judge_scores", "items", "composites", "scores", "fingerprints", "study"}


async def known(work: Awaitable[object], option: str) -> set[str]:
    with pytest.raises(OptionRejected) as caught:
        await work
    ((pointer, detail),) = caught.value.faults
    assert pointer == f"/{option}"
    return set(detail.removeprefix("is not known (known: ").removesuffix(")").split(", "))


async def test_a_misspelt_field_is_answered_with_all_that_a_request_may_hold(desk: Desk) -> None:
    spread = {**a_document(items=8), "raitngs": []}
    for work in (desk.run("report", spread), desk.submit(spread)):
        assert await known(work, "raitngs") == {"include", "options"} | FIELDS
    assert {"bind", "activate", "folds"} | FIELDS <= await known(desk.fit(a_document() | FIT | {"x": 1}), "x")


async def test_beside_a_study_that_is_named_its_fields_are_not_known(desk: Desk) -> None:
    given = {"study": a_document(items=8), "ratings": []}
    assert await known(desk.run("report", given), "ratings") == {"include", "options", "study"}


async def test_an_unknown_name_under_options_is_answered_with_options_only(desk: Desk) -> None:
    given = a_document(items=8) | {"options": {"colour": 1}}
    assert await known(desk.run("report", given), "options/colour") == set(Options.names())
    assert await known(desk.run("alt-test", given), "options/colour") == set(Options.names())


async def test_a_row_at_fault_is_pointed_to_when_a_map_is_applied(desk: Desk) -> None:
    artefact, _ = await desk.fit(a_document() | FIT)
    for row, place in (({"score": "x"}, "score"), ({"colour": 1}, "colour"), ({"subgroups": 1}, "subgroups")):
        with pytest.raises(OptionRejected) as caught:
            await desk.apply(artefact["id"], {"scores": [{"score": 3}, row]})
        assert caught.value.faults[0][0] == f"/scores/1/{place}"


async def test_a_map_is_fitted_kept_and_by_itself_bound_to_nothing(desk: Desk) -> None:
    artefact, standing = await desk.fit(a_document() | FIT)
    assert standing == "kept"
    assert artefact["judge"] == {"name": "J", "fingerprint": None, "binding": None}
    assert (await desk.archive.find(artefact["id"])).content == artefact
    (row,) = await desk.maps()
    assert (row["id"], row["status"], row["fits"], row["method"]) == (artefact["id"], "kept", None, "shift")
    for work in (desk.activate(opened(artefact)), desk.fit(a_document() | FIT | {"activate": True})):
        with pytest.raises(MapRejected, match="bind"):
            await work


@pytest.mark.parametrize("taken", ["fingerprint", "binding"])
async def test_what_bind_names_cannot_be_named_otherwise(desk: Desk, taken: str) -> None:
    order = totals() | {"criterion": "score", "judge": "J", "method": "shift"}
    given = order | {"bind": {"judge": "default", "rubric": "medical-qa"}, taken: {"model": "another"}}
    with pytest.raises(OptionRejected) as told:
        await desk.fit(given)
    assert told.value.faults[0][0] == f"/{taken}"


async def test_bind_takes_the_instrument_from_the_configuration(desk: Desk) -> None:
    order = totals() | {"criterion": "score", "judge": "J", "method": "shift"}
    bound = order | {"bind": {"judge": "default", "rubric": "medical-qa"}, "activate": True}
    artefact, standing = await desk.fit(bound)
    stored = desk.scorer.rubrics.get("medical-qa")
    assert standing == "active"
    assert artefact["judge"]["binding"] == {"judge": "default", "rubric": "medical-qa", "mode": "text"}
    assert artefact["judge"]["fingerprint"] == {
        "rubric_digest": stored.digest,
        "prompt_digest": stored.prompt_digest,
        "judge_kind": "embedded",
        "model": version(),
        "mode": "text",
        "sampling": {},
    }
    (row,) = await desk.maps()
    assert (row["status"], row["fits"]) == ("active", True)


async def test_fields_of_a_fingerprint_that_the_rows_carry_go_before_the_configuration(desk: Desk) -> None:
    carried = {
        "rubric_digest": "r",
        "prompt_digest": "p",
        "judge_kind": "openai",
        "model": "m-0611",
        "mode": "text",
    }
    order = totals(fingerprints={"J": carried}) | {"criterion": "score", "judge": "J", "method": "shift"}
    artefact, _ = await desk.fit(order | {"bind": {"judge": "remote", "rubric": "medical-qa"}})
    assert artefact["judge"]["fingerprint"] == carried | {"sampling": None}
    (row,) = await desk.maps()
    assert row["fits"] is False


@pytest.mark.parametrize(
    ("bind", "error"),
    [
        (1, OptionRejected),
        ({"judge": "default"}, OptionRejected),
        ({"judge": "default", "rubric": "medical-qa", "colour": 1}, OptionRejected),
        ({"judge": "default", "rubric": 1}, OptionRejected),
        ({"judge": "default", "rubric": "medical-qa", "mode": "image"}, OptionRejected),
        ({"judge": "nobody", "rubric": "medical-qa"}, JudgeNotFound),
        ({"judge": "default", "rubric": "nothing"}, RubricNotFound),
    ],
)
async def test_what_cannot_be_bound_is_refused_before_anything_is_kept(
    desk: Desk, bind: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await desk.fit(totals() | {"criterion": "score", "judge": "J", "bind": bind})
    assert await desk.maps() == []


@pytest.mark.parametrize(
    ("study", "criterion", "reason"),
    [
        (a_document(), "quality", "no criterion"),
        (totals(scales={"score": {"kind": "interval", "low": 0, "high": 1000}}), "score", "0 to 100"),
        (
            {
                key: [row | {"criterion": "coherence"} for row in rows]
                if isinstance(rows, list)
                else {"coherence": TOTALS["score"]}
                for key, rows in totals().items()
            },
            "coherence",
            "0 to 5",
        ),
    ],
)
async def test_a_map_that_fits_nothing_the_rubric_scores_is_not_bound_to_it(
    desk: Desk, study: dict[str, Any], criterion: str, reason: str
) -> None:
    order = {
        "criterion": criterion,
        "judge": "J",
        "method": "shift",
        "bind": {"judge": "default", "rubric": "medical-qa"},
    }
    with pytest.raises(MapRejected, match=reason):
        await desk.fit(study | order)
    assert await desk.maps() == []


@pytest.mark.parametrize("by", ["fit", "activate"])
async def test_a_map_that_does_not_fit_takes_no_place_of_one_that_does(desk: Desk, by: str) -> None:
    order = totals() | {"criterion": "score", "judge": "J", "method": "shift", "activate": True}
    bound = order | {"bind": {"judge": "default", "rubric": "medical-qa"}}
    good, _ = await desk.fit(bound)
    stale = good["judge"]["fingerprint"] | {"model": "lexical-of-old"}
    order |= {"fingerprint": stale, "binding": good["judge"]["binding"]}

    async def put_in_force() -> None:
        if by == "fit":
            await desk.fit(order)
        else:
            artefact, _ = await desk.fit(order | {"activate": False})
            await desk.activate(opened(artefact))

    with pytest.raises(MapRejected, match=good["id"]):
        await put_in_force()
    assert await desk.archive.standing(opened(good)) == "active"
    await desk.archive.retire(opened(good))
    await put_in_force()
    assert [row["fits"] for row in await desk.maps() if row["status"] == "active"] == [False]
    assert (await desk.fit(bound))[1] == "active"


async def test_a_map_that_equates_two_judges_is_never_in_force(desk: Desk) -> None:
    with pytest.raises(MapRejected, match="physicians"):
        await desk.activate(opened(an_artefact(purpose="equate")))


@pytest.mark.parametrize("part", ["rubric_digest", "prompt_digest", "judge_kind", "model", "mode"])
async def test_a_map_that_leaves_part_of_its_instrument_open_is_never_in_force(desk: Desk, part: str) -> None:
    fingerprint = an_artefact()["judge"]["fingerprint"] | {part: None}
    with pytest.raises(MapRejected, match=part):
        await desk.activate(opened(an_artefact(judge={"fingerprint": fingerprint})))


async def test_a_map_for_another_installation_may_be_put_in_force(desk: Desk) -> None:
    one = opened(an_artefact(judge={"binding": {"judge": "default", "rubric": "theirs", "mode": "text"}}))
    await desk.archive.keep_map(one.content)
    await desk.activate(one)
    (row,) = await desk.maps()
    assert (row["status"], row["fits"]) == ("active", None)


@pytest.mark.parametrize("value", ["yes", 1, None])
async def test_activate_is_true_or_false(desk: Desk, value: object) -> None:
    with pytest.raises(OptionRejected, match="activate"):
        await desk.fit(a_document() | FIT | {"activate": value})


async def test_scores_are_put_through_a_kept_map_and_no_other(desk: Desk) -> None:
    artefact, _ = await desk.fit(a_document() | FIT)
    told = await desk.apply(artefact["id"], {"scores": [{"score": 3}]})
    assert told["map"] == artefact["id"]
    with pytest.raises(OptionRejected, match="address"):
        await desk.apply(artefact["id"], {"scores": [], "map": sealed(artefact)})


async def test_the_same_order_gives_the_same_map(desk: Desk) -> None:
    first, second = [(await desk.fit(a_document() | FIT))[0] for _ in range(2)]
    assert first == second
    assert len(await desk.maps()) == 1


async def test_a_study_and_a_map_outlive_the_process(tmp_path: Any) -> None:
    url = f"file://{tmp_path}/store"
    async with desk_at(url) as before:
        kept = await before.keep((await before.study(totals()))[0])
        order = {
            "study": kept["study_id"],
            "criterion": "score",
            "judge": "J",
            "method": "shift",
            "activate": True,
        }
        artefact, _ = await before.fit(order | {"bind": {"judge": "default", "rubric": "medical-qa"}})
    async with desk_at(url) as after:
        assert await after.archive.study_about(kept["study_id"]) == kept
        assert [(row["id"], row["status"]) for row in await after.maps()] == [(artefact["id"], "active")]
