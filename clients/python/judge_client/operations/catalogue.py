"""What can be asked, of whom, and by what kind of service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from judge_client import models
from judge_client.calls import Operation, Reply, encoded, get, into, listed, parsed, post
from judge_client.errors import Incompatible
from judge_client.version import API_LEVELS, __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_FOUND = 404


def judges() -> Operation[list[models.JudgeSummary]]:
    """Every judge that a request may name."""
    return get("/v1/judges", listed(models.JudgeSummary, "judges"))


def rubrics() -> Operation[list[models.RubricSummary]]:
    """Every rubric and version, in a line each."""
    return get("/v1/rubrics", listed(models.RubricSummary, "rubrics"))


def rubric(rubric_id: str, /) -> Operation[models.RubricDocument]:
    """A rubric in full: `id` for its latest version, or `id@version`."""
    return get(f"/v1/rubrics/{quote(rubric_id, safe='')}", into(models.RubricDocument))


def probe(judge: str, request: models.ProbeRequest | Mapping[str, Any], /) -> Operation[models.ProbeReport]:
    """Ask whether a judge looks at the images it is shown. Costs four calls a case or more."""
    path = f"/v1/judges/{quote(judge, safe='')}/probe"
    return post(path, encoded(request), into(models.ProbeReport), repeatable=False, bounded=True)


def version() -> Operation[models.Version]:
    """The service's version and the level of its API."""
    return get("/v1/version", _fitting)


def _fitting(reply: Reply) -> models.Version:
    if reply.kind != "application/json":
        raise Incompatible("the address answers, and what answers is no Judge Service")
    told = parsed(models.Version, reply.body)
    if told.api not in API_LEVELS:
        mine = " or ".join(map(str, sorted(API_LEVELS)))
        other = "client" if told.api > max(API_LEVELS) else "service"
        raise Incompatible(
            f"the service (version {told.version}) speaks level {told.api} of its API, and this client "
            f"(version {__version__}) speaks {mine}: use a newer {other}"
        )
    return told
