"""Valid things by default, for tests; every field can be overridden by name."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image

from judge_service.backends.base import Completion, Prompt
from judge_service.domain.case import Case, Image
from judge_service.domain.judge import JudgeSpec
from judge_service.domain.request import ScoreRequest
from judge_service.domain.rubric import Criterion, Level, Rubric, Scale
from judge_service.domain.score import Attempt
from judge_service.domain.verdict import Scored, Unscored
from judge_service.rubric_store import StoredRubric
from judge_service.scoring.judge import Matter
from judge_service.scoring.judgement import Judgement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.verdict import UnscoredOutcome

REPOSITORY = Path(__file__).parent.parent
RUBRICS = REPOSITORY / "rubrics"
TEMPLATE = "Judge {{ rubric.title }} by {% for c in criteria %}{{ c.id }} {% endfor %}in mode {{ mode }}."


def a_scale(**fields: Any) -> Scale:
    levels = [{"label": label, "value": label / 5, "means": f"as good as {label}"} for label in range(6)]
    return Scale.model_validate({"kind": "ordinal", "levels": levels} | fields)


def a_nominal_scale(*labels: str) -> Scale:
    names = labels or ("supported", "not_addressed", "contradicted")
    return Scale(kind="nominal", levels=tuple(Level(label=name, means=f"it is {name}") for name in names))


def a_criterion(id: str = "accuracy", **fields: Any) -> Criterion:  # noqa: A002  the field's own name
    plain = {"id": id, "title": id.title(), "question": f"{id}?", "needs": ["response"], "scale": a_scale()}
    return Criterion.model_validate(plain | fields)


def a_rubric(*criteria: Criterion, **fields: Any) -> Rubric:
    plain = {
        "id": "plain",
        "version": 1,
        "title": "Plain",
        "about": "For tests.",
        "prompt": "prompts/plain.jinja",
        "modes": ("text", "image"),
        "criteria": criteria or (a_criterion("accuracy", weight=4), a_criterion("clarity")),
    }
    return Rubric.model_validate(plain | fields)


def a_stored_rubric(rubric: Rubric | None = None, template: str = TEMPLATE) -> StoredRubric:
    rubric = rubric or a_rubric()
    content = rubric.model_dump_json().encode() + template.encode()
    return StoredRubric(
        rubric=rubric,
        template=template,
        digest=hashlib.sha256(content).hexdigest(),
        prompt_digest=hashlib.sha256(template.encode()).hexdigest(),
    )


def a_case(**fields: Any) -> Case:
    return Case.model_validate(
        {"prompt": "What is it?", "response": "A fracture.", "reference": "A fracture."} | fields
    )


def a_request(case: Case | None = None, **fields: Any) -> ScoreRequest:
    return ScoreRequest.model_validate({"rubric": "plain", "case": case or a_case()} | fields)


def a_spec(**fields: Any) -> JudgeSpec:
    plain = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "judge-7b"}
    return JudgeSpec.model_validate(plain | fields)


def a_matter(case: Case | None = None, stored: StoredRubric | None = None, **fields: Any) -> Matter:
    stored = stored or a_stored_rubric()
    plain: dict[str, Any] = {"criteria": stored.rubric.criteria, "mode": "text"}
    return Matter(stored=stored, case=case or a_case(), **plain | fields)


def an_entry(level: object = 4, **fields: Any) -> dict[str, object]:
    return {"rationale": "Because.", "evidence": [], "level": level} | fields


def a_reply(criteria: Sequence[Criterion] | None = None, level: object = 4) -> str:
    """What a judge writes that gives every criterion the same level."""
    criteria = a_rubric().criteria if criteria is None else criteria
    return json.dumps({criterion.id: an_entry(level) for criterion in criteria})


def a_completion(text: str | None = None, **fields: Any) -> Completion:
    plain: dict[str, Any] = {"finish": "stop", "model": "judge-7b-0611", "schema_mode": "json_schema"}
    return Completion(text=a_reply() if text is None else text, **plain | fields)


def a_prompt(**fields: Any) -> Prompt:
    rubric = a_rubric()
    plain: dict[str, Any] = {
        "rubric": rubric,
        "criteria": rubric.criteria,
        "case": a_case(),
        "mode": "text",
        "system": "You judge.",
        "user": "Judge this.",
        "schema": {},
        "schema_name": "plain",
    }
    return Prompt(**plain | fields)


def a_verdict(value: float | None = 80.0, **fields: Any) -> Scored:
    return Scored.model_validate({"level": 4, "value": value, "weight": 1, "rationale": "Because."} | fields)


def an_unscored(outcome: UnscoredOutcome = "unparsable", **fields: Any) -> Unscored:
    return Unscored.model_validate({"outcome": outcome, "weight": 1, "reason": "no level"} | fields)


def an_attempt(**fields: Any) -> Attempt:
    return Attempt.model_validate({"outcome": "ok", "latency_ms": 12.5} | fields)


def a_judgement(**fields: Any) -> Judgement:
    """A complete one on the criteria of `a_rubric`."""
    plain: dict[str, Any] = {
        "verdicts": {"accuracy": a_verdict(weight=4), "clarity": a_verdict()},
        "model": "judge-7b-0611",
        "schema_mode": "json_schema",
        "attempts": (an_attempt(),),
        "keeps": True,
    }
    return Judgement(**plain | fields)


def a_picture(mode: str = "RGB", size: tuple[int, int] = (4, 3), colour: Any = None) -> PIL.Image.Image:
    return PIL.Image.new(mode, size, colour if colour is not None else 0)


def encoded(picture: PIL.Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def an_image(raw: bytes | None = None, kind: str = "png", **fields: Any) -> Image:
    raw = encoded(a_picture()) if raw is None else raw
    url = f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"
    return Image.model_validate({"url": url} | fields)
