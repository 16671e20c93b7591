"""Reads one JSON document, or a source made from files, as a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.cells import Cells
from judge_calibration.ingest.checks import (
    no_cell_twice,
    no_item_unknown,
    no_name_in_two_roles,
    warnings_of,
)
from judge_calibration.ingest.composites import composites_from, with_composite
from judge_calibration.ingest.item_rows import ItemFacts
from judge_calibration.ingest.judge_rows import read_judge_scores
from judge_calibration.ingest.names import Names
from judge_calibration.ingest.own_scores import FINGERPRINT, OwnScores
from judge_calibration.ingest.rating_rows import read_ratings
from judge_calibration.ingest.source import Faults, RowTable, Source
from judge_calibration.ingest.tables import tables_of
from judge_calibration.scales import Scale, scales_from
from judge_calibration.study import Study, digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLES = ("ratings", "judge_scores", "items", "scores")
_FIELDS = ("scales", *_TABLES, "composites", "fingerprints")


def study_from(document: object) -> Study:
    """Read `{"scales", "ratings", "judge_scores"?, "items"?, "composites"?, "scores"?, "fingerprints"?}`.

    Raises StudyRejected with every row at fault, by number from 1, and OptionRejected for what is wrong with
    scales, composites or the document itself.
    """
    if not isinstance(document, Mapping):
        raise OptionRejected("study", "is an object with 'scales' and 'ratings'")
    for name in document:
        if name not in _FIELDS:
            raise OptionRejected(str(name)[:60], f"is not known (known: {', '.join(_FIELDS)})")
    rows = {name: _rows(document, name) for name in _TABLES}
    source = Source(
        scales=scales_from(document.get("scales")),
        items=[RowTable("items", rows["items"])] if document.get("items") is not None else [],
        ratings=[RowTable("ratings", rows["ratings"])],
        judge_scores=[RowTable("judge_scores", rows["judge_scores"])],
        scores=[RowTable("scores", rows["scores"])],
        composites=_mapping(document, "composites"),
        fingerprints=_mapping(document, "fingerprints"),
    )
    return study_of(source)


def study_of(source: Source) -> Study:
    """Read everything, reject what is at fault, and put the rest together."""
    composites = composites_from(source.composites, source.scales)
    scales = {**source.scales, **{each.name: Scale("interval", (), 0.0, 100.0) for each in composites}}
    names, faults = Names(dict(sorted(scales.items()))), Faults(source.tables())
    facts, rated, judged = ItemFacts(strict=source.strict_items), Cells(), Cells()
    for table in source.items:
        facts.read(table, names, faults)
    for table in source.ratings:
        read_ratings(table, names, rated, faults)
    for table in source.judge_scores:
        read_judge_scores(table, names, judged, faults)
    own = OwnScores(names, judged, facts, faults)
    for table in source.scores:
        own.read(table)
    people, judges = rated.arrays(), judged.arrays()
    no_cell_twice(people, "rater", faults)
    no_cell_twice(judges, "judge", faults)
    no_name_in_two_roles(names, judges, faults)
    if source.items and source.whole_list:
        no_item_unknown(people, judges, facts, faults)
    faults.raise_any()
    tables = tables_of(names, people, judges)
    for composite in composites:
        tables[composite.name] = with_composite(tables, composite)
    items = tuple(names.items)
    study = Study(
        items=items,
        clusters=facts.cluster_array(len(items)),
        clustered=bool(facts.clusters),
        subgroups=facts.subgroup_labels(len(items)),
        covariates=facts.covariate_arrays(len(items)),
        tables=tables,
        digest="",
        warnings=tuple(warnings_of(tables, items)),
        fingerprints=_fingerprints(source.fingerprints, own.fingerprints),
        n_rows=len(people.items) + len(judges.items),
    )
    return replace(study, digest=digest_of(study))


def _rows(document: Mapping[str, object], name: str) -> Sequence[object]:
    rows = document.get(name)
    if rows is None:
        return ()
    if not isinstance(rows, list | tuple):
        raise OptionRejected(name, "is a list of rows")
    return rows


def _mapping(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise OptionRejected(name, "is an object")
    return found


def _fingerprints(
    given: Mapping[str, object], seen: Mapping[str, list[Mapping[str, object]]]
) -> dict[str, Mapping[str, object]]:
    """The instrument of each judge: as declared, or as all its answers name it; absent where they differ."""
    found: dict[str, Mapping[str, object]] = {}
    for judge, fingerprint in given.items():
        if not isinstance(fingerprint, Mapping) or set(fingerprint) - set(FINGERPRINT):
            raise OptionRejected("fingerprints", f"each has only {', '.join(FINGERPRINT)}")
        found[judge] = {key: fingerprint.get(key) for key in FINGERPRINT}
    for judge, all_of_them in seen.items():
        if all(each == all_of_them[0] for each in all_of_them):
            found.setdefault(judge, all_of_them[0])
    return dict(sorted(found.items()))
