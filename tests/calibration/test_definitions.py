"""The catalogue: everything that is told is in it, and everything in it says what it is."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest
from calibration_strategies import all_families, items, studies

import judge_calibration.definitions
from judge_calibration.agreement.leave_one_out import FIGURES
from judge_calibration.agreement.pairs import coefficient_names
from judge_calibration.definitions import Definition, definition_of, definitions
from judge_calibration.estimates import estimated
from judge_calibration.reporting.judge_section import NAMES as OF_JUDGES
from judge_calibration.reporting.rater_section import BINARY_NAMES as OF_BINARY
from judge_calibration.reporting.rater_section import NAMES as OF_RATERS

FOLDER = Path(judge_calibration.definitions.__file__).parent / "definitions_data"
NAMED = sorted({*FIGURES, *OF_JUDGES, *OF_RATERS, *OF_BINARY})
FILES = ("agreement.json", "reliability.json")
INTERVALS = ("jackknife", "Wilson", "F", "none", "from the F interval")


@pytest.mark.parametrize("name", NAMED)
def test_every_statistic_that_is_told_is_defined(name: str) -> None:
    assert definition_of(name).name == name
    assert estimated(name, 0.5).as_json()["definition"] == f"def:{name}@1"


def test_every_family_tells_only_what_is_defined() -> None:
    families = all_families(studies(12, seed=1), items(12)).values()
    for name in chain(
        *(family.names for family in families), *map(coefficient_names, ("ordinal", "binary", "nominal"))
    ):
        parts = name.split("|")
        known = parts[1] if parts[0] in {"human", "judge"} else parts[0]
        assert known in definitions(), name


@pytest.mark.parametrize("known", definitions().values(), ids=lambda known: known.name)
def test_a_definition_is_complete(known: Definition) -> None:
    assert known.label
    assert known.means.endswith(".")
    assert known.means[0].isupper() or known.means[0].isdigit()
    assert len(known.means) < 200  # one sentence for a physician
    assert known.formula
    assert "\n" not in known.formula
    assert known.source
    assert known.min_n >= 1
    assert set(known.elsewhere) == {key.strip() for key in known.elsewhere}
    assert not known.label.endswith(".")


@pytest.mark.parametrize("file", FILES)
def test_an_alias_means_one_statistic_of_its_family(file: str) -> None:
    known = [definition_of(name) for name in json.loads((FOLDER / file).read_text("utf-8"))]
    aliases = [alias for each in known for alias in each.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(definitions())


def test_the_families_of_this_package_say_how_their_intervals_are_made() -> None:
    for file in FILES:
        for name in json.loads((FOLDER / file).read_text("utf-8")):
            assert definition_of(name).interval.startswith(INTERVALS), name


@pytest.mark.parametrize(
    ("name", "program", "called"),
    [
        ("loa_low", "MedCalc", "Bland-Altman plot"),
        ("loa_high", "pingouin", "plot_blandaltman"),
        ("icc_1", "MedCalc", "One-way random, single"),
        ("icc_1k", "SPSS", "One-way random, average"),
        ("icc_1k", "MedCalc", "One-way random, average"),
        ("icc_c1", "MedCalc", "consistency, single"),
        ("icc_ak", "MedCalc", "absolute agreement, average"),
        ("icc_ck", "MedCalc", "consistency, average"),
    ],
)
def test_a_statistic_is_found_under_its_name_in_another_program(name: str, program: str, called: str) -> None:
    assert definition_of(name).elsewhere[program] == called


@pytest.mark.parametrize("program", ["psych", "irr", "SPSS", "MedCalc", "pingouin"])
def test_every_program_that_has_one_form_of_the_icc_has_a_name_for_all(program: str) -> None:
    forms = [definition_of(f"icc_{form}") for form in ("1", "a1", "c1", "1k", "ak", "ck")]
    names = [form.elsewhere.get(program) for form in forms]
    assert None not in names
    assert len(set(names)) == len(names)


def test_labels_are_told_apart() -> None:
    labels = [known.label for known in definitions().values()]
    assert len(labels) == len(set(labels))


def test_definitions_are_plain_data() -> None:
    for known in definitions().values():
        document = known.as_json()
        assert json.loads(json.dumps(document)) == document
        assert document["definition"] == known.address


def test_an_unknown_name_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        definition_of("kappa")


def test_no_figure_is_called_by_an_adjective() -> None:
    """Landis and Koch's words (substantial, moderate, fair) are nowhere: the figure stands for itself."""
    for file in FOLDER.glob("*.json"):
        text = file.read_text("utf-8").lower()
        assert not any(
            f"{word} agreement" in text for word in ("substantial", "moderate", "fair", "excellent", "good")
        )


def test_least_numbers_suit_the_interval() -> None:
    """A share has an interval from one item; a coefficient from ten."""
    assert {definition_of(name).min_n for name in ("exact", "within_1", "gross_error")} == {1}
    assert {
        definition_of(name).min_n for name in ("kappa_quadratic", "alpha_ordinal", "icc_a1", "pearson")
    } == {10}
    assert definition_of("bias").min_n == 2
