"""Turns what was read into a study: rows to numbers, checks, tables, composites, digest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.ingest.cells import CellArrays, Cells
from judge_calibration.ingest.checks import (
    no_cell_twice,
    no_giant,
    no_item_unknown,
    no_name_in_two_roles,
    warnings_of,
)
from judge_calibration.ingest.composites import TOTAL_SCALE, composites_from, with_composite
from judge_calibration.ingest.item_rows import ItemFacts
from judge_calibration.ingest.judge_rows import read_judge_scores
from judge_calibration.ingest.names import Names
from judge_calibration.ingest.own_scores import OwnScores
from judge_calibration.ingest.rating_rows import read_ratings
from judge_calibration.ingest.source import Faults, Source
from judge_calibration.ingest.tables import tables_of
from judge_calibration.scales import scales_from
from judge_calibration.study import CriterionTable, Study, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.ingest.fingerprints import Heard


def study_of(source: Source) -> Study:
    """Read everything; StudyRejected tells all rows at fault, OptionRejected what is wrong besides rows."""
    declared = scales_from(source.specs)
    composites = composites_from(source.composites, declared)
    scales = declared | {each.name: TOTAL_SCALE for each in composites}
    read = _read(source, Names(dict(sorted(scales.items()))))
    no_giant(read.names, read.people, read.judges, len(composites))
    tables = tables_of(read.names, read.people, read.judges)
    tables |= {each.name: with_composite(tables, each) for each in composites}
    return _study(source, read, tables)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """All rows as numbers. `plain` are judges that have rows of their own, not out of scoring answers."""

    names: Names
    facts: ItemFacts
    people: CellArrays
    judges: CellArrays
    heard: Heard
    plain: frozenset[str]


def _read(source: Source, names: Names) -> _Read:
    faults = Faults(source.tables(), source.faults)
    facts, rated, judged = ItemFacts(), Cells(), Cells()
    for table in source.items:
        facts.read(table, names, faults)
    for table in source.ratings:
        read_ratings(table, names, rated, faults)
    for table in source.judge_scores:
        read_judge_scores(table, names, judged, faults)
    used = set(judged.who)
    plain = frozenset(name for name, at in names.judges.items() if at in used)
    own = OwnScores(names, judged, facts, faults)
    for table in source.scores:
        own.read(table)
    own.number_repeats()
    people, judges = rated.arrays(), judged.arrays()
    _check(names, facts, people, judges, faults)
    return _Read(names, facts, people, judges, own.heard, plain)


def _check(names: Names, facts: ItemFacts, people: CellArrays, judges: CellArrays, faults: Faults) -> None:
    no_cell_twice(people, "rater", faults)
    no_cell_twice(judges, "judge", faults)
    no_name_in_two_roles(names, judges, faults)
    if facts.listed:
        no_item_unknown(people, judges, facts, faults)
    faults.raise_any()


def _study(source: Source, read: _Read, tables: Mapping[str, CriterionTable]) -> Study:
    items, heard = tuple(read.names.items), read.heard
    judges = {judge for table in tables.values() for judge in table.judges}
    warnings = (*warnings_of(tables, items), *heard.warnings(source.fingerprints, read.plain))
    study = Study(
        items=items,
        clusters=read.facts.cluster_array(len(items)),
        clustered=bool(read.facts.clusters),
        subgroups=read.facts.subgroup_labels(len(items)),
        covariates=read.facts.covariate_arrays(len(items)),
        tables=tables,
        digest="",
        warnings=warnings,
        fingerprints=heard.settled(source.fingerprints, judges, read.plain),
        n_rows=sum(_rows_of(table) for table in tables.values()),
    )
    return replace(study, digest=digest_of(study))


def _rows_of(table: CriterionTable) -> int:
    rated = int((~np.isnan(table.ratings)).sum())
    return rated + sum(sum(counts.values()) for counts in table.outcomes.values())
