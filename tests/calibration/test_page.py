"""The page: well formed, self-contained, and no text of a study gets out of its element."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from studies import a_binary_document, a_document, a_nominal_document, with_subgroups

import judge_calibration
from judge_calibration.operations import run
from judge_calibration.operations.further import PARTS
from judge_calibration.page import page
from judge_calibration.page.markup import table, with_minus
from judge_calibration.page.physicians import weakest

VOID = {"meta", "br", "hr", "img", "line", "rect", "circle", "path", "polygon", "link"}


class Balance(HTMLParser):
    """Counts open elements and collects what may fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.suspect: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag in {"script", "iframe", "object", "embed", "link", "img"} or any(
            n.startswith("on") for n in names
        ):
            self.suspect.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def told(document: dict[str, Any], **options: Any) -> str:
    study = judge_calibration.study_from(document)
    return page(
        run("report", study, {"options": {"resamples": 20, "seed": 1} | options, "include": list(PARTS)})
    )


def methods_of(document: dict[str, Any], **options: Any) -> str:
    (found,) = re.findall(r'<section id="methods">.*?</section>', told(document, **options), re.DOTALL)
    return str(found)


def a_continuous_document() -> dict[str, Any]:
    document = a_document()
    return document | {"scales": {"quality": {"kind": "interval", "low": 0, "high": 5}}}


@pytest.mark.parametrize(
    "document",
    [
        with_subgroups(a_document()),
        with_subgroups(a_binary_document()),
        a_nominal_document(),
        a_document(raters=("A",)),
        a_document(items=3),
        a_document() | {"judge_scores": []},
        {"scales": {"q": [0, 1]}, "ratings": []},
    ],
    ids=["ordinal", "binary", "nominal", "one-rater", "three-items", "no-judge", "nothing"],
)
def test_any_report_is_a_whole_page(document: dict[str, Any]) -> None:
    text = told(document)
    reader = Balance()
    reader.feed(text)
    assert reader.open == []
    assert reader.suspect == []
    assert "NaN" not in text
    assert "Reporting checklist" in text


def test_it_fetches_nothing() -> None:
    text = told(a_document())
    addresses = set(re.findall(r"https?://[^\s\"'<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_texts_of_a_study_are_texts() -> None:
    evil = '<script>alert(1)</script>"&'
    document = a_document(raters=(evil, "B"), judges=(f"J{evil}",))
    document["items"] = [{"item": f"i{at:03d}", "subgroups": {evil: f"{evil}{at % 2}"}} for at in range(60)]
    text = told(document)
    assert "<script" not in text
    reader = Balance()
    reader.feed(text)
    assert reader.open == []


def test_the_same_report_is_the_same_page() -> None:
    assert told(a_document()) == told(a_document())


def test_a_figure_has_its_data_below_it_and_words_for_those_who_do_not_see_it() -> None:
    text = told(with_subgroups(a_document()))
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert len(figures) >= 8
    for figure in figures:
        assert 'role="img"' in figure
        assert "<title" in figure
        assert "<desc" in figure
        assert "<details" in figure


def test_the_first_page_says_what_to_do_and_the_methods_what_was_done() -> None:
    text = told(with_subgroups(a_document()))
    assert "Never decide about a patient by a single score." in text
    assert re.search(r"By modality it is CT ± [0-9.]+ points, MR ± [0-9.]+ points\.", text)
    assert "within one point of the consensus" in text
    assert "Benjamini-Yekutieli" in text
    for band in ("substantial", "almost perfect", "moderate agreement", "excellent"):
        assert band not in text.lower()


@pytest.mark.parametrize(
    ("document", "asked", "said"),
    [
        (a_document(), "mean", "mean of the ratings it has"),
        (a_document(), "median", "median of the ratings it has"),
        (a_document(), "mode", "most frequent of its ratings"),
        (a_continuous_document(), "median", "mean of the ratings it has"),
        (a_nominal_document(), "mean", "most frequent of its ratings"),
    ],
    ids=["mean", "median", "mode", "continuous", "nominal"],
)
def test_the_methods_name_the_consensus_that_was_taken(
    document: dict[str, Any], asked: str, said: str
) -> None:
    assert f"The consensus of an item is the {said}" in methods_of(document, consensus=asked)


def test_kinds_of_scale_with_another_consensus_are_told_apart() -> None:
    first, second = a_document(), a_nominal_document()
    both = {
        key: first[key] | second[key] if key == "scales" else [*first[key], *second[key]] for key in second
    }
    found = methods_of(both, resamples=0)
    assert "most frequent of its ratings, and none where two tie (nominal scales)" in found
    assert "mean of the ratings it has (ordinal scales)" in found
    assert "quality: ordinal, 0, 1, 2, 3, 4, 5" in found


@pytest.mark.parametrize(
    ("items", "resamples", "said"),
    [
        (60, 0, "No bootstrap was drawn (resamples: 0)"),
        (60, 20, "too few for limits from the bootstrap"),
        (60, 120, "Here the bootstrap&#x27;s stood nowhere."),
        (110, 120, '<th scope="row">bias-corrected and accelerated bootstrap'),
    ],
)
def test_the_methods_tell_from_what_the_limits_are(items: int, resamples: int, said: str) -> None:
    found = methods_of(a_document(items=items, missing=0.0), resamples=resamples)
    assert said in found
    assert ("bias-corrected and accelerated" in found) == (items > 100)
    assert "jackknife on the arctanh scale" in found or items > 100
    assert "McGraw and Wong" in found


def test_the_methods_tell_only_what_was_done() -> None:
    people = methods_of(a_document() | {"judge_scores": []})
    words = methods_of(a_nominal_document())
    whole = methods_of(with_subgroups(a_document()))
    for part in ("alternative annotator test", "human ceiling"):
        assert part not in people
        assert part in words
    for part in ("Henderson", "Cochran", "conformal", "exchangeable", "constant spread"):
        assert part not in words
        assert part in whole
    for found in (people, words, whole):
        assert "random sample" in found
    assert "pooled over labels" in methods_of(a_binary_document())
    assert "pooled over labels" not in whole
    assert "at least 6 items" in methods_of(a_document(), alt_test="wilcoxon")


def test_a_continuous_scale_is_not_told_what_it_does_not_have() -> None:
    text = told(with_subgroups(a_continuous_document()))
    assert "not for this scale" not in text
    assert "same answer as a physician" not in text


def test_undefined_figures_stand_below_the_table_by_reason() -> None:
    text = told(a_document(raters=("A",)))
    assert "Physicians among themselves, undefined (single rater): Agreement with each physician; " in text
    assert '<td class="figure">undefined' not in text


def test_physicians_alone_show_their_use_of_the_scale() -> None:
    text = told(a_document() | {"judge_scores": []})
    assert 'id="quality-use"' in text
    assert "A: 5 " in text  # a bar's words on hovering
    alone = told(a_continuous_document() | {"judge_scores": []})
    assert 'id="quality-use"' not in alone
    assert "No scores." not in alone


@pytest.mark.parametrize(
    "document", [a_document(), a_document() | {"judge_scores": []}], ids=["judge", "none"]
)
def test_every_link_of_the_page_leads_somewhere(document: dict[str, Any]) -> None:
    text = told(document)
    links = set(re.findall(r'href="#([^"]+)"', text))
    assert "verdicts" in links
    assert links <= set(re.findall(r'id="([^"]+)"', text))


@pytest.mark.parametrize("epsilon", [0.0, 0.2, 0.9])
def test_the_tolerated_loss_is_drawn_where_it_is(epsilon: float) -> None:
    text = told(a_document(items=80), epsilon=epsilon)
    (drawing,) = re.findall(r'<figure id="quality-J-sweep">.*?</figure>', text, re.DOTALL)
    ticks = dict(
        re.findall(r'<text class="tick" x="([\d.]+)" y="268" text-anchor="middle">([\d.]+)<', drawing)
    )
    (first, low), *_, (last, high) = [(float(x), float(tick)) for x, tick in ticks.items()]
    (place,) = re.findall(r'<line class="level" x1="([\d.]+)"', drawing)
    drawn = low + (float(place) - first) / (last - first) * (high - low)
    assert drawn == pytest.approx(epsilon, abs=1e-3)


def with_a_weak_group(weak: int, *, of: int = 120) -> str:
    """The page of a study in which the judge is right but for the group MR: there it gives two points more."""
    document = a_document(items=of, missing=0.0)
    names = [f"i{at:03d}" for at in range(of)]
    document["items"] = [
        {"item": name, "subgroups": {"modality": "MR" if at < weak else "CT"}}
        for at, name in enumerate(names)
    ]
    said = {row["item"]: row["score"] for row in document["ratings"] if row["rater"] == "A"}
    for at, row in enumerate(document["judge_scores"]):
        row["score"] = min(5, said[row["item"]] + (2 if at < weak else 0))
    return told(document)


@pytest.mark.parametrize("weak", [24, 96], ids=["few-items", "many-items"])
def test_the_group_in_which_the_judge_fails_is_named_however_large_it_is(weak: int) -> None:
    (line,) = re.findall(r"<dt>where it fails most</dt><dd>(.*?)</dd>", with_a_weak_group(weak))
    found = re.fullmatch(r"modality MR: bias (\S+) \[\S+ to \S+\] on (\d+) items, against (\S+) on all", line)
    assert found is not None, line
    assert float(found[1]) > 1
    assert int(found[2]) == weak
    assert 0 < float(found[3]) < float(found[1])


def test_what_a_report_holds_on_request_is_in_its_methods() -> None:
    study = judge_calibration.study_from(with_subgroups(a_document(judges=("J", "K"))))
    words = {
        "comparisons": "Williams",
        "audits": "Audits model the difference",
        "means": "prediction-powered",
    }
    for part in words:
        text = page(run("report", study, {"options": {"resamples": 0}, "include": [part]}))
        (methods,) = re.findall(r'<section id="methods">.*?</section>', text, re.DOTALL)
        for other, told_ in words.items():
            assert (told_ in methods) == (other == part), (part, other)
        assert ("one judge − another" in methods) == (part == "comparisons")


def methods_in(told_: Any) -> set[str]:
    """Every method of an interval anywhere in a report."""
    if isinstance(told_, dict):
        own = {told_["method"]} if {"method", "level", "low", "high"} <= told_.keys() else set()
        return own.union(*map(methods_in, told_.values()))
    return set().union(*map(methods_in, told_)) if isinstance(told_, list) else set()


@pytest.mark.parametrize("clustered", [False, True])
def test_every_method_of_an_interval_has_words(clustered: bool) -> None:
    document = with_subgroups(a_document(judges=("J", "K"), items=120))
    if clustered:
        document["items"] = [row | {"cluster": f"c{at % 30}"} for at, row in enumerate(document["items"])]
    study = judge_calibration.study_from(document)
    found = run("report", study, {"options": {"resamples": 120}, "include": list(PARTS)})
    (methods,) = re.findall(r'<section id="methods">.*?</section>', page(found), re.DOTALL)
    told_ = re.findall(r'<tr><th scope="row">([^<]*)</th>', methods)
    used = methods_in(found)
    assert len(told_) == len(used) > 10
    assert not {method.replace("_", " ") for method in used} & set(told_)


def a_group(*, bias: float, half: float, n: int = 40) -> dict[str, Any]:
    ci = {"low": bias - half, "high": bias + half, "method": "cr2_t"}
    own = {"estimate": bias, "ci": ci, "reason": None}
    return {"group": "g", "n_items": n, "estimate": own, "to_rest": {"p": 0.001, "q": 0.002}}


@pytest.mark.parametrize(
    ("bias", "half", "overall", "named"),
    [
        (-0.9, 0.3, 0.1, True),
        (-0.9, 0.3, -1.0, False),  # no worse than on all items
        (-0.9, 1.0, 0.1, False),  # may be none at all
        (0.2, 0.1, 0.4, False),
    ],
)
def test_a_group_is_weak_when_its_own_bias_is_there_and_larger(
    bias: float, half: float, overall: float, named: bool
) -> None:
    found = weakest({"modality": {"forest": {"rows": [a_group(bias=bias, half=half)]}}}, overall)
    assert bool(found) == named


def test_the_card_of_a_continuous_scale_tells_a_mean_distance_and_no_share_within_a_point() -> None:
    cards = "".join(
        re.findall(r'<article class="card.*?</article>', told(a_continuous_document()), re.DOTALL)
    )
    assert "mean distance from the consensus in points" in cards
    assert "within one point" not in cards
    assert "gross errors" not in cards


def test_a_table_has_no_column_in_which_nobody_has_anything() -> None:
    found = table(("a", "b", "c"), [("x", "–", 1), ("y", "–", "–")])
    assert re.findall(r'scope="col"[^>]*>(\w)<', found) == ["a", "c"]
    assert found.count("<td") == 2


def test_more_rows_than_are_shown_are_told() -> None:
    text = told(a_document(raters=tuple(f"r{at:02d}" for at in range(42)), missing=0.5), resamples=0)
    assert "Pairs of physicians, the first 40 of 861" in text
    assert "Each physician, the first 40 of 42" in text
    assert "the alternative annotator test, the first 40 of 42" in text
    (use,) = re.findall(r'<figure id="quality-use">.*?</figure>', text, re.DOTALL)
    assert "Of 42 physicians the first 20 are shown." in use
    assert ">judge J</text>" in use
    assert ", the first " not in told(a_document())


def test_words_without_an_order_have_no_alpha_that_needs_one_and_no_value_between_two() -> None:
    text = told(a_nominal_document())
    assert "Krippendorff&#x27;s α, nominal" in text
    assert "α, ordinal" not in text
    assert "α, interval" not in text
    assert "between two values" not in text


def test_words_get_true_minus_signs_where_a_figure_is_negative() -> None:
    assert (
        with_minus("-0.5 [-1.0 to -0.1], well-2 x-1, 2020-01") == "−0.5 [−1.0 to −0.1], well-2 x-1, 2020-01"
    )


def test_groups_alike_are_not_told_as_weak() -> None:
    assert "where it fails most" not in told(with_subgroups(a_document()))


def test_what_the_study_does_not_say_the_checklist_says_is_not_provided() -> None:
    rows = re.findall(r'<th scope="row">(\d+)</th><td>[^<]*</td><td>([^<]*)</td>', told(a_document(items=12)))
    assert [number for number, _ in rows] == [str(at) for at in range(1, 16)]
    filled = dict(rows)
    assert filled["9"] == "not provided"
    assert "3 physicians" in filled["11"]
