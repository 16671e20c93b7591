"""The expected level over HTTP: from a judge's tokens, from several answers, or a typed reason why not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from serving import RUBRICS, Client, openai_judge, serving
from stubjudge import StubJudge
from stubshapes import Shape
from tokens import in_doubt, wire

from judge_service.rubric_store import digests, load_rubrics

if TYPE_CHECKING:
    from pathlib import Path

CHANCES: dict[int | str, float] = {2: 0.6, 3: 0.3, 4: 0.1}
TELLS = Shape(tokens_told=lambda text: wire(in_doubt(text, CHANCES)))
UNSURE = Shape(tokens_told=lambda text: wire(in_doubt(text, {2: 0.5})))


@pytest.fixture
def rubrics(tmp_path: Path) -> Path:
    """The rubrics that ship, and one more whose total is of expected levels."""
    folder = tmp_path / "rubrics"
    shutil.copytree(RUBRICS, folder)
    rubric = yaml.safe_load((folder / "medical-qa.yaml").read_text("utf-8"))
    rubric |= {"id": "expecting", "score_from": "expected"}
    (folder / "expecting.yaml").write_text(yaml.safe_dump(rubric), "utf-8")
    (folder / "digests.json").unlink()
    return folder


async def asked(rubrics: Path, shape: Shape, *, spec: dict[str, Any], **order: Any) -> list[Any]:
    """The answer, and the same asked again: with whatever was kept of it."""
    async with StubJudge() as stub:
        stub.plays(shape, shape)
        async with serving({"default": openai_judge(stub.url, **spec)}, rubrics_dir=rubrics) as client:
            return [await one(client, **order) for _ in range(2)]


async def one(client: Client, **order: Any) -> Any:
    reply = await client.score("Pneumonia on the right.", **order)
    return reply.status, reply.body


async def test_the_total_is_of_what_the_tokens_let_expect(rubrics: Path) -> None:
    (status, told), (_, again) = await asked(rubrics, TELLS, spec={"logprobs": 5}, rubric="expecting")
    assert (status, told["outcome"], told["provenance"]["score_from"]) == (200, "scored", "expected")
    assert told["score"] == pytest.approx(20 * (2 * 0.6 + 3 * 0.3 + 4 * 0.1))
    for verdict in told["criteria"].values():
        assert (verdict["level"], verdict["value"], verdict["distribution_from"]) == (2, 40.0, "tokens")
        assert verdict["distribution"]["3"] == pytest.approx(0.3)
    assert again["provenance"]["cache"] == "hit"
    assert (again["score"], again["criteria"]) == (told["score"], told["criteria"])


async def test_a_total_of_levels_stays_one_and_the_expected_level_is_told_beside_it(rubrics: Path) -> None:
    (_, told), _ = await asked(rubrics, TELLS, spec={"logprobs": 5})
    assert (told["score"], told["provenance"]["score_from"]) == (40.0, "level")
    assert told["criteria"]["coherence"]["expected"] == pytest.approx(50.0)


@pytest.mark.parametrize(("shape", "why"), [(Shape(), "told no tokens"), (UNSURE, "too much of the prob")])
async def test_without_a_distribution_there_is_no_total_of_levels_instead(
    rubrics: Path, shape: Shape, why: str
) -> None:
    (status, told), _ = await asked(rubrics, shape, spec={"logprobs": 5}, rubric="expecting")
    assert (status, told["score"], told["outcome"]) == (200, None, "no_distribution")
    assert why in told["reason"]
    assert {verdict["level"] for verdict in told["criteria"].values()} == {2}


async def test_several_answers_give_a_distribution_too(rubrics: Path) -> None:
    asked_for: dict[str, Any] = {"rubric": "expecting", "samples": 4}
    (status, told), (_, again) = await asked(rubrics, Shape(), spec={"temperature": 0.7}, **asked_for)
    assert (status, told["score"], told["provenance"]["sampling"]["samples"]) == (200, 40.0, 4)
    assert len(told["provenance"]["attempts"]) == 4
    assert told["criteria"]["coherence"]["distribution_from"] == "samples"
    assert again["provenance"]["cache"] == "hit"
    assert again["criteria"] == told["criteria"]


async def test_a_judge_that_can_give_none_is_not_asked(rubrics: Path) -> None:
    for spec, order in (({}, {"rubric": "expecting"}), ({}, {"samples": 2})):
        (status, told), _ = await asked(rubrics, Shape(), spec=spec, **order)
        assert (status, told["type"]) == (422, "urn:judge-service:problem:unfit-case")


def test_a_rubric_says_that_it_expects_and_is_another_for_it(rubrics: Path) -> None:
    found = digests(load_rubrics(rubrics))
    assert len(set(found.values())) == len(found)
    assert found.items() >= digests(load_rubrics(RUBRICS)).items()
