"""What lmms-eval 0.7.3 has for judges: the shapes, the interface, and where providers are found by name."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass
class ServerConfig:
    """How a judge is asked."""

    model_name: str
    temperature: float = 0.0
    max_tokens: int = 1024


@dataclass
class Request:
    """What a judge is asked."""

    messages: list[dict[str, Any]]
    images: list[Any] | None = None
    config: ServerConfig | None = None
    question: str | None = None
    answer: str | None = None
    prediction: str | None = None
    context: str | None = None
    options: list[str] | None = None
    response1: str | None = None
    response2: str | None = None
    custom_prompt: str | None = None
    prompt_kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass
class Response:
    """What it says."""

    content: str
    model_used: str
    usage: dict[str, int] | None = None
    raw_response: Any = None
    parsed_result: Any = None
    success: bool = True
    error_message: str | None = None


class ServerInterface(abc.ABC):
    """A judge."""

    def __init__(self, config: ServerConfig | None = None) -> None:
        self.config = config or ServerConfig(model_name="gpt-4")

    @abc.abstractmethod
    def evaluate(self, request: Request) -> Response: ...

    @abc.abstractmethod
    def is_available(self) -> bool: ...

    def evaluate_comparative(self, question: str, response1: str, response2: str) -> dict[str, Any]:
        request = Request(
            messages=[{"role": "user", "content": "Which?"}],
            question=question,
            response1=response1,
            response2=response2,
            config=self.config,
        )
        response = self.evaluate(request)
        return {"scores": response.content, "success": response.success}


class ProviderFactory:
    """Providers by name."""

    _provider_classes: ClassVar[dict[str, type]] = {}

    @classmethod
    def register_provider(cls, api_type: str, judge_class: type) -> None:
        if not issubclass(judge_class, ServerInterface):
            raise ValueError(f"{judge_class} must be a subclass of ServerInterface")
        cls._provider_classes[api_type] = judge_class


def get_server(server_name: str, config: ServerConfig | None = None) -> Any:
    return ProviderFactory._provider_classes[server_name](config=config)
