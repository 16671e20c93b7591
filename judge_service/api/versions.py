"""GET /v1/version: which service this is, and which level of the API it speaks."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from judge_service import __version__

router = APIRouter(tags=["operations"])

API_LEVEL: Final = 1


class Version(BaseModel):
    """What a client compares with what it was made for."""

    version: str = Field(description="Of the service.")
    api: int = Field(
        description="Level of the API. It changes when a client has to: fields, routes and names that are added "
        "leave it as it is."
    )


@router.get("/v1/version", summary="Which version is this?")
async def version() -> Version:
    """Asks nothing else; a client asks it once, before anything else."""
    return Version(version=__version__, api=API_LEVEL)
