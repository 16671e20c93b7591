"""Lines out are NDJSON as OpenAI's batches have it, and hold what the scores route would have answered."""

from __future__ import annotations

import json

import pytest
from jobwork import a_job_line, a_score

from judge_service.errors import BodyRejected
from judge_service.jobs.base import Spent
from judge_service.jobs.lines import bad_line, custom_id_of, error_line, read_line, result_line

KEYS = {"id", "custom_id", "response", "error"}


def test_a_line_is_read() -> None:
    line = read_line(a_job_line("mine ☃", rubric="r"))
    assert (line.custom_id, line.method, line.url, line.body["rubric"]) == (
        "mine ☃",
        "POST",
        "/v1/scores",
        "r",
    )
    assert custom_id_of(a_job_line("mine")) == "mine"
    assert custom_id_of(b"{") is None


def test_a_fault_speaks_of_the_line_and_quotes_nothing() -> None:
    with pytest.raises(BodyRejected) as told:
        read_line(b'{"custom_id": "SECRET", "method": "SECRET", "url": "/v1/scores", "body": {}}')
    assert "SECRET" not in str(told.value)
    with pytest.raises(BodyRejected, match="the line"):
        read_line(b"[")


@pytest.mark.parametrize("name", ["plain", 'with "quotes" and \\', "a\nb\u2028c", "☃🩻", "}"])
def test_whatever_an_item_is_called_its_line_is_one_line_of_json(name: str) -> None:
    score = a_score(metadata={"note": 'a\n"b"\u2028'}, flags=("x",))
    for line in (
        result_line("job_1-0", name, score, Spent()),
        error_line("job_1-0", name, "timeout", f"words of {name}", spent=Spent()),
        bad_line("job_1", 3, "because", name),
    ):
        assert line.text.endswith(b"\n")
        assert len(line.text.splitlines()) == 1
        told = json.loads(line.text)
        assert set(told) == KEYS
        assert told["custom_id"] == name


def test_a_result_holds_the_score_as_it_is() -> None:
    score = a_score(provenance={"spent_microusd": None})
    told = json.loads(result_line("job_1-0", "mine", score, Spent()).text)
    assert told["id"] == "job_1-0"
    assert told["response"]["status_code"] == 200
    assert told["response"]["request_id"] == score.id
    assert told["response"]["body"] == score.model_dump(mode="json")
    assert told["error"] is None


def test_an_error_holds_the_problem_and_no_score() -> None:
    problem = (503, {"type": "urn:x", "status": 503})
    told = json.loads(
        error_line("job_1-0", "mine", "busy", "come again", problem=problem, spent=Spent()).text
    )
    assert told["response"] == {"status_code": 503, "request_id": "job_1-0", "body": problem[1]}
    assert told["error"] == {"code": "busy", "message": "come again", "line": None}


def test_a_bad_line_is_named_by_its_number() -> None:
    line = bad_line("job_1", 3, "because")
    told = json.loads(line.text)
    assert (line.kind, line.outcome, told["id"], told["custom_id"]) == (
        "errors",
        "bad_line",
        "job_1-line-3",
        None,
    )
    assert told["error"] == {"code": "bad_line", "message": "because", "line": 3}
