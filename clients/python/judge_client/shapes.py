"""What the generated models are made of: what is asked is strict, what is told may grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Strict

if TYPE_CHECKING:
    from collections.abc import Mapping

Number: TypeAlias = Annotated[float, Strict()]
"""What the service tells as a number; a text with digits in it is none."""

_COMMON = ConfigDict(
    frozen=True,
    hide_input_in_errors=True,
    allow_inf_nan=False,  # what is no number is no number here either
    protected_namespaces=(),
    defer_build=True,
)


class AskedShape(BaseModel):
    """What a caller sends. A misspelt field is refused here already; a fault quotes no text of a case."""

    model_config = ConfigDict(**_COMMON, extra="forbid")


class ToldShape(BaseModel):
    """What the service tells. Fields that a newer service of the same API level adds are passed over."""

    model_config = ConfigDict(**_COMMON, extra="ignore")


class ToldOpenShape(BaseModel):
    """What the service tells where it says itself that more may come: those fields are kept."""

    model_config = ConfigDict(**_COMMON, extra="allow")


class AskedOpenShape(ToldOpenShape):
    """What a caller sends where the fields depend on each other; the service checks them."""


def by(name: str, tags: Mapping[str, str], other: str) -> Discriminator:
    """Tell the members of a union apart by the value of a field; a value that is not named is of `other`."""

    def tag_of(value: Any) -> str:
        found = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        return tags.get(found, other) if isinstance(found, str) else other

    return Discriminator(tag_of)
