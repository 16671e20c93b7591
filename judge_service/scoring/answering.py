"""What the scorer needs of whatever answers: a judge, a panel of judges, a cascade of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from judge_service.errors import UnfitCase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from judge_service.domain.rubric import ScoreFrom
    from judge_service.scoring.judge import Matter
    from judge_service.scoring.judgement import Judgement


class Facts(Protocol):
    """What is known of a judge before it is asked; the settings of a single judge have it all."""

    @property
    def kind(self) -> str: ...
    @property
    def model(self) -> str | None: ...
    @property
    def images(self) -> bool: ...
    @property
    def max_images(self) -> int: ...
    @property
    def max_image_pixels(self) -> int | None: ...
    @property
    def max_concurrency(self) -> int: ...
    @property
    def is_llm(self) -> bool: ...
    @property
    def varies(self) -> bool: ...
    @property
    def tells_chances(self) -> bool: ...
    @property
    def instrument(self) -> str: ...
    @property
    def families(self) -> frozenset[str]: ...
    @property
    def sampling(self) -> dict[str, object]: ...
    def answers_for(self, model: str | None) -> bool: ...


class Configured(Protocol):
    """A judge under its name. `identity` is a digest of what it is, and not of what it is called."""

    @property
    def name(self) -> str: ...
    @property
    def spec(self) -> Facts: ...
    @property
    def identity(self) -> str: ...
    @property
    def model(self) -> str | None: ...


class Answering(Configured, Protocol):
    """A judge that can be put a matter."""

    async def judge(self, matter: Matter, *, cache: str, deadline: float) -> Judgement:
        """Verdicts on every criterion of the matter; a failure is a judgement too."""
        ...


@dataclass(frozen=True, slots=True)
class CompositeFacts:
    """What is known of a judge that is made of judges: it sees what all of them see."""

    kind: str
    model: str
    images: bool
    max_images: int
    max_image_pixels: int | None
    max_concurrency: int
    is_llm: bool
    varies: bool
    tells_chances: bool
    families: frozenset[str]
    sampling: dict[str, object]

    @classmethod
    def of(cls, kind: str, parts: Iterable[Configured], sampling: dict[str, object]) -> CompositeFacts:
        """Gather what is known of the parts; their order changes nothing but what `sampling` says."""
        judges = tuple(parts)
        caps = (one.spec.max_image_pixels for one in judges)
        pixels = [most for most in caps if most is not None]
        return cls(
            kind=kind,
            model=" + ".join(sorted(one.model or one.spec.kind for one in judges)),
            images=all(one.spec.images for one in judges),
            max_images=min(one.spec.max_images for one in judges),
            max_image_pixels=min(pixels, default=None),
            max_concurrency=min(one.spec.max_concurrency for one in judges),
            is_llm=all(one.spec.is_llm for one in judges),
            varies=all(one.spec.varies for one in judges),
            tells_chances=all(one.spec.tells_chances for one in judges),
            families=frozenset().union(*(one.spec.families for one in judges)),
            sampling=sampling,
        )

    @property
    def instrument(self) -> str:
        """Its kind: no single judge is the instrument."""
        return self.kind

    def answers_for(self, model: str | None) -> bool:
        """Only under the one name that its parts' models make together."""
        return model == self.model


def check_samples(judge: Configured, samples: int, score_from: ScoreFrom) -> None:
    """Refuse, before anybody is asked, what the judge cannot give: `UnfitCase`."""
    if samples > 1 and not judge.spec.varies:
        raise UnfitCase(
            f"judge {judge.name!r} is not asked several times, for it, or a judge it is made of, says the same each "
            "time; samples above 1 need a language model with a temperature above 0"
        )
    if score_from == "expected" and samples == 1 and not judge.spec.tells_chances:
        raise UnfitCase(
            f"the rubric's total is of expected levels, and judge {judge.name!r} gives no distribution: "
            "set its logprobs, or ask with samples and a temperature above 0"
        )
