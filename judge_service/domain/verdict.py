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
    "abstained",
]
Outcome = Literal["scored"] | UnscoredOutcome

FROZEN = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Scored(BaseModel):
    """The judge chose a level of the scale."""

    model_config = FROZEN

    outcome: Literal["scored"] = "scored"
    level: int | str = Field(description="The level's label on its scale.")
    value: float | None = Field(ge=0, le=100, description="100 times the level's; null on a nominal scale.")
    weight: float
    rationale: str = Field(description="The judge's reason, in its words.")
    evidence: tuple[str, ...] = Field(default=(), description="Quotations the judge leans on.")
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
