"""The seam between scoring and whatever answers: a prompt goes in, a completion comes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from judge_service.errors import JudgeServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from judge_service.backends.purse import Payer
    from judge_service.domain.case import Case
    from judge_service.domain.judge import SchemaMode
    from judge_service.domain.place import Place
    from judge_service.domain.rubric import Criterion, Mode, Rubric
    from judge_service.domain.score import Attempt
    from judge_service.errors import BackendError

R = TypeVar("R")

# What is added when an answer could not be read and is asked for once more.
FORMAT_REMINDER = (
    "Reminder of the form: answer with one JSON object that matches the given schema and with nothing else. "
    "No text before or after it, no code fence. Give every criterion exactly one of its own levels, "
    "written as the scale writes it, and keep every explanation short."
)

Finish = Literal["stop", "length", "refusal", "content_filter", "other"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question to a judge, rendered and in parts.

    A door to a language model sends `system`, then `user`, then each of `labels` with its image, then
    `closing`, then `reminder` (which is empty but for the second asking after an unreadable answer), and
    asks for `schema`. A judge without a language model reads `case` and `criteria` instead.
    """

    rubric: Rubric
    criteria: tuple[Criterion, ...]
    case: Case
    mode: Mode
    system: str
    user: str
    schema: Mapping[str, object]
    schema_name: str
    images: tuple[str, ...] = ()  # data URIs of re-encoded pixels
    labels: tuple[
        str, ...
    ] = ()  # what stands before each image; where they stand alone, images were withheld
    closing: str = ""  # what stands after the images; without any, `user` holds it
    rival: str | None = None  # where two responses are compared: the one shown second
    reminder: str = ""
    max_tokens: int = 2048
    sample: int = 0  # which of several askings; a seed moves with it
    purse: Payer | None = None  # what its calls are paid from; None: whatever they cost

    def reminded(self, reminder: str) -> Prompt:
        """Ask the same again with a constant reminder of the form; never with the broken answer."""
        return replace(self, reminder=reminder)

    def withheld(self, reminder: str) -> Prompt:
        """Say the same without showing the images, and with room for no answer: for counting its tokens."""
        return replace(self, images=(), reminder=reminder, max_tokens=1)

    def roomier(self) -> Prompt:
        """Ask the same again with twice the room for the answer."""
        return replace(self, max_tokens=self.max_tokens * 2)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; None where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None  # of the input, read from the provider's cache


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a reply, as bytes, with its logarithmic chance and what else could have stood there."""

    said: bytes
    logprob: float
    others: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back, before anybody reads it as verdicts. `text` holds no separate reasoning field."""

    text: str
    finish: Finish
    model: str | None = None  # as the provider names it
    fingerprint: str | None = None
    usage: Usage = field(default_factory=Usage)
    schema_mode: SchemaMode = "none"
    tokens: tuple[Token, ...] | None = None  # None: not asked for; empty: the server did not tell them


class Backend(Protocol):
    """Carries a prompt to a model and brings the completion back. Retries nothing, caches nothing.

    `complete` raises a `BackendError` and nothing else (but `CancelledError`), within `timeout_s`
    whatever the other side does. A refusal or a cut answer is a `Completion`.
    """

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion: ...

    async def ping(self) -> None: ...  # raises BackendError when it cannot be reached

    async def aclose(self) -> None: ...


class Landing(Protocol):
    """Of those who wait for an answer, who may come and go: until when it is of use, and how urgent it is."""

    @property
    def deadline(self) -> float:
        """The latest of them, in event-loop time."""
        ...

    @property
    def place(self) -> Place:
        """The most urgent of them."""
        ...

    def telling(self, urge: Callable[[Place], None]) -> AbstractContextManager[None]:
        """Call `urge` when somebody more urgent comes to wait, as long as the block lasts."""
        ...


@dataclass(frozen=True, slots=True)
class Called(Generic[R]):
    """A completion, what was read from it, and every attempt it took."""

    completion: Completion
    reading: R
    attempts: tuple[Attempt, ...]
    reminder: str = ""  # that the prompt carried which was answered
    prices_as_of: str | None = None  # of the prices behind the attempts' costs


class JudgeCallFailed(JudgeServiceError):
    """No answer could be had: the last error, and every attempt that was made."""

    def __init__(self, error: BackendError, attempts: tuple[Attempt, ...]) -> None:
        super().__init__(str(error))
        self.error = error
        self.attempts = attempts
