"""Opens what a run needs, runs it, and leaves the folder with a summary, however it ended."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from judge_client.address import checked
from judge_client.patience import Patience
from judge_client.run.aiohttp_transport import AiohttpTransport
from judge_client.run.endpoint import ModelUnderTest
from judge_client.run.folder import opened, write_whole
from judge_client.run.judging import client_of, instrument_of
from judge_client.run.litellm_transport import LiteLLMTransport
from judge_client.run.page import page
from judge_client.run.pipeline import Pipeline
from judge_client.run.summary import summarise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from judge_client import AsyncJudgeClient
    from judge_client.run.folder import RunFolder
    from judge_client.run.items import Dataset
    from judge_client.run.pipeline import Watch
    from judge_client.run.plan import Model, Plan


async def run(
    plan: Plan, out: Path, watch: Watch, *, told: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Go on with the run in a folder, or begin it there; gives its summary. Raises `GaveUp`, `OtherSettings`."""
    async with _open(plan) as (model, judge):
        needed = any(item.kind == "open" for item in plan.dataset.items)
        instrument = await instrument_of(judge, plan.judge) if needed else {}
        settings = plan.settings(instrument)
        with opened(out, settings, plan.about()) as folder:
            if folder.under_way():
                told(
                    f"{folder.under_way()} calls were under way when this run was cut; they may have been paid."
                )
            pipeline = Pipeline(plan, folder, model, judge, watch)
            try:
                with _interruptible(pipeline.stop, told):
                    await pipeline.run()
            finally:
                summary = summarise(plan, folder, settings)
                write_whole(
                    out / "summary.json", json.dumps(summary, ensure_ascii=False, indent=1, allow_nan=False)
                )
                _draw(out / "page.html", summary, plan.dataset, folder, told)
    return summary


def _draw(
    path: Path, summary: dict[str, Any], data: Dataset, folder: RunFolder, told: Callable[[str], None]
) -> None:
    """Write the page. Where that fails all else is there, and how the run ended is what the caller has to hear."""
    try:
        write_whole(path, page(summary, data, folder))
    except Exception as exc:  # noqa: BLE001  it draws whatever data sets and services say
        path.unlink(missing_ok=True)  # the page of an earlier session would pass for this one's
        told(
            f"The page could not be made ({type(exc).__name__}): {path.parent / 'summary.json'} has its figures."
        )


@asynccontextmanager
async def _open(plan: Plan) -> AsyncIterator[tuple[ModelUnderTest, AsyncJudgeClient]]:
    async with AsyncExitStack() as stack:
        model = model_of(plan.model)
        stack.push_async_callback(model.aclose)
        transport = AiohttpTransport(checked(plan.judge.url), plan.judge.concurrency)
        judge = await stack.enter_async_context(client_of(plan.judge, transport))
        yield model, judge


def model_of(model: Model) -> ModelUnderTest:
    """The model under test, over connections of its own."""
    patience = Patience(deadline_s=model.timeout_s, tries=model.tries)
    url = None if model.url is None else checked(model.url)
    if model.provider == "litellm":
        return ModelUnderTest(LiteLLMTransport(url, model.key), {}, patience)
    if url is None:
        raise ValueError("a model without an address: litellm may know one, nobody else does")
    headers = {"authorization": f"Bearer {model.key}"} if model.key else {}
    return ModelUnderTest(AiohttpTransport(url, model.concurrency), headers, patience)


@contextmanager
def _interruptible(stop: Callable[[], None], told: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C ends the run in order, the second at once."""
    loop, task, seen = asyncio.get_running_loop(), asyncio.current_task(), [0]

    def heard() -> None:
        seen[0] += 1
        if seen[0] == 1:
            told("Stopping: calls under way are waited for, since they are paid. Again to stop at once.")
            stop()
        elif task is not None:
            task.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in numbers:
            loop.add_signal_handler(number, heard)
    except (NotImplementedError, ValueError, RuntimeError):  # not on this system, or not in the main thread
        yield
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
