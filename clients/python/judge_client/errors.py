"""Everything that can go wrong, in one tree. No text here quotes anything of a case.

JudgeClientError
├── Refused        the service will not do it as it was asked: mend the request
├── NoAnswer       the service is there, and has no answer: ask again later where `retryable`
├── Unreachable    nothing came back in time
└── Incompatible   what came back is not of this API
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that is at fault: a JSON pointer into the body, and what is wrong with it."""

    pointer: str
    detail: str


class JudgeClientError(Exception):
    """The root."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and other processes get all of it, not only its text."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[JudgeClientError], args: tuple[Any, ...], fields: dict[str, Any]) -> JudgeClientError:
    made = kind.__new__(kind, *args)
    made.__dict__.update(fields)
    return made


class Refused(JudgeClientError):
    """The service refuses the request (4xx). The same request will be refused again, unless `retryable`."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        type: str,  # noqa: A002  the name that RFC 9457 gives it
        title: str = "",
        faults: tuple[Fault, ...] = (),
        request_id: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(f"{title}: {detail}" if title and title != detail else detail)
        self.detail = detail
        self.status = status
        self.type = type
        self.title = title
        self.faults = faults
        self.request_id = request_id
        self.retryable = retryable

    @property
    def name(self) -> str:
        """The last part of the type, such as `rubric-not-found` or `unfit-case`."""
        return self.type.rpartition(":")[2]


class NoAnswer(JudgeClientError):
    """There is no answer (5xx), and so no score: the judge timed out, is busy or away, or the service is.

    `outcome` and `code` are those of the judge's failure, where it was the judge's. `tries`: how often the client
    has asked.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        outcome: str | None = None,
        code: str | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.outcome = outcome
        self.code = code
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.request_id = request_id


class Unreachable(JudgeClientError):
    """The service could not be reached, the connection was lost, or the deadline passed.

    `sent`: the request may have arrived and may have been worked on.
    """

    def __init__(self, detail: str, *, sent: bool) -> None:
        super().__init__(detail)
        self.sent = sent


class Incompatible(JudgeClientError):
    """What answers is no Judge Service, or one of another API level than this client speaks."""
