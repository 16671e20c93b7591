"""Names and what they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.definitions import definitions
from judge_calibration.errors import OptionRejected
from judge_calibration.operations import inference, maps, planning, studies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_calibration.study import Study


def _definitions(study: Study | None, given: Mapping[str, object]) -> dict[str, object]:  # noqa: ARG001  one shape for all
    return {"definitions": [each.as_json() for each in definitions().values()]}


_OF_STUDIES: Mapping[str, Callable[[Study, Mapping[str, object]], dict[str, object]]] = {
    "report": studies.report_operation,
    "alt-test": studies.alt_test_operation,
    "compare": studies.compare_operation,
    "audit": studies.audit_operation,
    "maps": maps.fit_operation,
    "equate": maps.equate_operation,
    "swap": inference.swap_operation,
    "estimate": inference.estimate_operation,
    "drift": inference.drift_operation,
    "weights": inference.weights_operation,
    "plan/labels": planning.labels_operation,
}
_BY_THEMSELVES: Mapping[str, Callable[[Study | None, Mapping[str, object]], dict[str, object]]] = {
    "apply": maps.apply_operation,
    "plan/power": planning.power_operation,
    "definitions": _definitions,
}
NAMES = (*_OF_STUDIES, *_BY_THEMSELVES)


def needs_study(name: str) -> bool:
    """Whether an operation looks at a study."""
    return name in _OF_STUDIES


def run(name: str, study: Study | None, given: Mapping[str, object]) -> dict[str, Any]:
    """Run an operation on plain data; the answer is plain data, and the same for the same input.

    Raises OptionRejected, NotEnough, MapRejected; a KeyError for a name that is none is a mistake of the caller.
    """
    if name in _BY_THEMSELVES:
        return _BY_THEMSELVES[name](study, given)
    operation = _OF_STUDIES[name]
    if study is None:
        raise OptionRejected("study", "is missing")
    return operation(study, given)
