"""Whose request it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header

from judge_service.errors import OptionRejected

_CAP = 64


async def _tenant(
    x_tenant: Annotated[
        str | None,
        Header(
            description="Who asks: up to 64 printable ASCII characters. Whoever publishes the service sets it in "
            "the proxy that knows its callers; the service itself believes it.",
            json_schema_extra={"minLength": 1, "maxLength": _CAP},
        ),
    ] = None,
) -> str:
    if x_tenant is None:
        return "default"
    if not 0 < len(x_tenant) <= _CAP or not x_tenant.isascii() or not x_tenant.isprintable():
        raise OptionRejected("X-Tenant: 1 to 64 printable ASCII characters", (("/X-Tenant", "1 to 64"),))
    return x_tenant


TheTenant = Annotated[str, Depends(_tenant)]
