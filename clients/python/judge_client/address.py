"""Where the service is, and what goes with every call to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_client.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping


def checked(url: str) -> str:
    """The address of a service: `http://…` or `https://…`, a path before `/v1` included."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address of a service begins with http:// or https://")
    return url.rstrip("/")


def headers_of(tenant: str | None, more: Mapping[str, str] | None) -> dict[str, str]:
    """Headers of every call; the caller's own win."""
    ours = {"user-agent": f"judge-client/{__version__}"} | ({"x-tenant": tenant} if tenant else {})
    return ours | {name.lower(): value for name, value in (more or {}).items()}
