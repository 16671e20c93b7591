"""Whose request it is: what a proxy says, for there is no access control here."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from judge_service.domain.place import DEFAULT_TENANT
from judge_service.errors import TenantRejected

TENANT_CAP = 64
_PATTERN = rf"^[!-~](?:[ -~]{{0,{TENANT_CAP - 2}}}[!-~])?$"

TenantHeader = Annotated[
    str,
    Header(
        description="Whose work this is: tenants share each judge's capacity. The service has no access control and "
        "believes what it is told, so let the proxy that knows the caller set it.",
        json_schema_extra={"pattern": _PATTERN, "maxLength": TENANT_CAP},
    ),
]


async def _tenant(x_tenant: TenantHeader = DEFAULT_TENANT) -> str:
    if not re.match(_PATTERN, x_tenant):
        raise TenantRejected(f"X-Tenant must be 1 to {TENANT_CAP} characters of printable ASCII")
    return x_tenant


TheTenant = Annotated[str, Depends(_tenant)]
