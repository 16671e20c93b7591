"""What a judge sends and what the caller gets for it: every reply shape through the whole service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import pytest_asyncio
from serving import Client, Reply, openai_judge, serving
from stubjudge import Call, StubJudge
from stubshapes import MARKER, RATE_LIMITS, SHAPES, Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.clocked]

DEADLINE_MS = 900
AT_ONCE = 8  # shapes: a deadline is about one judge, and not about how many share a processor


class Told(NamedTuple):
    """What the caller is told: the outcome, and whether it is an answer or an error."""

    outcome: str
    status: int = 200
    retryable: bool = False


SOUND = Told("scored")
ABSTAINED = Told("abstained")
UNPARSABLE = Told("unparsable")
TRUNCATED = Told("truncated")
REFUSED = Told("refused")
REJECTED_INPUT = Told("rejected_input")
REJECTED = Told("provider_error", 502)
BUSY = Told("provider_error", 503, retryable=True)
AWAY = Told("provider_error", 502, retryable=True)
LATE = Told("timeout", 504, retryable=True)

EXPECTED: dict[str, Told] = {
    **dict.fromkeys(
        ["normal", "parts", "no_usage", "reasoning_field", "fenced", "think_closed", "wrong_content_type"],
        SOUND,
    ),
    "raw_control_character": SOUND,
    "abstains": ABSTAINED,
    "off_scale": Told("off_scale"),
    **dict.fromkeys(
        [
            "two_objects",
            "injected_echo",
            "prose",
            "array",
            "duplicate_level",
            "duplicate_criterion",
            "extra_key",
        ],
        UNPARSABLE,
    ),
    **dict.fromkeys(
        ["extra_criterion", "missing_criterion", "missing_level", "rationale_number"], UNPARSABLE
    ),
    **dict.fromkeys(["evidence_text", "level_text", "level_true", "level_float", "level_nan"], UNPARSABLE),
    **dict.fromkeys(["level_list", "finish_unknown", "empty", "null"], UNPARSABLE),
    **dict.fromkeys(["truncated", "length_though_parseable", "stop_at_cap", "finish_max_tokens"], TRUNCATED),
    **dict.fromkeys(["null_at_cap", "think_unclosed"], TRUNCATED),
    **dict.fromkeys(["refusal", "content_filter", "filter_azure"], REFUSED),
    **dict.fromkeys(
        ["context_openai", "context_vllm", "context_vllm_old", "context_anthropic"], REJECTED_INPUT
    ),
    **dict.fromkeys(
        ["context_azure", "image_text_model", "image_unreadable", "image_too_many"], REJECTED_INPUT
    ),
    **dict.fromkeys(["bad_request", "bad_request_bare", "unprocessable"], REJECTED),
    **dict.fromkeys(["unauthorized", "forbidden", "unknown_model"], REJECTED),
    **dict.fromkeys(RATE_LIMITS, BUSY),
    **dict.fromkeys(["timeout_408", "conflict_409", "early_425", "fault_500", "fault_500_html"], AWAY),
    **dict.fromkeys(
        ["gateway_502", "gateway_504", "reset", "cut", "no_http", "garbage_json", "garbage_html"], AWAY
    ),
    **dict.fromkeys(["empty_body", "no_choices", "error_in_200", "content_number", "huge"], AWAY),
    **dict.fromkeys(["drip", "silence"], LATE),
}
UNKNOWN = {"finish_null"}  # servers differ; it may be read or refused, and never guessed


class World(NamedTuple):
    """A service whose judges each misbehave in one way, and the stub behind them."""

    client: Client
    stub: StubJudge

    async def ask(self, shape: str, **fields: Any) -> Reply:
        return await self.client.score(judge=shape, deadline_ms=DEADLINE_MS, **fields)

    def calls(self, shape: str) -> int:
        return sum(call.body["model"] == shape for call in self.stub.calls)


def by_model(call: Call) -> Shape:
    return SHAPES[call.body["model"]]


class Round(NamedTuple):
    """The same question three times: asked, looked up, asked again; with the calls each asking cost."""

    first: Reply
    kept: Reply
    again: Reply
    calls: tuple[int, int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with StubJudge(choose=by_model) as stub:
        # Each shape is a judge of its own, for one that fails closes its gate to those who come after.
        judges = {shape: openai_judge(stub.url, model=shape) for shape in SHAPES}
        async with serving(judges) as client:
            yield World(client, stub)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rounds(world: World) -> dict[str, Round]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(shape: str) -> Round:
        async with turns:
            return await _round(world, shape)

    played = await asyncio.gather(*(in_turn(shape) for shape in SHAPES))
    return dict(zip(SHAPES, played, strict=True))


async def _round(world: World, shape: str) -> Round:
    first = await world.ask(shape)
    asked = world.calls(shape)
    kept = await world.ask(shape, cache="only")
    again = await world.ask(shape)
    return Round(first, kept, again, (asked, world.calls(shape) - asked))


async def test_every_shape_has_its_expectation() -> None:
    assert set(SHAPES) == set(EXPECTED) | UNKNOWN


@pytest.mark.parametrize("shape", sorted(EXPECTED))
async def test_a_reply_becomes_exactly_its_outcome(rounds: dict[str, Round], shape: str) -> None:
    told, reply = EXPECTED[shape], rounds[shape].first
    assert (reply.status, reply.body["outcome"]) == (told.status, told.outcome)
    assert MARKER.encode() not in reply.raw
    if told.status == 200:
        assert isinstance(reply.body["score"], float) is (told is SOUND)
        assert told is SOUND or (reply.body["score"] is None and reply.body["reason"])
    else:
        _is_a_problem(reply, told)


def _is_a_problem(reply: Reply, told: Told) -> None:
    assert reply.kind == "application/problem+json"
    assert reply.body["retryable"] is told.retryable
    assert reply.body["type"].startswith("urn:judge-service:problem:judge-")
    assert "score" not in reply.body
    if told.status == 503:
        assert int(reply.headers["Retry-After"]) >= 1
    if not told.retryable:
        assert "Retry-After" not in reply.headers


@pytest.mark.parametrize("shape", sorted(EXPECTED))
async def test_only_the_judges_own_decision_is_kept(rounds: dict[str, Round], shape: str) -> None:
    first, kept, again, (asked, asked_again) = rounds[shape]
    assert asked >= 1
    if EXPECTED[shape] in {SOUND, ABSTAINED}:
        assert (kept.body["provenance"]["cache"], again.body["provenance"]["cache"]) == ("hit", "hit")
        assert kept.body["criteria"] == again.body["criteria"] == first.body["criteria"]
        assert asked_again == 0
    else:
        assert (kept.status, kept.body["type"]) == (404, "urn:judge-service:problem:cache-miss")
        # A judge that asked for patience is left alone for that time; every other one is asked anew. Whether
        # the rest of that time fits into the second request's own decides which of the two it hears.
        heard = {(first.status, first.body["outcome"])} | (
            {(504, "timeout")} if shape in RATE_LIMITS else set()
        )
        assert (again.status, again.body["outcome"]) in heard
        assert asked_again >= 1 or shape in RATE_LIMITS


async def test_a_reply_whose_end_is_not_told_is_never_guessed(world: World) -> None:
    reply = await world.ask("finish_null")
    assert reply.status == 200
    assert (reply.body["outcome"], reply.body["score"]) in [("scored", 40.0), ("unparsable", None)]


@pytest.mark.parametrize(("shape", "seconds"), [("rate_seconds", 7), ("rate_ms", 2), ("rate_date", 30)])
async def test_the_callers_retry_after_is_the_judges(
    rounds: dict[str, Round], shape: str, seconds: int
) -> None:
    assert seconds - 2 <= int(rounds[shape].first.headers["Retry-After"]) <= seconds


async def test_one_criterion_of_another_type_takes_the_total_and_not_its_neighbours(world: World) -> None:
    missing = await world.ask("missing_criterion", partial="renormalise", case={"prompt": "Partly?"})
    verdicts = [verdict["outcome"] for verdict in missing.body["criteria"].values()]
    assert sorted(verdicts) == ["scored", "scored", "unparsable"]
    assert (missing.body["outcome"], missing.body["comparable"]) == ("scored", False)
    assert len(missing.body["left_out"]) == 1


async def test_a_score_tells_where_it_came_from(world: World) -> None:
    body = (
        await world.ask("normal", case={"id": "mine", "prompt": "From where?"}, metadata={"run": "r7"})
    ).body
    provenance = body["provenance"]
    assert (body["case_id"], body["metadata"], provenance["judge"]) == ("mine", {"run": "r7"}, "normal")
    assert (provenance["model"], provenance["model_fingerprint"]) == ("normal-001", "fp_stub")
    assert (provenance["judge_kind"], provenance["is_llm"], provenance["instrument"]) == (
        "openai",
        True,
        "llm",
    )
    assert (provenance["schema_mode"], provenance["mode"], provenance["cache"]) == (
        "json_schema",
        "text",
        "miss",
    )
    assert provenance["usage"] == {"input_tokens": 321, "output_tokens": 77}
    assert [attempt["outcome"] for attempt in provenance["attempts"]] == ["ok"]
    assert body["score"] == pytest.approx(
        sum(v["value"] * v["weight"] for v in body["criteria"].values()) / 6
    )


async def test_an_answer_that_cannot_be_read_is_asked_for_once_more(world: World) -> None:
    before = world.calls("prose")
    reply = await world.ask("prose", case={"prompt": "Once more?"})
    assert [attempt["outcome"] for attempt in reply.body["provenance"]["attempts"]] == ["unparsable"] * 2
    assert world.calls("prose") == before + 2


async def test_a_hundred_shapes_at_once_do_not_mix(world: World) -> None:
    shapes = [name for name, told in EXPECTED.items() if told.status == 200] * 3
    cases = [{"prompt": f"At once {at}"} for at in range(len(shapes))]
    replies = await asyncio.gather(
        *(world.client.score(judge=shape, case=case) for shape, case in zip(shapes, cases, strict=True))
    )
    assert [reply.body["outcome"] for reply in replies] == [EXPECTED[shape].outcome for shape in shapes]
