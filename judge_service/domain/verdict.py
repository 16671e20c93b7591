"""What one judge decided: a level with its reason, or a typed reason why there is none."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# In the order in which a total that lacks several criteria names its own outcome: first what
# a caller can do something about by asking again, then by mending the case, then what the judge did.
UnscoredOutcome = Literal[
    "provider_error",
    "timeout",
    "cost_cap",
    "rejected_input",
    "missing_input",
    "refused",
    "truncated",
    "unparsable",
    "off_scale",
    "degenerate_response",
    "no_quorum",
    "no_distribution",
    "abstained",
    "needs_human",
]
Outcome = Literal["scored"] | UnscoredOutcome
Withheld = Literal["tokens_not_told", "level_not_located", "mass_unseen", "mass_impossible"]

FROZEN = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Disagreement(BaseModel):
    """How far the members of a panel that scored a criterion are apart. Nulls: there is nothing to compare."""

    model_config = FROZEN

    scored: int = Field(ge=1, description="Members that gave a level.")
    range: float | None = Field(default=None, description="Highest minus lowest value, in points.")
    sd: float | None = Field(
        default=None,
        description="Weighted standard deviation of the values, in points, with n below the line.",
    )
    share: float = Field(gt=0, le=1, description="Of their weight that is on the chosen level.")


class Scored(BaseModel):
    """The judge chose a level of the scale."""

    model_config = FROZEN

    outcome: Literal["scored"] = "scored"
    level: int | str = Field(description="The level's label on its scale.")
    value: float | None = Field(
        ge=0,
        le=100,
        description="100 times the level's, of a panel the members' weighted mean; null on a nominal scale.",
    )
    weight: float
    rationale: str = Field(description="The judge's reason, in its words.")
    evidence: tuple[str, ...] = Field(default=(), description="Quotations the judge leans on.")
    distribution: dict[str, float] | None = Field(
        default=None, description="Probability of each level, by its label, given that there is one."
    )
    expected: float | None = Field(
        default=None, ge=0, le=100, description="Mean of the levels' values under the distribution."
    )
    distribution_from: Literal["tokens", "samples", "guard", "members"] | None = Field(
        default=None,
        description="The tokens of one reply, several replies, the guard, which is in no doubt, or the members of "
        "a panel.",
    )
    distribution_mass: float | None = Field(
        default=None, description="Probability of the levels together; the rest was null, or not seen."
    )
    distribution_withheld: Withheld | None = Field(
        default=None, description="Why there is no distribution although one was asked for."
    )
    by: str | None = Field(
        default=None, description="Of a panel: the member whose reason and quotations these are."
    )
    disagreement: Disagreement | None = Field(default=None, description="Of a panel's members.")
    flags: tuple[str, ...] = ()


class Unscored(BaseModel):
    """There is no level, and this is why. It has no number and never gets one."""

    model_config = FROZEN

    outcome: UnscoredOutcome
    level: None = None
    value: None = None
    weight: float
    reason: str = Field(description="Why, in our words; it quotes nothing of the case.")
    rationale: str | None = Field(default=None, description="The judge's own words, when it abstains.")
    flags: tuple[str, ...] = ()


Verdict = Annotated[Scored | Unscored, Field(discriminator="outcome")]
