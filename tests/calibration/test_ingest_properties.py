"""What holds for every study: order says nothing, telling and reading are inverse, reading is total."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from calibration_ingest import an_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import OptionRejected, StudyRejected
from judge_calibration.ingest import study_from, study_from_text

if TYPE_CHECKING:
    from judge_calibration.study import Study

SCALES: dict[str, Any] = {
    "ordinal": [0, 0.5, 1, 2],
    "binary": {"kind": "binary", "values": ["unmet", "met"]},
    "nominal": {"kind": "nominal", "values": ["c", "a", "b"]},
    "interval": {"kind": "interval", "low": -1, "high": 1},
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "ordinal": st.sampled_from([0, 0.5, 1, 1.0, 2]),
    "binary": st.sampled_from(["unmet", "met", True, 0]),
    "nominal": st.sampled_from(["a", "b", "c"]),
    "interval": st.floats(-1, 1),
}
ids = st.sampled_from(["1", "2", "10", "é", "a b", '"', "x,y"])
outcomes = st.sampled_from(["refused", "timeout", "needs_human"])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A sound study with gaps, repeats, outcomes and facts about items."""
    people = draw(st.sets(st.tuples(ids, st.sampled_from(list(SCALES)), st.sampled_from("ABC")), max_size=12))
    judges = draw(
        st.sets(
            st.tuples(ids, st.sampled_from(list(SCALES)), st.sampled_from("JK"), st.integers(0, 3)),
            max_size=12,
        )
    )
    ratings: list[dict[str, Any]] = [
        {"item": item, "criterion": name, "rater": rater, "score": draw(VALUES[name])}
        for item, name, rater in sorted(people)
    ]
    said: list[dict[str, Any]] = []
    for item, name, judge, repeat in sorted(judges):
        row = {"item": item, "criterion": name, "judge": judge, "repeat": repeat}
        unscored = draw(st.booleans())
        said.append(
            row | ({"score": None, "outcome": draw(outcomes)} if unscored else {"score": draw(VALUES[name])})
        )
    about = [draw(facts(item)) for item in sorted({row["item"] for row in [*ratings, *said]})]
    return {"scales": SCALES, "ratings": ratings, "judge_scores": said, "items": about}


def facts(item: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = {
        "cluster": st.sampled_from([None, "p", "q"]),
        "subgroups": st.dictionaries(st.sampled_from("mo"), st.sampled_from([None, "CT", "MR"])),
        "covariates": st.dictionaries(st.sampled_from("tw"), st.none() | st.floats(-9, 9)),
    }
    return st.fixed_dictionaries({"item": st.just(item)}, optional=fields)


def aligned(study: Study) -> dict[str, Any]:
    """All that is in a study, by the names of its items."""
    order = sorted(range(len(study.items)), key=study.items.__getitem__)
    told: dict[str, Any] = {"items": [study.items[at] for at in order]}
    for name, table in study.tables.items():
        scores = [table.ratings, table.judged, *table.repeats.values()]
        cells = [np.nan_to_num(each[order], nan=-99).tolist() for each in scores]
        rest = sorted((study.items[row.item], table.judges[row.judge], *row[2:]) for row in table.unscored)
        told[name] = (table.raters, table.judges, list(table.repeats), cells, table.outcomes, rest)
    return told


@settings(max_examples=50, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_no_order_of_rows_changes_a_study(document: dict[str, Any], random: Any) -> None:
    shuffled = {
        name: random.sample(rows, len(rows)) if isinstance(rows, list) else rows
        for name, rows in document.items()
    }
    study, other = study_from(document), study_from(shuffled)
    assert other.digest == study.digest
    assert aligned(other) == aligned(study)
    assert other.warnings == study.warnings


@settings(max_examples=50, deadline=None)
@given(documents())
def test_a_study_is_read_again_from_what_it_tells(document: dict[str, Any]) -> None:
    study = study_from(document)
    again = study_from(json.loads(json.dumps(study.rows(), allow_nan=False)))
    assert again.digest == study.digest
    assert again.items == study.items
    assert aligned(again) == aligned(study)
    assert again.profile() == study.profile()


@settings(max_examples=50, deadline=None)
@given(documents())
def test_lines_and_tables_tell_the_same_as_the_document(document: dict[str, Any]) -> None:
    digest = study_from(document).digest
    rows = [*document["items"], *document["ratings"], *document["judge_scores"]]
    lines = "\n".join(json.dumps(row) for row in rows)
    assert study_from_text(lines, "ndjson", SCALES).digest == digest
    assert study_from_text(as_table(document), "csv", SCALES).digest == digest


def as_table(document: dict[str, Any]) -> str:
    about = {row["item"]: row for row in document["items"]}
    columns = ["item", "criterion", "rater", "judge", "score", "repeat", "outcome", "cluster"]
    more = {"subgroup.m": "m", "subgroup.o": "o"}
    measured = {"covariate.t": "t", "covariate.w": "w"}
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, *more, *measured])
    writer.writeheader()
    for row in [*document["ratings"], *document["judge_scores"]]:
        item = about[row["item"]]
        told = row | {"cluster": item.get("cluster")}
        told |= {column: item.get("subgroups", {}).get(name) for column, name in more.items()}
        told |= {column: item.get("covariates", {}).get(name) for column, name in measured.items()}
        writer.writerow(told)
    return out.getvalue()


# Whatever comes


names = st.sampled_from(["item", "criterion", "rater", "judge", "score", "repeat", "outcome", "x", "cluster"])
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["quality", "total", "1", "A", "J", "scored", "refused", 1, 2, 10**400, "\ud800"]),
)
anything = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=8
)
rows = st.lists(st.dictionaries(names, atoms | anything, max_size=7) | anything, max_size=4)
near = st.fixed_dictionaries(
    {
        "item": st.sampled_from(["1", 1, 2, None]),
        "criterion": st.sampled_from(["quality", "x"]),
        "score": st.sampled_from([0, 1, 1.0, True, "1", None, 9]),
    },
    optional={
        "rater": st.sampled_from(["A", "J"]),
        "judge": st.sampled_from(["J", "K"]),
        "repeat": st.sampled_from([1, 2, None, "x"]),
        "outcome": st.sampled_from(["refused", "scored", None, "x"]),
    },
)
answers = st.fixed_dictionaries(
    {},
    optional={
        "case_id": atoms,
        "criteria": anything | st.fixed_dictionaries({"quality": anything}),
        "provenance": anything,
        "metadata": anything,
        "subgroups": anything,
        "outcome": atoms,
        "score": atoms,
    },
).map(lambda fields: an_answer(**fields))
hostile = st.fixed_dictionaries(
    {"scales": st.just({"quality": [0, 1, 2]}) | anything},
    optional={
        "ratings": rows | st.lists(near, max_size=6) | anything,
        "judge_scores": rows | st.lists(near, max_size=6) | anything,
        "items": rows | anything,
        "scores": st.lists(answers, max_size=3) | anything,
        "composites": st.just({"total": {"weights": {"quality": 1}}}) | anything,
        "fingerprints": anything | st.dictionaries(st.sampled_from("JK"), anything),
    },
)


def read_or_rejected(document: object) -> None:
    try:
        study = study_from(document)
    except (StudyRejected, OptionRejected) as rejected:
        str(rejected).encode()
        return
    assert study_from(study.rows()).digest == study.digest
    json.dumps(study.profile(), allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(hostile)
def test_whatever_comes_is_a_study_or_is_rejected(document: object) -> None:
    read_or_rejected(document)


@settings(max_examples=80, deadline=None)
@given(st.lists(near.filter(lambda row: "rater" in row), max_size=5), st.lists(near, max_size=5))
def test_rows_that_are_nearly_sound_are_a_study_or_are_rejected(ratings: Any, judged: Any) -> None:
    read_or_rejected({"scales": {"quality": [0, 1, 2]}, "ratings": ratings, "judge_scores": judged})


@settings(max_examples=80, deadline=None)
@given(
    st.lists(anything.map(json.dumps) | st.text(max_size=30), max_size=5).map("\n".join)
    | st.text('item,crateojudgs"01\n;', max_size=60).map("item,criterion,rater,score\n".__add__)
    | st.binary(max_size=30),
    st.sampled_from(["json", "ndjson", "csv"]),
)
def test_whatever_text_comes_is_a_study_or_is_rejected(text: Any, form: Any) -> None:
    try:
        study_from_text(text, form, {"quality": [0, 1]})
    except (StudyRejected, OptionRejected) as rejected:
        str(rejected).encode()
