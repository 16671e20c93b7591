"""Every exception this service raises on purpose; nothing here knows HTTP.

JudgeServiceError
├─ RequestError            the caller can mend it
│  ├─ RubricNotFound
│  ├─ JudgeNotFound
│  ├─ FaultyRequest        it says at which places
│  │  ├─ BodyRejected      the body is not strict JSON, or not of the documented shape
│  │  ├─ StudyRejected     rows of a study are at fault
│  │  ├─ GraderRejected    a grader is at fault, or asks for what is not offered
│  │  └─ OptionRejected    an option of a calibration request has a value that none takes
│  ├─ BodyTooLarge
│  ├─ MediaTypeRejected
│  ├─ ImageRejected        an image is not one, is too large, or is of a kind we do not open
│  ├─ TenantRejected       what is sent as a tenant's name is none
│  ├─ UnfitCase            the case asks for what the rubric or the judge does not offer
│  ├─ CacheMiss            `cache: only`, and the answer is not there
│  ├─ CostCapReached       a call may cost more than is left of the cap, or nobody knows its price
│  ├─ StudyNotFound
│  ├─ MapNotFound
│  ├─ ReportNotFound
│  ├─ JobNotFound
│  ├─ JobDeleted           somebody deleted the job while its lines were being received
│  ├─ FileNotKept
│  ├─ BeyondTheEnd         a range begins where the file has ended
│  ├─ KeyInUse             the first request under an idempotency key is still being received
│  ├─ KeyOfAnother         an idempotency key stands for other content
│  ├─ StaleMap             the map that was demanded is of another instrument than the one that answered
│  ├─ NotScored            there is no score, and the answer that was asked for has no room for the reason
│  ├─ NotEnough            there is too little data for what was asked
│  └─ MapRejected          what was sent as a map is none
├─ BackendError            no answer could be had from a judge
│  ├─ BackendTimeout
│  ├─ BackendRateLimited
│  ├─ BackendUnavailable
│  ├─ BackendBroken        it answered, and the answer is no completion
│  └─ BackendRejected      the judge refuses the request itself: key, model name, size
├─ StoreError              never fails a score: caching degrades, readiness reports it
└─ ConfigurationError      at start only

A judge that answers badly raises nothing: that is data, an `Unscored` verdict.
"""

from __future__ import annotations


class JudgeServiceError(Exception):
    """Root of the tree; its text names the thing and the remedy and quotes no case."""


class RequestError(JudgeServiceError):
    """The caller can mend it."""


class FaultyRequest(RequestError):
    """Places of the request are at fault; `faults` lists (JSON pointer, what is wrong) for the first of them."""

    def __init__(self, message: str, faults: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class RubricNotFound(RequestError):
    """No rubric has that id and version."""


class JudgeNotFound(RequestError):
    """No judge is configured under that name."""


class BodyRejected(FaultyRequest):
    """The body is not strict JSON (a key twice, NaN, half a character), or not of the documented shape."""


class BodyTooLarge(RequestError):
    """The body is larger than the service reads, or what is to be kept of it larger than it keeps."""


class MediaTypeRejected(RequestError):
    """The body is declared as something else than what is taken there, or is compressed."""


class ImageRejected(RequestError):
    """An image is not one, is too large, or is of a kind we do not open."""


class TenantRejected(RequestError):
    """What is sent as a tenant's name is not a short text of printable ASCII."""


class UnfitCase(RequestError):
    """The request asks for what the rubric or the judge does not offer."""


class CacheMiss(RequestError):
    """`cache: only` was asked and the answer is not there."""


class CostCapReached(RequestError):
    """A call was not made: it may cost more than is left of the cap, or its price is unknown.

    `calls`: how many the request made before; `spent_microusd`: what these cost, None where nobody knows.
    """

    def __init__(self, message: str, calls: int = 0, spent_microusd: int | None = 0) -> None:
        super().__init__(message)
        self.calls = calls
        self.spent_microusd = spent_microusd


class StudyNotFound(RequestError):
    """No study is kept under that id."""


class MapNotFound(RequestError):
    """No calibration map is kept under that id, and none ships with it."""


class ReportNotFound(RequestError):
    """No report was asked for under that id."""


class JobNotFound(RequestError):
    """No job of this tenant is kept under that id."""


class JobDeleted(RequestError):
    """The job was deleted while its lines were being received; whoever wants it all the same hands it over anew."""


class FileNotKept(RequestError):
    """No file of this tenant is kept under that id."""


class BeyondTheEnd(RequestError):
    """The range that was asked for begins where the file has ended; it has `size` bytes now."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size} bytes now, and the range begins behind them")
        self.size = size


class KeyInUse(RequestError):
    """The first request under this idempotency key is still being received."""


class KeyOfAnother(RequestError):
    """This idempotency key was used for other content."""


class StaleMap(RequestError):
    """The map that was demanded belongs to another rubric, judge or way of asking than this answer."""


class StudyRejected(FaultyRequest):
    """Rows of a study are at fault."""


class OptionRejected(FaultyRequest):
    """An option of a calibration request is out of its range, or names what is not there."""


class GraderRejected(FaultyRequest):
    """A grader is at fault, or asks for what is not offered."""


class NotScored(RequestError):
    """There is no score, and the answer that was asked for has no room for the reason why."""


class NotEnough(RequestError):
    """There is too little data for what was asked."""


class MapRejected(RequestError):
    """What was sent as a calibration map is none."""


class BackendError(JudgeServiceError):
    """No answer could be had from a judge."""

    code = "provider_error"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code


class BackendTimeout(BackendError):
    """The judge did not finish in the time it had."""

    code = "timeout"


class BackendRateLimited(BackendError):
    """The judge asks us to come back later (429, 503, 529)."""

    code = "rate_limited"


class BackendUnavailable(BackendError):
    """The judge cannot be reached or reports a fault of its own."""

    code = "unavailable"


class BackendBroken(BackendError):
    """The judge's reply is cut, or no completion at all."""

    code = "broken_reply"


class BackendRejected(BackendError):
    """The judge refuses the request itself; asking again changes nothing."""

    code = "rejected"
    retryable = False


class StoreError(JudgeServiceError):
    """The store cannot be reached or broke."""


class ConfigurationError(JudgeServiceError):
    """The service cannot start with these settings."""
