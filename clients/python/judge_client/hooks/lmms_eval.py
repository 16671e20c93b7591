"""A judge server for lmms-eval's tasks. Without a score the run stops, for most tasks make a 0 of any failure."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmms_eval.llm_judge import Request, Response, ServerConfig, ServerInterface

from judge_client.errors import JudgeClientError
from judge_client.hooks.asking import Asker, Judged, Told

if TYPE_CHECKING:
    from judge_client import JudgeClient


class NotJudgedSoStopped(BaseException):
    """There is no score. No `Exception`, for tasks of lmms-eval catch those and count 0."""


class JudgeServer(ServerInterface):  # type: ignore[misc]  # not installed where types are checked
    """Judges `prediction`, with `answer` as the reference; the messages, a prompt for a chat model, are not looked at.

    What has at least `passing` is right, where a task asks for right or wrong. `options` are a request's other fields.
    """

    def __init__(
        self, service: str | JudgeClient, rubric: str, *, passing: float = 0.5, **options: Any
    ) -> None:
        super().__init__(ServerConfig(model_name=options.get("judge", "default")))
        self.asker = Asker(service, rubric, options)
        self.passing = passing

    def is_available(self) -> bool:
        """Whether the service answers; not whether its judge does."""
        try:
            self.asker.client.version()
        except JudgeClientError:
            return False
        return True

    def evaluate(self, request: Request) -> Response:
        """The score from 0 to 1, as `content` and as `parsed_result`; raises `NotJudgedSoStopped`, and nothing else."""
        try:
            told = self._asked(request)
        except Exception as error:
            raise NotJudgedSoStopped(f"{type(error).__name__}: {error}") from error
        if not isinstance(told, Judged):
            raise NotJudgedSoStopped(told.explanation)
        model = self.config.model_name
        return Response(content=f"{told.value:g}", model_used=model, parsed_result=told.value)

    def evaluate_binary(
        self, question: str, answer: str, prediction: str, output_format: str = "0/1", **_: Any
    ) -> dict[str, Any]:
        """Right or wrong by the number, where lmms-eval looks for the digit 1 and finds it in 0.1."""
        told = self.evaluate(Request(messages=[], question=question, answer=answer, prediction=prediction))
        right: bool = told.parsed_result >= self.passing
        result = int(right) if output_format in {"0/1", "1/0"} else right
        said = {"raw_response": told.content, "model": told.model_used, "prompt": "", "success": True}
        return {"result": result, **said}

    def _asked(self, request: Request) -> Told:
        if request.prediction is None:
            raise TypeError("a request without a prediction cannot be judged: this task is not supported")
        case = {"prompt": request.question, "reference": request.answer, "response": request.prediction}
        return self.asker.one({**case, "images": [_picture(image) for image in request.images or ()]})


def _picture(image: Any) -> Path | bytes:
    """A path, base64 in bytes, or a picture of Pillow's."""
    if isinstance(image, str):
        return Path(image)
    if isinstance(image, bytes):
        return b64decode(image)
    held = BytesIO()
    image.save(held, "PNG")
    return held.getvalue()
