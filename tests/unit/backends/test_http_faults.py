"""What statuses, headers and error bodies mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.backends.http_faults import code_of_error, error_of_status, retry_after_s
from judge_service.errors import BackendBroken, BackendRateLimited, BackendRejected, BackendUnavailable

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

IMAGE_REFUSALS = [
    "judge is not a multimodal model",
    "Invalid content type. image_url is only supported by certain models.",
    "You uploaded an unsupported image. Please make sure your image is valid.",
    "messages.1.content.1.image.source.base64: image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes",
    "messages.0.content.2: At least one of the image dimensions exceed max allowed size: 8000 pixels",
    "Image does not match the provided media type image/png",
    "Unable to process input image. Please retry or report.",
    "Image input is not enabled for this model",
    "Failed to deserialize the JSON body: messages[1]: unknown variant `image_url`, expected `text`",
    "messages[1].content must be a string",
    "image input is not supported - hint: you may need to provide the mmproj",
]
RETRYABLE = {408, 409, 425, 429, *range(500, 600)}


@given(
    st.integers(min_value=100, max_value=599).filter(lambda status: status != 200), st.binary(max_size=200)
)
def test_every_status_has_its_error(status: int, body: bytes) -> None:
    error = error_of_status("judge", status, {}, body)
    if status in {429, 503, 529}:
        assert type(error) is BackendRateLimited
    elif status in RETRYABLE:
        assert type(error) is BackendUnavailable
    elif status < 300:
        assert type(error) is BackendBroken
    else:
        assert type(error) is BackendRejected
    assert error.retryable == (type(error) is not BackendRejected)


@given(st.integers(min_value=0, max_value=10**8))
def test_seconds_and_milliseconds_are_read(number: int) -> None:
    assert retry_after_s({"retry-after": str(number)}, now=NOW) == number
    assert retry_after_s({"retry-after": "1", "x-ms-retry-after-ms": str(number)}, now=NOW) == number / 1000
    assert (
        retry_after_s({"retry-after": "1", "retry-after-ms": f"{number}.5"}, now=NOW) == (number + 0.5) / 1000
    )


@given(st.integers(min_value=-(10**6), max_value=10**6))
def test_a_date_is_a_wait_from_now_and_never_negative(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_s({"retry-after": date}, now=NOW) == max(0, seconds)


@given(st.text(max_size=40))
def test_nothing_said_in_a_header_breaks_the_reading(said: str) -> None:
    wait = retry_after_s({"retry-after": said, "retry-after-ms": said}, now=NOW)
    assert wait is None or 0 <= wait < 10**12


@pytest.mark.parametrize("said", ["", "-1", "nan", "inf", "1e3", "soon", "٣", "Mon, 99 Foo 2026"])
def test_garbage_says_nothing(said: str) -> None:
    assert retry_after_s({"retry-after": said}, now=NOW) is None


def test_a_wait_is_read_for_faults_too() -> None:
    assert error_of_status("judge", 502, {"retry-after": "4"}, b"").retry_after_s == 4


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "x", "code": "context_length_exceeded"}, "context_too_long"),
        (
            {"message": "The decoder prompt (length 9) is longer than the maximum model length of 8."},
            "context_too_long",
        ),
        ({"message": "Input is too long for requested model."}, "context_too_long"),
        (
            {
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
            },
            "context_too_long",
        ),
        ({"message": "x", "type": "request_too_large"}, "context_too_long"),
        ({"message": "filtered", "innererror": {"code": "ResponsibleAIPolicyViolation"}}, "content_filter"),
        ({"message": "Your prompt was flagged as potentially violating our usage policy."}, "content_filter"),
        ({"message": "Could not process image"}, "bad_image"),
        ({"message": "At most 4 image(s) may be provided in one prompt."}, "bad_image"),
        *(({"message": words}, "bad_image") for words in IMAGE_REFUSALS),
        ({"message": 5, "code": None, "param": ["input_tokens"]}, "bad_request"),
        ("prompt is too long: 9 tokens > 8 maximum", "context_too_long"),
        (None, "bad_request"),
        ([], "bad_request"),
    ],
)
def test_known_wordings_are_recognised(error: object, code: str) -> None:
    assert code_of_error(json.dumps({"error": error}).encode()) == code


def test_a_gateway_that_finds_no_model_for_images_refuses_the_images() -> None:
    body = b'{"error": {"message": "No endpoints found that support image input", "code": 404}}'
    assert error_of_status("judge", 404, {}, body).code == "bad_image"
    assert (
        error_of_status("judge", 404, {}, b'{"error": {"message": "No such model"}}').code == "unknown_model"
    )
    assert error_of_status("judge", 401, {}, body).code == "unauthorized"


def test_an_echo_of_the_prompt_is_not_mistaken_for_the_reason() -> None:
    echo = {"detail": [{"msg": "field required", "input": "maximum context length content_filter"}]}
    assert code_of_error(json.dumps(echo).encode()) == "bad_request"


@given(st.binary(max_size=300))
def test_any_body_has_a_code(body: bytes) -> None:
    assert code_of_error(body) in {"bad_request", "context_too_long", "content_filter", "bad_image"}


def test_a_body_nested_too_deep_is_no_reason() -> None:
    assert code_of_error(b"[" * 200_000) == "bad_request"
