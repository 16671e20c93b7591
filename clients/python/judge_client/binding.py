"""Makes methods of operations: one description of what is asked, one method of each client."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from judge_client.async_running import AsyncRunner
    from judge_client.calls import Operation
    from judge_client.running import Runner

P = ParamSpec("P")
T = TypeVar("T")


class Running(Protocol):
    """Whatever has a runner."""

    @property
    def _runner(self) -> Runner: ...


class AsyncRunning(Protocol):
    """The same for an event loop."""

    @property
    def _runner(self) -> AsyncRunner: ...


class Method(Generic[P, T]):
    """A method that describes an operation, runs it and gives its result."""

    def __init__(self, describe: Callable[P, Operation[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: Running, kind: type) -> Callable[P, T]: ...

    def __get__(self, owner: Running | None, kind: type) -> Self | Callable[P, T]:
        if owner is None:
            return self
        runner = owner._runner  # noqa: SLF001  this is the owner's own method

        @wraps(self._describe)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return runner.run(self._describe(*args, **kwargs))

        return call


class AsyncMethod(Generic[P, T]):
    """The same, to be awaited."""

    def __init__(self, describe: Callable[P, Operation[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: AsyncRunning, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, owner: AsyncRunning | None, kind: type) -> Self | Callable[P, Coroutine[Any, Any, T]]:
        if owner is None:
            return self
        runner = owner._runner  # noqa: SLF001  this is the owner's own method

        @wraps(self._describe)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return await runner.run(self._describe(*args, **kwargs))

        return call
