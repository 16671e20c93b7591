from __future__ import annotations

import pytest
from starlette.requests import Request

from judge_service.api.accepting import wanted

DOCUMENT, LINES = "application/json", "application/x-ndjson"


def asking(*accepts: str) -> Request:
    headers = [(b"accept", accept.encode()) for accept in accepts]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("accepts", "found"),
    [
        ([], DOCUMENT),
        ([""], DOCUMENT),
        (["*/*"], DOCUMENT),
        (["application/*"], DOCUMENT),
        (["text/html, application/xml"], DOCUMENT),
        ([LINES], LINES),
        ([LINES.upper()], LINES),
        ([f"{LINES}; charset=utf-8"], LINES),
        ([f"{DOCUMENT}, {LINES}"], DOCUMENT),
        ([f"{LINES}, {DOCUMENT}"], DOCUMENT),
        ([f"{LINES}, */*"], LINES),
        ([f"{DOCUMENT}, */*"], DOCUMENT),
        ([f"{LINES};q=0.9, {DOCUMENT};q=0.5"], LINES),
        ([f"{LINES} ; Q=0.4, {DOCUMENT};q=0.5"], DOCUMENT),
        ([f"{LINES};q=0, */*;q=0.1"], DOCUMENT),
        ([f"{DOCUMENT};q=0, */*"], LINES),
        ([f"{LINES};q=0"], DOCUMENT),
        ([f"{LINES};q=0, text/html"], DOCUMENT),
        ([f"{DOCUMENT};q=0"], LINES),
        (["*/*;q=0"], DOCUMENT),
        ([f"{DOCUMENT};q=0.1, application/*;q=0.5"], LINES),
        ([f"{DOCUMENT};q=0.5", LINES], LINES),
        ([f"{LINES};q=nonsense, {DOCUMENT};q=0.9"], LINES),
        ([f"{LINES};q=nan, {DOCUMENT};q=0.9"], LINES),
        ([f"{LINES}x, text/{LINES}"], DOCUMENT),
        ([",;q=,;;"], DOCUMENT),
    ],
)
def test_the_best_of_what_is_offered(accepts: list[str], found: str) -> None:
    assert wanted(asking(*accepts), DOCUMENT, LINES) == found
