"""Problems as a client of OpenAI reads them: the same problem+json, with an `error` object inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from judge_service.api import problems
from judge_service.api.answering import is_no_answer
from judge_service.api.examples import ref
from judge_service.api.presence import CLIENT_CLOSED, ClientGone
from judge_service.api.problems import Problem
from judge_service.errors import JudgeServiceError, NotScored

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Request

    from judge_service.domain.score import Score

_SERVERS = 500  # from this status on the fault is not the caller's


class FrontError(BaseModel):
    """What a client of OpenAI shows of an error."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    code: str = Field(description="The problem's `type`, without its root.")
    param: str | None = Field(default=None, description="The first field that is at fault.")


class FrontProblem(Problem):
    """A problem, and the same once more in OpenAI's shape."""

    error: FrontError | None = None


class NoScore(JudgeServiceError):
    """There is no score, and the shape that is answered in has no room for the reason: it is a problem."""

    def __init__(self, score: Score) -> None:
        super().__init__(score.reason or score.outcome)
        self.score = score

    def problem(self, request_id: str | None) -> Problem:
        """No answer at all is told as everywhere; an answer without a score is not for the judge to mend."""
        if is_no_answer(self.score, request_id):
            return problems.of_no_answer(self.score, request_id)
        told = problems.of_error(NotScored(str(self)), request_id)
        failure = self.score.failure
        more = {"outcome": self.score.outcome, "code": failure.code if failure else None}
        return told.model_copy(update=more)

    @property
    def retry_after_s(self) -> float | None:
        """When the judge asks to come back."""
        return self.score.failure.retry_after_s if self.score.failure else None


class PlainRoute(APIRoute):
    """A route that may find no score, and whose client may go before it is found."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        """Translate what the route raises."""
        serve = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await serve(request)
            except ClientGone:
                return Response(status_code=CLIENT_CLOSED)
            except NoScore as exc:
                problem = exc.problem(request.scope.get("request_id"))
                return problems.response(self.shaped(problem), exc.retry_after_s)
            except JudgeServiceError as exc:
                problem = problems.of_error(exc, request.scope.get("request_id"))
                return problems.response(self.shaped(problem))

        return told

    @staticmethod
    def shaped(problem: Problem) -> Problem:
        """The problem as this front's clients read it."""
        return problem


class FrontRoute(PlainRoute):
    """A route whose errors carry both shapes.

    OpenAI's clients ask again on 408, 409, 429 and from 500 on; what the caller can mend is none of these.
    """

    @staticmethod
    def shaped(problem: Problem) -> Problem:
        """With an `error` object."""
        return _both(problem)


def _both(problem: Problem) -> FrontProblem:
    error = FrontError(
        message=problem.detail,
        type="server_error" if problem.status >= _SERVERS else "invalid_request_error",
        code=problem.type.removeprefix(problems.TYPE_ROOT),
        param=problem.errors[0].pointer.strip("/").replace("/", ".") or None if problem.errors else None,
    )
    return FrontProblem(**problem.model_dump(), error=error)


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The `responses` of a route that may answer with these problems."""
    told = problems.documented(*statuses)
    for response in told.values():
        response["content"] = {problems.CONTENT_TYPE: {"schema": ref(FrontProblem.__name__)}}
    return told
