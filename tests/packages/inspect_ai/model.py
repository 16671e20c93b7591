"""What a model gave, in the shape of Inspect's own."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ContentImage:
    """A picture of a message."""

    image: str


@dataclass
class ChatCompletionChoice:
    """One answer."""

    stop_reason: str = "stop"


@dataclass
class ModelOutput:
    """Answers, or why there are none."""

    completion: str = ""
    choices: list[ChatCompletionChoice] = field(default_factory=lambda: [ChatCompletionChoice()])
    error: str | None = None

    @property
    def stop_reason(self) -> str:
        """Of the first answer; there must be one."""
        return self.choices[0].stop_reason
