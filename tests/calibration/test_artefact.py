"""A map as data: its id vouches for its content, and applying it never leaves the scale."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import MapRejected
from judge_calibration.maps.artefact import canonical, opened, sealed

PLAIN: dict[str, Any] = {
    "kind": "judge-calibration-map",
    "format": 1,
    "criterion": "quality",
    "scale": {"kind": "ordinal", "values": [0, 1, 2, 3, 4, 5], "low": 0, "high": 5},
    "purpose": "predict",
    "method": "affine",
    "parameters": {},
    "knots": [[0, 0.5], [5, 4.5]],
    "domain": {"low": 1, "high": 5, "subgroups": {"modality": ["CT", "MR"]}},
    "conformal": {
        "alpha": 0.1,
        "by": "modality",
        "quantiles": {"": 1.5, "CT": 0.5, "MR": None},
        "pooled": [],
        "n": {},
        "rounded": True,
    },
    "fit": {},
    "judge": {"name": "J", "fingerprint": {"model": "m", "mode": "text", "sampling": {}}, "binding": None},
    "data_digest": "sha256:0",
    "library": "0",
}


def a_map(**fields: Any) -> dict[str, Any]:
    return sealed(PLAIN | fields)


def test_straight_lines_between_knots_and_level_ends_beyond() -> None:
    one = opened(a_map())
    assert [one.apply(raw).score for raw in (-3, 0, 2.5, 5, 9)] == pytest.approx([0.5, 0.5, 2.5, 4.5, 4.5])


def test_an_interval_is_that_of_the_group_and_rounded_inward_to_values_of_the_scale() -> None:
    one = opened(a_map())
    ct, mr = one.apply(2.5, {"modality": "CT"}), one.apply(2.5, {"modality": "MR"})
    assert (ct.low, ct.high, ct.status) == (2, 3, "calibrated")  # 2.5 ± 0.5
    assert (mr.low, mr.high) == (0, 5)  # too few items in the group: the whole scale


@pytest.mark.parametrize(
    ("raw", "subgroups", "flags", "status"),
    [
        (3, {"modality": "CT"}, (), "calibrated"),
        (3, {}, ("subgroup_unknown",), "calibrated"),
        (0, {"modality": "CT"}, ("extrapolated",), "out_of_domain"),
        (3, {"modality": "PET"}, ("unseen_subgroup",), "out_of_domain"),
        (3, {"modality": "CT", "hospital": "north"}, (), "calibrated"),
    ],
)
def test_what_it_was_not_fitted_on_is_flagged(
    raw: float, subgroups: dict[str, str], flags: tuple[str, ...], status: str
) -> None:
    applied = opened(a_map()).apply(raw, subgroups)
    assert (applied.flags, applied.status) == (flags, status)


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.floats(0, 5)),
        min_size=1,
        max_size=8,
        unique_by=lambda pair: round(pair[0], 3),
    ),
    st.lists(st.floats(-2, 8), min_size=2, max_size=10),
)
@settings(deadline=None)
def test_a_map_never_falls_and_never_leaves_the_scale(
    pairs: list[tuple[float, float]], raws: list[float]
) -> None:
    rising = sorted(round(x, 3) for x, _ in pairs)
    values = sorted(round(y, 3) for _, y in pairs)
    one = opened(a_map(knots=[list(pair) for pair in zip(rising, values, strict=True)]))
    told = [one.apply(raw) for raw in sorted(raws)]
    assert all(a.score <= b.score + 1e-12 for a, b in pairwise(told))
    assert all(0 <= each.score <= 5 for each in told)
    for each in told:
        beyond = each.status == "out_of_domain"
        assert [part is None for part in (each.low, each.high, each.level)] == [beyond] * 3
        assert each.low is None or 0 <= each.low <= (each.high or 0) <= 5


def test_the_id_is_of_the_content_and_of_nothing_else() -> None:
    artefact = a_map()
    reordered = dict(reversed(list(json.loads(json.dumps(artefact)).items())))
    assert opened(reordered).id == artefact["id"]
    assert canonical(artefact) == canonical({**artefact, "id": "other"})
    with pytest.raises(MapRejected, match="its id names"):
        opened(artefact | {"method": "isotonic"})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"kind": "other"}, "of kind"),
        ({"format": 2}, "format 1"),
        ({"criterion": ""}, "'criterion' is a text"),
        ({"knots": []}, "list of pairs"),
        ({"knots": [[1, 2], [1, 3]]}, "knots rise"),
        ({"knots": [[1, 3], [2, 2]]}, "do not fall"),
        ({"knots": [[1, 9]]}, "stay on the scale"),
        ({"knots": [[1, True]]}, "no finite number"),
        ({"knots": [[1, "2"]]}, "no finite number"),
        ({"scale": {"low": 5, "high": 0, "values": None}}, "'low' below 'high'"),
        ({"scale": {"low": 0, "high": 5, "values": [1, 0]}}, "values of the scale rise"),
        ({"domain": {"low": 0, "high": 5, "subgroups": {"m": "CT"}}}, "lists of texts"),
        ({"conformal": PLAIN["conformal"] | {"alpha": 2}}, "between 0 and 1"),
        ({"conformal": PLAIN["conformal"] | {"quantiles": {}}}, "one of all groups"),
        ({"conformal": PLAIN["conformal"] | {"quantiles": {"": -1}}}, "not negative"),
        ({"judge": {"fingerprint": "m"}}, "judge.fingerprint"),
        ({"judge": None}, "'judge' is an object"),
    ],
)
def test_what_is_no_map_is_refused_for_what_is_wrong_with_it(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(MapRejected, match=why):
        a_map(**fields)


def test_a_text_is_no_map() -> None:
    with pytest.raises(MapRejected, match="a map is an object"):
        opened("a map")


def test_no_number_that_is_none_gets_into_a_map() -> None:
    with pytest.raises(MapRejected):
        a_map(parameters={"slope": float("nan")})


@pytest.mark.parametrize(
    ("fingerprint", "matches"),
    [
        ({"model": "m", "mode": "text", "sampling": {}, "more": 1}, True),
        ({"model": "n", "mode": "text", "sampling": {}}, False),
        ({"model": "m", "mode": "text", "sampling": {"temperature": 1}}, False),
        ({"model": "m", "mode": "text"}, False),
    ],
)
def test_a_map_is_of_one_instrument(fingerprint: dict[str, Any], matches: bool) -> None:
    assert opened(a_map()).matches(fingerprint) is matches


def test_what_a_map_does_not_name_it_does_not_ask_for_and_without_any_it_is_of_none() -> None:
    names_little = a_map(judge={"name": "J", "fingerprint": {"model": None, "mode": "text"}, "binding": None})
    assert opened(names_little).matches({"model": "anything", "mode": "text"})
    assert not opened(a_map(judge={"name": "J", "fingerprint": None, "binding": None})).matches(
        {"mode": "text"}
    )


def test_applying_a_map_needs_no_numpy() -> None:
    code = (
        "import json, sys; from judge_calibration.maps.artefact import opened; "
        "print(opened(json.loads(sys.argv[1])).apply(2.5).score, 'numpy' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, json.dumps(a_map())], check=True, capture_output=True, text=True
    )
    assert ran.stdout.split() == ["2.5", "False"]
