"""Problems as a client of OpenAI reads them: the same problem+json, with an `error` object inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from judge_service.api import problems
from judge_service.api.examples import ref
from judge_service.api.problems import Problem
from judge_service.errors import JudgeServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Request, Response

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


class FrontRoute(APIRoute):
    """A route whose errors carry both shapes.

    OpenAI's clients ask again on 408, 409, 429 and from 500 on; what the caller can mend is none of these.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        """Translate what the route raises."""
        serve = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await serve(request)
            except JudgeServiceError as exc:
                return problems.response(_both(problems.of_error(exc, request.scope.get("request_id"))))

        return told


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
