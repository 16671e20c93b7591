"""Judges that are made of judges: a panel asks all of its members, a cascade one step after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from judge_service.domain.judge import JudgeSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_MEMBERS = 16
Names = Annotated[tuple[str, ...], Field(min_length=2, max_length=MOST_MEMBERS)]
# So far apart and no further, so that a mean of points keeps its digits. Strict: `true` is no number.
Weight = Annotated[float, Field(ge=1e-6, le=1e6, strict=True)]


class PanelSpec(BaseModel):
    """The settings of a panel: judges that are all asked the same, and how their verdicts become one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["panel"]
    members: Names = Field(description="Names of configured judges, each of a kind that answers by itself.")
    quorum: int | None = Field(
        default=None,
        ge=1,
        strict=True,
        description="Members that must score a criterion. Default: more than half.",
    )
    weights: dict[str, Weight] | None = Field(
        default=None, description="Member → its weight, relative to the others'. Default: all alike."
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _differ("members", self.members)
        if self.needed > len(self.members):
            raise ValueError(f"a quorum of {self.quorum} is never reached by {len(self.members)} members")
        if self.weights is not None and set(self.weights) != set(self.members):
            odd = min(set(self.weights) ^ set(self.members))
            raise ValueError(f"weights name every member and nobody else: look at {odd!r}")
        return self

    @property
    def needed(self) -> int:
        """The quorum: how many members must score a criterion."""
        return self.quorum or len(self.members) // 2 + 1

    def weight(self, member: str) -> float:
        """What a member's verdict weighs."""
        return 1.0 if self.weights is None else self.weights[member]


class CascadeSpec(BaseModel):
    """The settings of a cascade: a cheap judge first, the next one where that is not sure enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["cascade"]
    steps: Names = Field(description="Names of configured judges or panels, in the order of asking.")
    escalate_width: float = Field(
        gt=0,
        le=100,
        strict=True,
        description="Go on where the score's interval is wider than this, in points.",
    )
    exhausted: Literal["answer", "needs_human"] = Field(
        default="answer", description="What the last step's answer is when that is not sure enough either."
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _differ("steps", self.steps)
        return self


AnySpec = Annotated[JudgeSpec | PanelSpec | CascadeSpec, Field(discriminator="kind")]


def check_composites(judges: Mapping[str, AnySpec]) -> None:
    """Raise ValueError unless everything that a panel or a cascade names is there and may stand there.

    A panel is made of plain judges, a cascade of plain judges and panels: so there are no circles.
    """
    composites = {name: spec for name, spec in judges.items() if not isinstance(spec, JudgeSpec)}
    for name, spec in composites.items():
        for part in parts_of(spec):
            if part not in judges:
                known = ", ".join(sorted(judges))
                raise ValueError(
                    f"{spec.kind} {name!r} names {part!r}, which is no configured judge ({known})"
                )
            if fault := _misplaced(spec, judges[part]):
                raise ValueError(f"{spec.kind} {name!r}: {part!r} {fault}")


def parts_of(spec: PanelSpec | CascadeSpec) -> tuple[str, ...]:
    """The names of what it is made of."""
    return spec.members if isinstance(spec, PanelSpec) else spec.steps


def concurrency(judges: Mapping[str, AnySpec], name: str) -> int:
    """How many cases a judge may be given at one time: what the narrowest of its parts takes."""
    spec = judges[name]
    if isinstance(spec, JudgeSpec):
        return spec.max_concurrency
    return min(concurrency(judges, part) for part in parts_of(spec))


def _misplaced(spec: PanelSpec | CascadeSpec, part: AnySpec) -> str | None:
    if isinstance(part, CascadeSpec):
        into = "name one of its steps" if isinstance(spec, PanelSpec) else "write out its steps"
        return f"is a cascade, which cannot stand in a {spec.kind}; {into} instead"
    if isinstance(part, PanelSpec) and isinstance(spec, PanelSpec):
        return "is a panel, which cannot stand in a panel; write out its members instead"
    return None


def _differ(field: str, names: tuple[str, ...]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{field} are different judges, and {twice!r} is named twice")
