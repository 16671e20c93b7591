"""Nothing of calibration lives in a process: two replicas on one Redis, one killed; a file over a restart."""

from __future__ import annotations

import json
import shutil
import signal
from typing import TYPE_CHECKING, Any

from serving import RUBRICS, Client, Process, served, speaking_to

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "Right lower lobe pneumonia."
ANSWERS = [
    "Right lower lobe pneumonia.",
    "Left lung pneumonia.",
    "No pneumonia in the right lower lobe.",
    "A hip fracture.",
]
ROOT = "/v1/calibration"


async def fit_through(client: Client) -> dict[str, Any]:
    """Score twelve cases, rate them, keep the study, fit a map and put it in force."""
    scores = []
    for at in range(12):
        case = {"id": f"c{at}", "reference": REFERENCE}
        scores.append((await client.score(ANSWERS[at % 4], case=case)).body)
    ratings = [
        {
            "item": score["case_id"],
            "criterion": "score",
            "rater": rater,
            "score": 0.7 * score["score"] + (at % 3) + extra,
        }
        for at, score in enumerate(scores)
        for rater, extra in (("A", 0), ("B", 4))
    ]
    study = {
        "scales": {"score": {"kind": "interval", "low": 0, "high": 100}},
        "ratings": ratings,
        "scores": scores,
    }
    kept = await client.post(f"{ROOT}/studies", json.dumps(study))
    assert kept.status == 201, kept.raw
    order = {
        "study": kept.body["study_id"],
        "criterion": "score",
        "judge": "default",
        "method": "affine",
        "activate": True,
    }
    fitted = await client.post(f"{ROOT}/maps", json.dumps(order))
    assert fitted.status == 201, fitted.raw
    return {"study": kept.body["study_id"], "map": fitted.body["id"]}


async def calibrated(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.score(ANSWERS[0])).body["calibrated"]
    return found


async def everything_is_there(process: Process, made: dict[str, Any]) -> None:
    async with speaking_to(process.url) as client:
        assert (await client.get(f"{ROOT}/studies/{made['study']}")).status == 200
        assert (await client.get(f"{ROOT}/maps/{made['map']}")).body["status"] == "active"
        told = await calibrated(client)
        assert (told["status"], told["map"]) == ("calibrated", made["map"])
        body = json.dumps({"study": made["study"], "options": {"resamples": 0}})
        assert (await client.post(f"{ROOT}/report", body)).status == 200


async def test_a_map_fitted_through_one_replica_is_applied_by_the_other_and_outlives_the_first(
    tmp_path: Path, redis_url: str
) -> None:
    with served(tmp_path, store_url=redis_url) as one, served(tmp_path, store_url=redis_url) as other:
        async with speaking_to(one.url) as first, speaking_to(other.url) as second:
            made = await fit_through(first)
            told = await calibrated(second)
            assert (told["status"], told["map"]) == ("calibrated", made["map"])
            assert await calibrated(first) == told
        one.stop(signal.SIGKILL)
        await everything_is_there(other, made)
        with served(tmp_path, store_url=redis_url) as again:
            await everything_is_there(again, made)


async def test_a_file_keeps_studies_and_maps_over_a_kill(tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'kept'}"
    with served(tmp_path, store_url=url) as process:
        async with speaking_to(process.url) as client:
            made = await fit_through(client)
        process.stop(signal.SIGKILL)
    with served(tmp_path, store_url=url) as again:
        await everything_is_there(again, made)


async def test_a_map_goes_stale_by_itself_when_the_rubric_moves(tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'kept'}"
    folder = tmp_path / "rubrics"
    shutil.copytree(RUBRICS, folder)
    with served(tmp_path, store_url=url, rubrics_dir=str(folder)) as process:
        async with speaking_to(process.url) as client:
            made = await fit_through(client)
    text = (folder / "medical-qa.yaml").read_text("utf-8")
    (folder / "medical-qa.yaml").write_text(text.replace("version: 1", "version: 2", 1), "utf-8")
    with served(tmp_path, store_url=url, rubrics_dir=str(folder)) as process:
        async with speaking_to(process.url) as client:
            told = await calibrated(client)
            assert told["status"] == "stale"
            assert told["map"] == made["map"]
            assert told["score"] is None
            demanded = await client.score(ANSWERS[0], calibration=made["map"])
            assert demanded.status == 409
