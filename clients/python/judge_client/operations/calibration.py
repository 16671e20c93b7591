"""Everything about physicians' ratings and judges beside each other. Orders are models, or plain data alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from judge_client import models
from judge_client.calls import Call, Operation, Reply, delete, encoded, get, into, listed, parsed, post
from judge_client.errors import Incompatible

Data = Mapping[str, Any]
Answer = TypeVar("Answer", bound=BaseModel)
_ROOT = "/v1/calibration"
_PAGE = {"accept": "text/html"}
_PENDING = 202
# A report on a large study takes its time.
_LONG_S = 900.0


def report(order: models.ReportOrder | Data, /) -> Operation[models.Report]:
    """Physicians among themselves, and every judge against them, by criterion."""
    return _order("report", order, models.Report)


def report_page(order: models.ReportOrder | Data, /) -> Operation[str]:
    """The same as a page: HTML with its plots inside."""
    asked = _order("report", order, models.Report)
    return Operation(asked.call.with_headers(_PAGE), _page, deadline_s=_LONG_S)


def begin_report(order: models.ReportOrder | Data, /) -> Operation[models.PendingReport]:
    """Ask for a report and do not wait for it; `fetch_report` has it by its id."""
    call = _order("report", order, models.Report).call.with_headers({"prefer": "respond-async"})
    return Operation(call, into(models.PendingReport))


def fetch_report(report_id: str, /) -> Operation[models.Report | models.PendingReport]:
    """A report that was asked for, or that it is still being computed."""
    return get(_at("reports", report_id), _report_or_pending)


def delete_report(report_id: str, /) -> Operation[None]:
    """Forget a report, or stop computing it."""
    return delete(_at("reports", report_id))


def keep_study(study: models.StudyDocument | Data, /) -> Operation[models.KeptStudy]:
    """Keep a study under the hash of its content; orders then name it by `study`."""
    return _order("studies", study, models.KeptStudy)


def keep_study_text(
    text: str | bytes, /, *, kind: Literal["csv", "ndjson"], scales: Mapping[str, Any]
) -> Operation[models.KeptStudy]:
    """Keep a study that is a table: its rows as CSV or NDJSON, and the declared scales."""
    media = {"csv": "text/csv", "ndjson": "application/x-ndjson"}[kind]
    body = text.encode() if isinstance(text, str) else text
    query = {"scales": json.dumps(scales, allow_nan=False)}
    call = Call("POST", f"{_ROOT}/studies", query, {"content-type": media}, body)
    return Operation(call, into(models.KeptStudy))


def studies(*, after: str | None = None, limit: int | None = None) -> Operation[models.StudyList]:
    """Ids of the studies that are kept, sorted; a page of them, behind the last id of the page before."""
    return get(f"{_ROOT}/studies", into(models.StudyList), after=after, limit=_number(limit))


def study(study_id: str, /) -> Operation[models.KeptStudy]:
    """What a kept study looks like."""
    return get(_at("studies", study_id), into(models.KeptStudy))


def delete_study(study_id: str, /) -> Operation[None]:
    """Drop a study's rows; maps that were fitted on it stay."""
    return delete(_at("studies", study_id))


def maps(*, after: str | None = None, limit: int | None = None) -> Operation[models.MapList]:
    """Calibration maps that are kept, by id: whether each is in force, and fits; a page of them."""
    return get(f"{_ROOT}/maps", into(models.MapList), after=after, limit=_number(limit))


def fit_map(order: models.FitOrder | Data, /) -> Operation[models.FittedMap]:
    """Choose and fit a map of one judge on one criterion, and keep it."""
    return _order("maps", order, models.FittedMap)


def map_(map_id: str, /) -> Operation[models.FittedMap]:
    """A map, and whether it is in force."""
    return get(_at("maps", map_id), into(models.FittedMap))


def set_map(map_id: str, /, *, status: Literal["active", "retired"]) -> Operation[models.FittedMap]:
    """Put a map in force, or take it out."""
    body = encoded({"status": status})
    return post(_at("maps", map_id), body, into(models.FittedMap), method="PATCH")


def apply_map(
    map_id: str, scores: Sequence[models.RawScore | Data | float | None], /
) -> Operation[models.AppliedScores]:
    """Scores through a map. Where there is no score, `None`, none comes back."""
    rows = [row if isinstance(row, BaseModel | Mapping) else {"score": row} for row in scores]
    return post(f"{_at('maps', map_id)}/apply", encoded({"scores": rows}), into(models.AppliedScores))


def alt_test(order: models.AltTestOrder | Data, /) -> Operation[models.AltTestAnswer]:
    """Tell whether the judge may stand in for a physician."""
    return _order("alt-test", order, models.AltTestAnswer)


def compare(order: models.CompareOrder | Data, /) -> Operation[models.CompareAnswer]:
    """Two judges of a study, every figure and its difference."""
    return _order("compare", order, models.CompareAnswer)


def equate(order: models.EquateOrder | Data, /) -> Operation[models.EquateAnswer]:
    """One judge's scores on another one's scale."""
    return _order("equate", order, models.EquateAnswer)


def estimate(order: models.EstimateOrder | Data, /) -> Operation[models.EstimateAnswer]:
    """Means of models, and their differences, from few labels."""
    return _order("estimate", order, models.EstimateAnswer)


def plan_labels(order: models.LabelsOrder | Data, /) -> Operation[models.LabelsAnswer]:
    """Which items to have rated next."""
    return _order("plan/labels", order, models.LabelsAnswer)


def plan_power(order: models.PowerOrder | Data, /) -> Operation[models.PowerAnswer]:
    """How many items are needed."""
    return _order("plan/power", order, models.PowerAnswer)


def drift(order: models.DriftOrder | Data, /) -> Operation[models.DriftAnswer]:
    """Tell whether the judge has changed."""
    return _order("drift", order, models.DriftAnswer)


def audit(order: models.AuditOrder | Data, /) -> Operation[models.AuditAnswer]:
    """Tell whether the judge is biased."""
    return _order("audit", order, models.AuditAnswer)


def swap(order: models.SwapStudyOrder | models.SwapOrder | Data, /) -> Operation[models.SwapAnswer]:
    """What changes when one judge takes another one's place; with cases, both judges are asked first."""
    return _order("swap", order, models.SwapAnswer)


def definitions() -> Operation[list[models.Definition]]:
    """What every figure means: formula, source, least number of items."""
    return get(f"{_ROOT}/definitions", listed(models.Definition, "definitions"))


def _order(name: str, order: BaseModel | Data, answer: type[Answer]) -> Operation[Answer]:
    return post(f"{_ROOT}/{name}", encoded(order), into(answer), deadline_s=_LONG_S)


def _at(kind: str, name: str) -> str:
    return f"{_ROOT}/{kind}/{quote(name, safe=':')}"


def _page(reply: Reply) -> str:
    if reply.kind != "text/html":
        raise Incompatible("the service was asked for a page and answered with something else")
    return reply.body.decode()


def _report_or_pending(reply: Reply) -> models.Report | models.PendingReport:
    if reply.status == _PENDING:
        return parsed(models.PendingReport, reply.body)
    return parsed(models.Report, reply.body)


def _number(given: int | None) -> str | None:
    return None if given is None else str(given)
