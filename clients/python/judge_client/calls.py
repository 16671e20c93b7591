"""What is asked over HTTP and what comes back, as plain data: nothing here opens a connection.

An operation says everything about one thing that can be asked of the service. Both clients run the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from judge_client.errors import Incompatible

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)
# A body that is made anew for each try, in pieces.
Pieces = Callable[[], Iterator[bytes]]

JSON = "application/json"
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Pieces | None = None

    def with_headers(self, headers: Mapping[str, str]) -> Call:
        """The same call with more headers; they win."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, read to its end. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


Read = Callable[[Reply], T]


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One thing to ask of the service, and how to read its answer.

    `repeatable`: asking twice does no harm, also where the first may have been worked on. `bounded`: the service
    is told how much time is left. `gone_is_done`: after a lost answer, 404 means that it was done.
    """

    call: Call
    read: Read[T]
    repeatable: bool = True
    bounded: bool = False
    gone_is_done: bool = False
    deadline_s: float | None = None


def get(path: str, read: Read[T], **query: str | None) -> Operation[T]:
    """Read something; absent options are left out."""
    return Operation(Call("GET", path, query=_given(query), headers={"accept": JSON}), read)


def post(
    path: str,
    body: bytes | None,
    read: Read[T],
    *,
    method: str = "POST",
    repeatable: bool = True,
    bounded: bool = False,
    deadline_s: float | None = None,
) -> Operation[T]:
    """Send a JSON body."""
    headers = {"accept": JSON} | ({"content-type": JSON} if body is not None else {})
    call = Call(method, path, headers=headers, body=body)
    return Operation(call, read, repeatable=repeatable, bounded=bounded, deadline_s=deadline_s)


def delete(path: str) -> Operation[None]:
    """Drop something. What is gone already, after an answer that was lost, is dropped."""
    return Operation(Call("DELETE", path), _nothing, gone_is_done=True)


def encoded(body: BaseModel | Mapping[str, Any]) -> bytes:
    """A body as JSON: of a model what was set, for the service knows its own defaults. NaN is no JSON."""
    if isinstance(body, BaseModel):
        return body.model_dump_json(exclude_unset=True).encode()
    return json.dumps(body, allow_nan=False, default=_plain).encode()


def into(model: type[Model]) -> Read[Model]:
    """Read an answer as a model."""

    def read(reply: Reply) -> Model:
        return parsed(model, reply.body)

    return read


def parsed(model: type[Model], raw: bytes | str) -> Model:
    """Read JSON as a model; what is none of it is of another API. The error quotes nothing of it."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as exc:
        raise unreadable(model.__name__, exc) from None


def listed(model: type[Model], key: str) -> Read[list[Model]]:
    """Read the list under a key of an answer."""
    adapter = TypeAdapter(dict[str, Any])
    rows = TypeAdapter(list[model])  # type: ignore[valid-type]  # a type that is known when it runs

    def read(reply: Reply) -> list[Model]:
        try:
            return rows.validate_python(adapter.validate_json(reply.body)[key])
        except ValidationError as exc:
            raise unreadable(model.__name__, exc) from None
        except KeyError:
            raise Incompatible(f"the service's answer has no {key!r}") from None

    return read


def unreadable(what: str, exc: ValidationError) -> Incompatible:
    """What to say of an answer that is not of the shape: where, and never what is there."""
    places = {"/".join(map(str, fault["loc"])) or "the whole" for fault in exc.errors(include_input=False)}
    return Incompatible(f"the service's answer is no {what} of this API: {', '.join(sorted(places)[:5])}")


def _given(query: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}


def _nothing(_: Reply) -> None:
    return None


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    raise TypeError(f"{type(value).__name__} is no JSON")
