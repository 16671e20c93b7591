"""Panels and cascades over a real socket: bound by settings, asked like any judge."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from filescoring import case, jsonl
from serving import REFERENCE, Client, environment, serving
from typer.testing import CliRunner

from judge_service.cli import app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GRADES = [{"when": f"grade {level}", "levels": {"*": level}} for level in range(6)]
DEADLINE_MS = 600
JUDGES: dict[str, Any] = {
    "default": {"kind": "scripted", "script": GRADES},
    "kind": {"kind": "scripted", "script": [{"levels": {"*": 5}}], "family": "qwen"},
    "strict": {"kind": "scripted", "script": [{"levels": {"*": 1}}]},
    "slow": {"kind": "scripted", "script": [{"delay_ms": 30_000}]},
    "down": {"kind": "scripted", "script": [{"fault": "unavailable"}], "max_attempts": 1},
    "busy": {"kind": "scripted", "script": [{"fault": "rate_limited"}], "max_attempts": 1},
    "refuses": {"kind": "scripted", "script": [{"fault": "refused"}]},
    "nowhere": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "max_attempts": 1},
    "trio": {"kind": "panel", "members": ["default", "kind", "strict"], "quorum": 2},
    "lame": {"kind": "panel", "members": ["kind", "strict", "slow", "down"], "quorum": 2},
    "torn": {"kind": "panel", "members": ["kind", "slow", "down"], "quorum": 2},
    "gone": {"kind": "panel", "members": ["down", "busy"]},
    "waits": {"kind": "panel", "members": ["slow", "kind"], "quorum": 2},
    "sleepy": {"kind": "panel", "members": ["slow", "sleeps"]},
    "sleeps": {"kind": "scripted", "script": [{"delay_ms": 30_000}]},
    "ladder": {"kind": "cascade", "steps": ["default", "trio"], "escalate_width": 20},
    "asks": {
        "kind": "cascade",
        "steps": ["default", "refuses"],
        "escalate_width": 20,
        "exhausted": "needs_human",
    },
    "stuck": {"kind": "cascade", "steps": ["refuses", "slow"], "escalate_width": 20},
    "mended": {"kind": "cascade", "steps": ["down", "strict"], "escalate_width": 20},
}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving(JUDGES) as speaking:
        yield speaking


async def test_a_panel_is_asked_like_any_judge(client: Client) -> None:
    body = (await client.score("It is grade 3.", judge="trio", case={"model": "Qwen/Qwen3-8B"})).body
    assert (body["outcome"], body["score"], body["flags"]) == ("scored", 60.0, ["own_family"])
    assert {name: each["score"] for name, each in body["members"].items()} == {
        "default": 60.0,
        "kind": 100.0,
        "strict": 20.0,
    }
    verdict = body["criteria"]["ground_truth"]
    assert (verdict["level"], verdict["by"]) == (3, "default")
    assert verdict["disagreement"] == {
        "scored": 3,
        "range": 80.0,
        "sd": pytest.approx(32.659863237),
        "share": pytest.approx(1 / 3),
    }
    assert (body["provenance"]["judge_kind"], body["provenance"]["instrument"]) == ("panel", "panel")
    assert body["members"]["kind"]["flags"] == ["own_family"]
    again = (await client.score("It is grade 3.", judge="trio")).body
    assert (again["provenance"]["cache"], again["criteria"]) == ("hit", body["criteria"])
    assert await client.counted("judge_scores_total", judge="trio", outcome="scored") == 2
    assert await client.counted("judge_upstream_attempts_total", judge="strict") == 1


@pytest.mark.clocked
async def test_one_member_slow_to_the_deadline_and_one_down_leave_a_quorum(client: Client) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await client.score(judge="lame", deadline_ms=DEADLINE_MS)
    assert loop.time() - began < DEADLINE_MS / 1000 + 0.5
    assert (reply.status, reply.body["outcome"], reply.body["score"]) == (200, "scored", 60.0)
    assert reply.body["flags"] == ["panel_incomplete"]
    outcomes = {name: each["outcome"] for name, each in reply.body["members"].items()}
    assert outcomes == {"kind": "scored", "strict": "scored", "slow": "timeout", "down": "provider_error"}
    assert reply.body["members"]["down"]["failure"]["code"] == "unavailable"


@pytest.mark.clocked
async def test_without_a_quorum_there_is_no_score_and_the_members_are_named(client: Client) -> None:
    reply = await client.score(judge="torn", deadline_ms=DEADLINE_MS)
    assert (reply.status, reply.body["outcome"], reply.body["score"]) == (200, "no_quorum", None)
    assert "down provider_error, kind scored, slow timeout" in reply.body["reason"]
    assert reply.body["failure"]["retryable"] is True
    assert all(verdict["value"] is None for verdict in reply.body["criteria"].values())


@pytest.mark.clocked
async def test_a_panel_of_which_nobody_answers_is_an_error_like_a_judge_that_does_not(client: Client) -> None:
    gone = await client.score(judge="gone")
    assert (gone.status, gone.kind) == (503, "application/problem+json")
    assert (gone.body["outcome"], gone.body["retryable"]) == ("provider_error", True)
    assert int(gone.headers["Retry-After"]) >= 1
    late = await client.score(judge="sleepy", deadline_ms=DEADLINE_MS)
    assert (late.status, late.body["outcome"], late.body["code"]) == (504, "timeout", "timeout")


def rated(scores: list[dict[str, Any]], spread: float) -> dict[str, Any]:
    """Physicians who agree with the judge but for so many points to either side."""
    rows = [
        {
            "item": score["case_id"],
            "criterion": "score",
            "rater": rater,
            "score": min(100, max(0, score["score"] + (1 if at // 6 % 2 else -1) * spread + extra)),
        }
        for at, score in enumerate(scores)
        for rater, extra in (("A", 0), ("B", 1))
    ]
    scale = {"score": {"kind": "interval", "low": 0, "high": 100}}
    return {"scales": scale, "ratings": rows, "scores": scores}


async def a_map_in_force(client: Client, judge: str, spread: float) -> dict[str, Any]:
    scores = []
    for at in range(60):
        asked = {"id": f"c{at}", "prompt": f"Case {at}?"}
        scores.append((await client.score(f"It is grade {at % 6}.", case=asked, judge=judge)).body)
    order = {"criterion": "score", "judge": judge, "method": "shift", "activate": True}
    reply = await client.post("/v1/calibration/maps", json.dumps(rated(scores, spread) | order))
    assert reply.status == 201, reply.raw
    found: dict[str, Any] = reply.body
    return found


async def test_a_cascade_stops_where_the_first_judge_is_sure_and_goes_on_where_it_is_not(
    client: Client,
) -> None:
    unknown = (await client.score("It is grade 4.", judge="ladder")).body
    assert [step["judge"] for step in unknown["provenance"]["path"]] == ["default", "trio"]
    assert (unknown["score"], sorted(unknown["members"])) == (
        pytest.approx(200 / 3),
        ["default", "kind", "strict"],
    )
    await a_map_in_force(client, "default", spread=2)
    sure = (await client.score("It is grade 4.", judge="ladder")).body
    assert [step["judge"] for step in sure["provenance"]["path"]] == ["default"]
    assert (sure["score"], sure["members"], sure["provenance"]["judge"]) == (80.0, {}, "ladder")
    await a_map_in_force(client, "default", spread=25)
    unsure = (await client.score("It is grade 4.", judge="ladder")).body
    first, last = unsure["provenance"]["path"]
    assert (first["score"], last["judge"], unsure["score"]) == (80.0, "trio", pytest.approx(200 / 3))
    assert first["width"] > 20
    assert await client.counted("judge_scores_total", judge="ladder", outcome="scored") == 3


async def test_a_panel_is_calibrated_by_a_map_of_its_own(client: Client) -> None:
    one = await a_map_in_force(client, "trio", spread=2)
    assert one["map"]["judge"]["fingerprint"]["judge_kind"] == "panel"
    body = (await client.score("It is grade 4.", judge="trio")).body
    assert (body["calibrated"]["status"], body["calibrated"]["map"]) == ("calibrated", one["map"]["id"])
    assert body["interval"]["high"] > body["interval"]["low"]
    listed = (await client.get("/v1/calibration/maps")).body["maps"]
    assert [(row["judge"], row["fits"]) for row in listed] == [("trio", True)]


async def test_a_cascade_may_end_with_a_human_and_an_outage_does_not(client: Client) -> None:
    reply = await client.score("It is grade 4.", judge="asks")
    assert (reply.status, reply.body["outcome"], reply.body["score"]) == (200, "needs_human", None)
    assert "'refuses'" in reply.body["reason"]
    mended = (await client.score(judge="mended")).body
    assert (mended["score"], mended["provenance"]["path"][0]["outcome"]) == (20.0, "provider_error")


@pytest.mark.clocked
async def test_an_escalation_without_time_is_the_timeout_of_that_step_and_shows_the_path(
    client: Client,
) -> None:
    reply = await client.score(judge="stuck", deadline_ms=DEADLINE_MS)
    assert (reply.status, reply.body["outcome"]) == (504, "timeout")
    assert [(step["judge"], step["outcome"]) for step in reply.body["path"]] == [
        ("refuses", "refused"),
        ("slow", "timeout"),
    ]


async def test_the_catalogue_and_readiness_know_them(client: Client) -> None:
    listed = {each["name"]: each for each in (await client.get("/v1/judges")).body["judges"]}
    assert (listed["trio"]["kind"], listed["trio"]["made_of"]) == ("panel", ["default", "kind", "strict"])
    assert (listed["ladder"]["kind"], listed["ladder"]["made_of"]) == ("cascade", ["default", "trio"])
    assert listed["default"]["made_of"] == []
    ready = await client.get("/readyz")
    assert (ready.status, ready.body["degraded"]) == (200, ["judge:nowhere"])


async def test_two_judges_may_be_swapped_that_are_made_of_judges(client: Client) -> None:
    cases = [
        {"id": f"c{at}", "response": f"It is grade {at % 6}.", "reference": REFERENCE} for at in range(12)
    ]
    order = {"judge_a": "trio", "judge_b": "ladder", "rubric": "medical-qa", "cases": cases}
    reply = await client.post("/v1/calibration/swap", json.dumps(order | {"options": {"resamples": 0}}))
    assert reply.status == 200, reply.raw
    assert reply.body["scored_cases"] == 12


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(tmp_path, JUDGES, store_url="memory://").items():
        monkeypatch.setenv(name, value)
    return tmp_path


def run(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


@pytest.mark.parametrize(
    ("judge", "scores"), [("trio", [pytest.approx(140 / 3), pytest.approx(160 / 3)]), ("asks", [None, None])]
)
def test_a_file_is_scored_by_what_is_made_of_judges(home: Path, judge: str, scores: list[object]) -> None:
    cases = [case(at, model="gpt-5") | {"response": f"grade {at}"} for at in (1, 2)]
    rows, out = jsonl(home / "in.jsonl", cases), home / "out.jsonl"
    run("score", str(rows), "--out", str(out), "--rubric", "medical-qa", "--judge", judge)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["score"] for line in lines] == scores
    assert {line["outcome"] for line in lines} == {"scored" if judge == "trio" else "needs_human"}


def test_the_settings_are_checked_and_listed(home: Path) -> None:
    shown = json.loads(run("config", "check"))
    assert shown["judges"]["lame"]["members"] == ["kind", "strict", "slow", "down"]
    listed = run("judges")
    assert "default, kind, strict" in listed
    assert "default, trio" in listed
    assert home.is_dir()
