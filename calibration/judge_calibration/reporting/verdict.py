"""What the figures say in one sentence: the number, its interval, the ceiling; never an adjective alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from judge_calibration.definitions import definition_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.reporting.judge_section import JudgeSection
    from judge_calibration.reporting.options import Options

Standing = Literal["like_a_physician", "worse_than_a_physician", "undetermined", "no_ceiling"]

_WORDS: Mapping[Standing, str] = {
    "like_a_physician": "agrees with the physicians about as well as they agree with each other",
    "worse_than_a_physician": "agrees with the physicians less than they agree with each other",
    "undetermined": "is neither shown to agree like a physician nor to fall short of one",
    "no_ceiling": "has no physicians' agreement beside it",
}


def verdict(section: JudgeSection, options: Options) -> dict[str, object]:
    """Where the judge stands beside the ceiling, the test's outcome, and the sentence for physicians.

    `like_a_physician`: the interval of judge minus ceiling lies above -margin. `worse_than_a_physician`: it
    lies below zero and reaches past -margin. `no_ceiling`: physicians have no such figure. Else `undetermined`, and
    always where physicians agree no more than by chance: to be like them would say nothing.
    """
    row: Mapping[str, Any] | None = section.ceiling[0] if section.ceiling else None
    standing = standing_of(row, options.ceiling_margin)
    return {
        "standing": standing,
        "statistic": row["statistic"] if row else None,
        "margin": options.ceiling_margin,
        "alt_test_passes": section.alt_test.passes,
        "sentence": _sentence(standing, row, section, options),
        "line": _line(standing, row, section),
    }


def standing_of(row: Mapping[str, Any] | None, margin: float) -> Standing:
    """The rule above on a row of the ceiling told as plain data; None where there is no row."""
    if row is None or row["human"]["estimate"] is None:
        return "no_ceiling"
    ci = row["difference"]["ci"]
    if ci is None or row["human"]["estimate"] <= 0:
        return "undetermined"
    if ci["low"] > -margin:
        return "like_a_physician"
    return "worse_than_a_physician" if ci["high"] < 0 else "undetermined"


def _sentence(
    standing: Standing, row: Mapping[str, Any] | None, section: JudgeSection, options: Options
) -> str:
    said = f"The judge {_WORDS[standing]}"
    if row is None:
        said += ": that needs two who rated the same items"
    else:
        label = definition_of(row["statistic"]).label
        said += f" ({label} {shown(row['judge'])} against {shown(row['human'])} among physicians)"
    parts = [said, _alternative(section, options), _bias(section)]
    return ". ".join(part for part in parts if part) + "."


def _line(standing: Standing, row: Mapping[str, Any] | None, section: JudgeSection) -> str:
    """The same in one line of a terminal."""
    parts = [standing.replace("_", " ")]
    if row is not None:
        parts.append(f"{row['statistic']} {shown(row['judge'])}, physicians {shown(row['human'])}")
    if section.alt_test.omega is not None:
        parts.append(f"ω {section.alt_test.omega:.2f}")
    bias = section.statistics["bias"].estimate
    return "; ".join(parts if bias is None else [*parts, f"bias {bias:+.2f}"])


def _alternative(section: JudgeSection, options: Options) -> str:
    test = section.alt_test
    if test.omega is None:
        return ""
    rho = section.statistics["alt_test_rho"].as_json()
    passed = "passes" if test.passes else "does not pass"
    return (
        f"It {passed} the alternative annotator test at ε = {options.epsilon:g} "
        f"(ω = {test.omega:.2f}, ρ = {shown(rho)})"
    )


def _bias(section: JudgeSection) -> str:
    bias = section.statistics["bias"].as_json()
    if bias["estimate"] is None:
        return ""
    value, ci = float(str(bias["estimate"])), bias["ci"]
    if value and isinstance(ci, dict) and ci["low"] <= 0 <= ci["high"]:
        size = f"{value:.2f} points" if abs(value) >= _SHOWN else "less than 0.01 points"
        return f"Its mean difference from the consensus is {size} {_interval(bias)}, in neither direction"
    direction = "higher than" if value > 0 else "lower than"
    size = f"{abs(value):.2f} points" if abs(value) >= _SHOWN else "less than 0.01 points"
    said = f"{size} {direction}" if value else "on average as high as"
    # Lower by so many points: the limits are told in the same direction.
    told = {"ci": {"low": -ci["high"], "high": -ci["low"]}} if value < 0 and isinstance(ci, dict) else bias
    return f"It scores {said} the consensus {_interval(told)}".rstrip()


_SHOWN = 0.005  # what two decimals tell from 0


def shown(statistic: Mapping[str, Any]) -> str:
    """A statistic with its interval, for a sentence."""
    if statistic["estimate"] is None:
        return f"undefined ({statistic['reason']})"
    return f"{_figure(statistic['estimate'])} {_interval(statistic)}".rstrip()


def _interval(statistic: Mapping[str, Any]) -> str:
    ci = statistic["ci"]
    return "" if ci is None else f"[{_figure(ci['low'])} to {_figure(ci['high'])}]"


def _figure(value: float) -> str:
    """Two decimals; what rounds to zero has no sign."""
    told = f"{value:.2f}"
    return told.lstrip("-") if float(told) == 0 else told
