"""Builds the application: the only place where objects are made, handed to each other, and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic.json_schema import models_json_schema

from judge_service import __version__
from judge_service.api import batches, comparisons, health, jobs, problems, rubrics, scores, versions
from judge_service.api import judges as probes
from judge_service.api.batch_answers import BatchEnd
from judge_service.api.calibration import maps, operations, reports, studies, swap
from judge_service.api.calibration.answers import ANSWERS
from judge_service.api.calibration.map_answers import MAP_ANSWERS
from judge_service.api.calibration.orders import ORDERS
from judge_service.api.fronts import batches as openai_batches
from judge_service.api.fronts import files, graders, nemo, openrlhf, promptfoo
from judge_service.api.fronts.grader_orders import GraderRunOrder, GraderValidateOrder
from judge_service.api.fronts.openrlhf import RewardOrder
from judge_service.api.fronts.orders import BatchOrder
from judge_service.api.fronts.promptfoo import AssertionOrder
from judge_service.api.fronts.telling import FrontProblem
from judge_service.api.middleware import Envelope
from judge_service.api.state import State, remembered
from judge_service.calibrations.archive import Archive, shipped_maps
from judge_service.calibrations.desk import Desk
from judge_service.calibrations.library import Library
from judge_service.domain.batch import BatchRequest
from judge_service.domain.comparison import ComparisonRequest
from judge_service.domain.job import BYTES_CAP
from judge_service.domain.looking import ProbeRequest
from judge_service.domain.request import ScoreRequest
from judge_service.errors import ConfigurationError
from judge_service.images import ImageOpener
from judge_service.jobs.file_desk import FileDesk
from judge_service.jobs.opening import open_shelf
from judge_service.judgement_cache import StoredJudgements
from judge_service.judges import NO_DOORS, open_lines, version_of, with_composites
from judge_service.observation import Observation
from judge_service.price_table import load_prices
from judge_service.probing import probed, unprobed
from judge_service.prompts import Prompts
from judge_service.rubric_files import load_pinned
from judge_service.scoring.judge import Judge
from judge_service.scoring.looking import Looker
from judge_service.scoring.scorer import Scorer
from judge_service.settings import Settings, load_settings
from judge_service.stores.flights import Flights
from judge_service.stores.opening import open_store
from judge_service.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from judge_service.domain.judge import JudgeSpec
    from judge_service.judges import Door

OpenState = Callable[[Settings, Observation], AbstractAsyncContextManager[State]]
SLOTS = 96  # half as many again as a judge takes calls: an item is with its judge most of its time, not all
# What is read as it comes; the job's or file's own cap speaks first.
_STREAMED = {"/v1/jobs": BYTES_CAP + 2**20, "/v1/files": BYTES_CAP + 2**20}
# An item of a job that its worker died over is asked again when the lease of its question is over as well.
_LEASE_S = 30.0
_LEAST_LEASE_S = 1.0
_ABOUT = """\
Puts a model's free-text answer before a judge and answers with verdicts per criterion, a weighted score and
where it all came from. **A score is either honest or null**: a refusal, a cut or unreadable reply, a timeout
or an outage is a typed outcome with a reason, and never a number.
"""


@asynccontextmanager
async def open_state(
    settings: Settings, observation: Observation, doors: Mapping[str, Door] = NO_DOORS
) -> AsyncIterator[State]:
    """Open what requests need; whatever was opened is closed again, also when a later part fails to open."""
    settings = await probed(settings)
    async with AsyncExitStack() as stack:
        stored = load_pinned(settings.rubrics_dir)
        store = await stack.enter_async_context(open_store(settings.store_url))
        flights = Flights(
            store,
            lease_s=min(max(settings.job_lease_s, _LEAST_LEASE_S), _LEASE_S),
            ttl_s=settings.cache_ttl_days * 86_400,
            on_event=observation.flight,
        )
        stack.push_async_callback(flights.aclose)
        prices = load_prices(settings.prices)
        lines = await stack.enter_async_context(open_lines(settings.judges, observation, prices, doors))
        prompts = Prompts(settings.fence_key.get_secret_value().encode(), stored.pairwise)
        prompts.prepare(stored.all())
        cache = StoredJudgements(flights)

        def opened(name: str, spec: JudgeSpec) -> Judge:
            version = doors[name].version if name in doors else version_of(spec)
            return Judge(name, spec, lines[name][1], prompts, cache, version=version)

        judges = with_composites(settings.judges, opened)
        archive = Archive(store, shipped_maps(settings.calibration_maps_dir))
        opener = ImageOpener(settings.image_budget_mib * 1024 * 1024)
        scorer = Scorer(stored, judges, opener, archive)
        desk = Desk(archive, Library(), scorer)
        stack.push_async_callback(desk.aclose)
        pings = {"store": store.ping} | {
            f"judge:{name}": remembered(backend.ping) for name, (backend, _) in lines.items()
        }
        yield State(
            scorer=scorer,
            looker=Looker(scorer, opener),
            desk=desk,
            observation=observation,
            pings=pings,
            draining=lambda: False,
        )


def check(settings: Settings) -> None:
    """Open and close everything, as a start would; raises `ConfigurationError`. No judge is asked."""

    async def opened() -> None:
        async with open_state(unprobed(settings), Observation()):
            pass

    asyncio.run(opened())


def create_app(
    settings: Settings,
    open_state: OpenState = open_state,
    draining: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """Wire routes, problems and lifespan; nothing is opened before the application starts."""
    observation = Observation()

    app = FastAPIOffline(
        redoc_url=None,
        title="Judge Service",
        version=__version__,
        description=_ABOUT,
        lifespan=_lifespan(settings, observation, open_state, draining, slots=slots_of(settings)),
    )
    app.router.redirect_slashes = False  # a redirect would be an answer that no document promises
    calibration = (studies, reports, maps, operations, swap)
    fronts = (files, openai_batches, graders, openrlhf, nemo, promptfoo)
    for part in (
        scores,
        batches,
        jobs,
        *fronts,
        comparisons,
        rubrics,
        probes,
        *calibration,
        versions,
        health,
    ):
        app.include_router(part.router)
    problems.install(app)
    app.add_middleware(
        Envelope, observation=observation, body_cap=settings.body_cap_mib * 1024 * 1024, caps=_STREAMED
    )
    _describe_bodies(app)
    return app


def create_worker(
    settings: Settings,
    open_state: OpenState = open_state,
    draining: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """Wire a process that works on jobs, and over HTTP only tells how it is."""
    observation = Observation()
    slots = SLOTS if settings.job_slots is None else settings.job_slots
    _refuse_to_idle(settings.store_url, slots)
    opened = _lifespan(settings, observation, open_state, draining, slots=slots, needs=frozenset({"store"}))
    app = FastAPI(
        title="Judge Service worker", version=__version__, lifespan=opened, docs_url=None, redoc_url=None
    )
    app.include_router(health.router)
    problems.install(app)
    app.add_middleware(Envelope, observation=observation, body_cap=2**16, caps={})
    return app


def _refuse_to_idle(store_url: str, slots: int) -> None:
    """A worker that no job could ever reach would only seem to work."""
    if store_url.startswith("memory://"):
        raise ConfigurationError(
            "a worker needs a store that servers share with it, and memory:// is seen by one process alone: set "
            "JUDGE_SERVICE_STORE_URL to file:///path or redis://host:6379/0"
        )
    if not slots:
        raise ConfigurationError(
            "a worker with JUDGE_SERVICE_JOB_SLOTS=0 would take no item; give it at least 1"
        )


def _lifespan(
    settings: Settings,
    observation: Observation,
    open_state: OpenState,
    draining: Callable[[], bool],
    *,
    slots: int,
    needs: frozenset[str] = frozenset(),
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]:
    """Open everything when the application starts, a worker last, and close it when it stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with (
            open_state(settings, observation) as state,
            open_shelf(settings.store_url) as shelf,
            open_workshop(
                settings,
                state["scorer"],
                observation,
                slots=slots,
                sweep=shelf.sweep,
                draining=draining,
            ) as desk,
        ):
            yield {**state, "draining": draining, "jobs": desk, "files": FileDesk(shelf), "needs": needs}

    return lifespan


def slots_of(settings: Settings) -> int:
    """How many items of jobs a server works on: as set, or none where workers share its store."""
    shared = not settings.store_url.startswith(("memory://", "file://"))
    return (0 if shared else SLOTS) if settings.job_slots is None else settings.job_slots


def app_from_environment() -> FastAPI:
    """Make the application with settings from the environment: uvicorn's factory."""
    return create_app(load_settings())


def _describe_bodies(app: FastAPI) -> None:
    """Put the schemas of bodies that routes read and write themselves into the OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            _, schemas = models_json_schema(
                [
                    (ScoreRequest, "validation"),
                    (BatchRequest, "validation"),
                    (BatchEnd, "serialization"),
                    (ProbeRequest, "validation"),
                    (ComparisonRequest, "validation"),
                    (BatchOrder, "validation"),
                    (GraderRunOrder, "validation"),
                    (RewardOrder, "validation"),
                    (AssertionOrder, "validation"),
                    (GraderValidateOrder, "validation"),
                    (problems.Problem, "serialization"),
                    (FrontProblem, "serialization"),
                    *((order, "validation") for order in ORDERS),
                    *((answer, "serialization") for answer in (*ANSWERS, *MAP_ANSWERS)),
                ],
                ref_template="#/components/schemas/{model}",
            )
            document["components"]["schemas"].update(schemas["$defs"])
            _drop_foreign_faults(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _drop_foreign_faults(document: dict[str, Any]) -> None:
    """Take out the framework's own 422, which no route answers with: faults are problems here."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for routes in document["paths"].values():
        for operation in routes.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
