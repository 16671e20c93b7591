"""GET /v1/rubrics and /v1/judges: what can be asked, of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from judge_service.api.problems import documented
from judge_service.api.state import TheScorer  # noqa: TC001  FastAPI reads it
from judge_service.domain.rubric import Criterion, Mode
from judge_service.prompts import answer_schema
from judge_service.rubric_store import StoredRubric  # noqa: TC001
from judge_service.scoring.cascade import Cascade
from judge_service.scoring.panel import Panel

if TYPE_CHECKING:
    from judge_service.scoring.answering import Answering

router = APIRouter(tags=["catalogue"])


class RubricSummary(BaseModel):
    """A rubric in one line."""

    id: str
    version: int
    title: str
    modes: tuple[Mode, ...]
    criteria: dict[str, float] = Field(description="Criterion id → weight.")
    digest: str


class RubricList(BaseModel):
    """Every rubric and version that can be asked for."""

    rubrics: list[RubricSummary]


class RubricDocument(BaseModel):
    """A rubric in full, with the template of its prompt and the schema of its answer."""

    id: str
    version: int
    title: str
    about: str
    modes: tuple[Mode, ...]
    aggregate: str
    criteria: tuple[Criterion, ...]
    digest: str
    prompt_digest: str
    template: str
    answer_schema: dict[str, object]


class JudgeSummary(BaseModel):
    """A configured judge; never its key or its address."""

    name: str
    kind: str
    model: str | None
    is_llm: bool
    instrument: str
    images: bool
    max_images: int | None = Field(
        description="Most images of one case; a case with more is refused. Null: it is shown none."
    )
    max_image_pixels: int | None = Field(
        description="Most pixels of one image, if it takes fewer than the service opens."
    )
    max_concurrency: int
    sampling: dict[str, object]
    made_of: tuple[str, ...] = Field(
        default=(), description="A panel's members, or the steps of a cascade in their order."
    )


class JudgeList(BaseModel):
    """Every judge a request may name."""

    judges: list[JudgeSummary]


@router.get("/v1/rubrics", summary="List the rubrics")
async def list_rubrics(scorer: TheScorer) -> RubricList:
    """Every rubric and version, with its weights and its digest."""
    return RubricList(rubrics=[_summary(stored) for stored in scorer.rubrics.all()])


@router.get("/v1/rubrics/{rubric_id}", summary="Read one rubric", responses=documented(404))
async def get_rubric(
    scorer: TheScorer,
    rubric_id: Annotated[
        str, Path(description="`id` for its latest version, or `id@version`.", examples=["med-cmr"])
    ],
) -> RubricDocument:
    """The whole rubric: criteria, anchors, template and answer schema."""
    stored = scorer.rubrics.get(rubric_id)
    rubric = stored.rubric
    return RubricDocument(
        id=rubric.id,
        version=rubric.version,
        title=rubric.title,
        about=rubric.about,
        modes=rubric.modes,
        aggregate=rubric.aggregate,
        criteria=rubric.criteria,
        digest=stored.digest,
        prompt_digest=stored.prompt_digest,
        template=stored.template,
        answer_schema=answer_schema(rubric.criteria),
    )


@router.get("/v1/judges", summary="List the judges")
async def list_judges(scorer: TheScorer) -> JudgeList:
    """Every configured judge, and what kind of thing it is."""
    return JudgeList(judges=[_judge_summary(judge) for _, judge in sorted(scorer.judges.items())])


def _judge_summary(judge: Answering | Cascade) -> JudgeSummary:
    spec = judge.spec
    sees = spec.images and spec.kind != "embedded"
    return JudgeSummary(
        name=judge.name,
        kind=spec.kind,
        model=spec.model,
        is_llm=spec.is_llm,
        instrument=spec.instrument,
        images=sees,
        max_images=spec.max_images if sees else None,
        max_image_pixels=spec.max_image_pixels if sees else None,
        max_concurrency=spec.max_concurrency,
        sampling=spec.sampling,
        made_of=judge.made_of if isinstance(judge, Panel | Cascade) else (),
    )


def _summary(stored: StoredRubric) -> RubricSummary:
    rubric = stored.rubric
    return RubricSummary(
        id=rubric.id,
        version=rubric.version,
        title=rubric.title,
        modes=rubric.modes,
        criteria={criterion.id: criterion.weight for criterion in rubric.criteria},
        digest=stored.digest,
    )
