"""What comes from outside is opened or refused, never anything else; and a map survives other people's JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from calibration_map_studies import TOLD_SCALE, UNNAMED, a_fit, a_study
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import MapRejected, OptionRejected
from judge_calibration.maps.artefact import canonical, identity, opened, sealed, within_scale

PLAIN: dict[str, Any] = {
    "kind": "judge-calibration-map",
    "format": 1,
    "criterion": "quality",
    "scale": TOLD_SCALE,
    "purpose": "predict",
    "method": "affine",
    "knots": [[0, 0.5], [5, 4.5]],
    "domain": {"low": 0, "high": 5, "subgroups": {}},
    "conformal": {"alpha": 0.1, "by": None, "quantiles": {"": 1.25}, "rounded": True},
    "judge": {"name": "J", "fingerprint": None, "binding": None},
}
PLACES = [
    (),
    *((name,) for name in PLAIN),
    *((outer, inner) for outer in ("scale", "domain", "conformal", "judge") for inner in PLAIN[outer]),
    ("conformal", "quantiles", "CT"),
    ("domain", "subgroups", "modality"),
    ("knots", 0),
    ("knots", 0, 0),
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(st.characters(), max_size=3)
    | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def changed(place: tuple[str | int, ...], value: object) -> Any:
    content = json.loads(json.dumps(PLAIN))
    if not place:
        return value
    inner: Any = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return content


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_anywhere_a_map_is_opened_and_works_or_is_refused(
    place: tuple[str | int, ...], value: object
) -> None:
    content = changed(place, value)
    try:
        one = opened(sealed(content) if isinstance(content, dict) else content)
    except MapRejected:
        return
    applied = one.apply(2.5, {"modality": "CT"})
    assert one.content["scale"]["low"] <= applied.score <= one.content["scale"]["high"]
    assert one.matches({}) in {True, False}


@pytest.mark.parametrize(
    "value",
    [
        {1: "a"},
        {"a": {2: 3}},
        {1, 2},
        b"bytes",
        np.array([1.0]),
        float("inf"),
        pytest.param(10**6000, id="huge"),
    ],
)
def test_what_is_no_json_gets_no_id(value: object) -> None:
    with pytest.raises(MapRejected, match="no JSON"):
        identity({"parameters": value})


def test_nesting_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(MapRejected):
        sealed(PLAIN | {"parameters": {"deep": deep}})


def test_the_canonical_form_is_sorted_tight_and_of_plain_numbers() -> None:
    assert (
        canonical({"b": 5.0, "a": [1.5, -0.0, True, None, "ü"], "id": "x"})
        == '{"a":[1.5,0,true,null,"ü"],"b":5}'
    )


def test_a_reader_that_writes_whole_numbers_without_fraction_keeps_the_id() -> None:
    # JavaScript and jq write 5.0 as 5.
    judge, ratings = a_study("offset", 60, np.random.default_rng(1))
    artefact = a_fit(judge, ratings).as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED)
    elsewhere = json.loads(
        json.dumps(artefact),
        parse_float=lambda text: int(float(text)) if float(text) % 1 == 0 else float(text),
    )
    assert json.dumps(elsewhere) != json.dumps(artefact)
    assert opened(elsewhere).id == artefact["id"]


def test_what_was_opened_can_be_kept_and_opened_again() -> None:
    artefact = sealed({name: value for name, value in PLAIN.items() if name not in {"conformal", "purpose"}})
    one = opened(artefact)
    assert one.content == artefact
    assert opened(one.content).purpose == "predict"
    assert (one.apply(3).low, one.apply(3).level) == (None, None)


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), float("-inf")])
def test_no_number_is_no_score(raw: float) -> None:
    with pytest.raises(OptionRejected, match="finite"):
        opened(sealed(PLAIN)).apply(raw)


def test_a_group_that_only_the_intervals_know_is_asked_for_too() -> None:
    conformal = {"alpha": 0.1, "by": "modality", "quantiles": {"": 2, "CT": 1}, "rounded": False}
    one = opened(sealed(PLAIN | {"conformal": conformal}))
    assert one.apply(3, {"modality": "CT"}).flags == ()
    unseen = one.apply(3, {"modality": "MR"})
    assert (unseen.flags, unseen.status) == (("unseen_subgroup",), "out_of_domain")
    assert one.apply(3, {}).flags == ("subgroup_unknown",)
    assert one.apply(9, {"modality": "MR"}).flags == ("extrapolated", "unseen_subgroup")


def test_an_interval_is_rounded_inward_only_where_the_map_says_so() -> None:
    kept = PLAIN["conformal"] | {"rounded": False}
    for conformal, limits in ((PLAIN["conformal"], (2, 3)), (kept, (1.25, 3.75))):
        applied = opened(sealed(PLAIN | {"conformal": conformal})).apply(2.5)
        assert (applied.low, applied.high) == limits  # 2.5 ± 1.25
    assert within_scale(2.2, 2.8, TOLD_SCALE) == (2.2, 2.8)  # holds no value


def test_a_map_that_leaves_open_whether_its_interval_is_rounded_is_refused() -> None:
    silent = {name: value for name, value in PLAIN["conformal"].items() if name != "rounded"}
    with pytest.raises(MapRejected, match=r"conformal\.rounded"):
        sealed(PLAIN | {"conformal": silent})


def test_an_equating_map_says_what_it_is_for() -> None:
    assert opened(sealed(PLAIN | {"purpose": "equate"})).purpose == "equate"
    with pytest.raises(MapRejected, match="purpose"):
        sealed(PLAIN | {"purpose": "please"})


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["offset", "compressed", "step", "saturating"]), st.integers(0, 10**6))
def test_a_served_map_is_the_fitted_one_to_ten_digits(kind: str, seed: int) -> None:
    judge, ratings = a_study(kind, 40, np.random.default_rng(seed))
    fitted = a_fit(judge, ratings, folds=2)
    one = opened(fitted.as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED))
    grid = np.linspace(0, 5, 41)
    served = [one.apply(float(raw)).score for raw in grid]
    assert served == pytest.approx(fitted.fitted.predict(grid), abs=1e-8)
    assert served == sorted(served)
