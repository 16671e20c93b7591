"""Everything that the service can be asked can be asked through the client, or is left out for a reason."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from judge_client import AsyncJudgeClient, JudgeClient
from judge_client.binding import AsyncMethod, Method
from judge_client.client import Calibration, Jobs
from judge_client.courses import BatchStream, Course, Download, Following
from judge_client.operations import calibration, catalogue, jobs, scoring

if TYPE_CHECKING:
    from judge_client.calls import Operation

ROUTES = {
    (method.upper(), path)
    for path, methods in json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))[
        "paths"
    ].items()
    for method in methods
}
LEFT_OUT = {
    ("GET", "/livez"): "for whoever starts and watches processes",
    ("GET", "/readyz"): "for load balancers",
    ("GET", "/metrics"): "for Prometheus",
    **{
        route: "for OpenAI's own client, which needs no other; here it is `jobs`"
        for route in ROUTES
        if route[1].startswith(("/v1/files", "/v1/batches", "/v1/fine_tuning"))
    },
    **{
        route: "in the shape of another program, which asks it itself"
        for route in ROUTES
        if route[1].startswith("/v1/fronts/")
    },
}
DATA: dict[str, Any] = {}
OPERATIONS: list[Operation[Any]] = [
    scoring.score(rubric="r", response="x"),
    scoring.score_many([DATA]),
    scoring.compare(DATA),
    catalogue.judges(),
    catalogue.rubrics(),
    catalogue.rubric("r@1"),
    catalogue.probe("a/b", DATA),
    catalogue.version(),
    jobs.submit([]),
    jobs.job("job_1"),
    jobs.page(),
    jobs.cancel("job_1"),
    jobs.forget("job_1"),
    calibration.report(DATA),
    calibration.report_page(DATA),
    calibration.begin_report(DATA),
    calibration.fetch_report("r1"),
    calibration.delete_report("r1"),
    calibration.keep_study(DATA),
    calibration.keep_study_text("", kind="csv", scales={}),
    calibration.studies(),
    calibration.study("sha256:1"),
    calibration.delete_study("sha256:1"),
    calibration.maps(after="sha256:1", limit=10),
    calibration.fit_map(DATA),
    calibration.map_("sha256:1"),
    calibration.set_map("sha256:1", status="active"),
    calibration.apply_map("sha256:1", []),
    calibration.alt_test(DATA),
    calibration.compare(DATA),
    calibration.equate(DATA),
    calibration.estimate(DATA),
    calibration.plan_labels(DATA),
    calibration.plan_power(DATA),
    calibration.drift(DATA),
    calibration.audit(DATA),
    calibration.swap(DATA),
    calibration.definitions(),
]
COURSES: list[Course[Any]] = [
    Following(jobs.path_of("job_1", "/events")),
    Download(jobs.path_of("job_1", "/results"), 0, jobs.read_result),
    Download(jobs.path_of("job_1", "/errors"), 0, jobs.read_error),
    BatchStream([DATA], {}, 0, 1.0),
]


def route_of(method: str, path: str) -> tuple[str, str]:
    """The route that a call goes to; of several, the one with the fewest open parts."""
    fitting = [
        (known, template)
        for known, template in ROUTES
        if known == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    assert fitting, f"no route for {method} {path}"
    return min(fitting, key=lambda route: route[1].count("{"))


CALLS = [*(operation.call for operation in OPERATIONS), *(course.call() for course in COURSES)]


def test_every_route_is_asked_or_left_out_with_a_reason() -> None:
    asked = {route_of(call.method, call.path) for call in CALLS}
    assert asked | set(LEFT_OUT) == ROUTES
    assert asked.isdisjoint(LEFT_OUT)
    assert all(LEFT_OUT.values())


def test_every_operation_is_a_method_of_both_clients() -> None:
    described = {
        function
        for module in (scoring, catalogue, jobs, calibration)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and str(function.__annotations__["return"]).startswith("Operation[")
    } - {scoring.batch}  # which `score_many` and `stream` are made of
    for kind, groups in ((Method, SYNC), (AsyncMethod, ASYNC)):
        bound = {
            inspect.unwrap(method._describe)
            for group in groups
            for method in vars(group).values()
            if isinstance(method, kind)
        }
        assert bound == described


def public(group: type) -> set[str]:
    return {name for name in vars(group) if not name.startswith("_")} - {"close", "aclose"}


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    for one, other in zip(SYNC, ASYNC, strict=True):
        assert public(one) == public(other)
        for name in public(one):
            mine, theirs = vars(one)[name], vars(other)[name]
            if inspect.isfunction(mine):
                assert list(inspect.signature(mine).parameters) == list(inspect.signature(theirs).parameters)


@pytest.mark.parametrize("group", [JudgeClient, AsyncJudgeClient, Jobs, Calibration])
def test_every_method_says_what_it_does(group: type) -> None:
    for name in public(group):
        assert inspect.getdoc(getattr(group, name)), name


def test_a_name_in_a_path_stays_one_part_of_it() -> None:
    assert catalogue.probe("a/b", DATA).call.path == "/v1/judges/a%2Fb/probe"
    assert unquote(calibration.study("sha256:1/..").call.path).count("/") == 5
    assert jobs.job("../judges").call.path == "/v1/jobs/..%2Fjudges"


def _groups() -> tuple[list[type], list[type]]:
    from judge_client import async_client, client

    sync: list[type] = [client.JudgeClient, client.Jobs, client.Calibration]
    return sync, [async_client.AsyncJudgeClient, async_client.AsyncJobs, async_client.AsyncCalibration]


SYNC, ASYNC = _groups()
