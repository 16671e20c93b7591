from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from judge_service.logs import ALLOWED, set_up_logs

SECRET = "PATIENT-TEXT-51c2"  # noqa: S105  it stands for what a case holds
TALKATIVE = ("litellm", "instructor", "httpx", "openai", "aiohttp", "PIL", "LiteLLM")


Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def service_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Set logs up as the service does, and put everything back afterwards."""
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    set_up_logs("INFO")
    try:
        yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.raiseExceptions = raises
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
        structlog.reset_defaults()


def failing() -> None:
    patient = SECRET
    raise ValueError(f"cannot score {patient}")


def test_our_lines_are_json_with_allowed_fields_only(capsys: pytest.CaptureFixture[str]) -> None:
    with service_logs(capsys) as lines:
        structlog.get_logger("ours").info("scored", judge="default", ms=12, prompt=SECRET, response=SECRET)
        (line,) = lines()
        assert line["event"] == "scored"
        assert (line["judge"], line["ms"], line["level"], line["logger"]) == ("default", 12, "info", "ours")
        assert line["timestamp"].endswith("Z")
        assert SECRET not in json.dumps(line)
        assert set(line) <= ALLOWED


@pytest.mark.parametrize("logger", ["structlog", "logging"])
def test_an_exception_is_named_by_class_and_place_and_not_quoted(
    capsys: pytest.CaptureFixture[str], logger: str
) -> None:
    with service_logs(capsys) as lines:
        ours = structlog.get_logger("ours") if logger == "structlog" else logging.getLogger("theirs")
        try:
            failing()
        except ValueError:
            ours.exception("broke")
        (line,) = lines()
        assert line["event"] == "broke"
        assert line["exception"].startswith("ValueError at test_logs.py:")
        assert SECRET not in json.dumps(line)


def test_an_exception_given_as_such_and_one_never_raised_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with service_logs(capsys) as lines:
        structlog.get_logger("ours").error("broke", exc_info=KeyError(SECRET))
        structlog.get_logger("ours").error("nothing broke", exc_info=True)
        named, nothing = lines()
        assert named["exception"] == "KeyError"
        assert "exception" not in nothing


def test_libraries_are_heard_when_they_warn_and_extras_are_dropped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with service_logs(capsys) as lines:
        logging.getLogger("a.library").warning("pool is full", extra={"prompt": SECRET})
        (line,) = lines()
        assert (line["event"], line["level"], line["logger"]) == ("pool is full", "warning", "a.library")
        assert SECRET not in json.dumps(line)


@pytest.mark.parametrize("name", TALKATIVE)
def test_libraries_that_quote_what_a_model_said_are_not_heard(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with service_logs(capsys) as lines:
        logging.getLogger(name).error("the model said %s", SECRET)
        logging.getLogger(f"{name}.deeper").error("the model said %s", SECRET)
        assert lines() == []


def test_below_the_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with service_logs(capsys) as lines:
        structlog.get_logger("ours").debug("detail")
        logging.getLogger("theirs").debug("detail")
        assert lines() == []


def test_a_line_that_cannot_be_written_is_not_told_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError("no space left")

    with service_logs(capsys):
        (handler,) = (each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
        handler.setStream(Full())
        structlog.get_logger("ours").error("broke", prompt=SECRET)
        assert capsys.readouterr() == ("", "")


def test_a_trace_that_a_library_logs_as_its_message_is_shortened_to_the_class(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with service_logs(capsys) as lines:
        logging.getLogger("server").error("Traceback (most recent call last):\n  x\nValueError: %s\n", SECRET)
        (line,) = lines()
        assert line["event"] == "a start or a stop failed"
        assert line["exception"] == "ValueError"
        assert SECRET not in json.dumps(line)
