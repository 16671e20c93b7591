"""The door to Ray: parts of a file are scored by worker processes, of this machine or of a cluster."""

from __future__ import annotations

import importlib.util
import os
import signal
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from judge_service.domain.score import Failure
from judge_service.errors import ConfigurationError
from judge_service.files.asking import refused
from judge_service.files.records import Part, Reader, parts
from judge_service.files.rows import rows_of
from judge_service.files.spread import spread
from judge_service.files.worker import Task, Work, Worker, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from judge_service.files.asking import Asking, Order
    from judge_service.files.ledger import Ledger
    from judge_service.files.tally import Tally
    from judge_service.settings import Settings

PARTS_AT_A_TIME = (
    3  # in one worker: its rows at one time are shared, so that none waits for a part's slowest row
)
DIED = "the process that scored this row ended while it did, each of the times it was tried"
_ADDRESS = "RAY_ADDRESS"
# Ray reads these when it is imported: it tells its makers nothing, and people only what a run cannot tell them.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # no worker asks for a GPU, and none is hidden from it
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_LOG_LEVEL": "CRITICAL",
}
# Whoever reaches a Ray may run code in it: one of our own listens on loopback alone, and to who has its token.
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
_STORE_BYTES = 256 * 1024 * 1024  # of a local Ray, for answers on their way


def check_ray(order: Order) -> None:
    """Raise `ConfigurationError` where there is no Ray, or an order that cannot be shared out."""
    if importlib.util.find_spec("ray") is None:
        raise ConfigurationError(
            "--engine ray: Ray is not installed beside this service; install the extra judge-service[ray]"
        )
    if order.max_cost_usd is not None:
        raise ConfigurationError(
            "--engine ray: its workers share no purse, so that --max-cost-usd cannot be kept; leave one of the two"
        )
    if order.path.suffix.lower() == ".csv":
        raise ConfigurationError(
            f"--engine ray: {order.path.name} is CSV; give it .jsonl, .ndjson or .parquet"
        )


def score_on_ray(
    settings: Settings, asking: Asking, order: Order, ledger: Ledger, tally: Tally, told: Callable[[], None]
) -> None:
    """Score every row that the ledger does not hold yet, and count it; `told` is called after each.

    Parts whose worker dies twice are asked again row by row, and a row that then ends its worker once more has
    `worker_died` as its failure. The ledger is this process's alone. KeyboardInterrupt, at SIGTERM too, ends it.
    """
    with _started() as ray:
        plan = spread(settings, order.judge, order.concurrency, int(ray.cluster_resources().get("CPU", 1)))
        work = Work.shared(settings, order, plan)
        run = Run(ledger, tally, told)
        tasks = [_task(part, ledger) for part in parts(order.path, plan.rows)]
        run.take(_answers(ray, work, tasks, plan.workers, PARTS_AT_A_TIME))
        if lost := run.missing(tasks):
            alone = [_task(part, ledger) for part in parts(order.path, 1) if part.first in lost]
            run.take(_answers(ray, work, alone, plan.workers, 1))
            run.give_up(asking, order, [task.part for task in alone])


class Run:
    """What has come back of a run."""

    def __init__(self, ledger: Ledger, tally: Tally, told: Callable[[], None]) -> None:
        self._ledger = ledger
        self._tally = tally
        self._told = told
        self._back: set[int] = set()
        self._broken_off: set[int] = set()  # rows behind which their part could not be read

    def take(self, answers: Iterable[dict[str, Any]]) -> None:
        """Write down what workers said."""
        for packed in answers:
            answer, unread = unpacked(packed), len(self._tally.unread)
            self._ledger.holds(answer.row, answer.asked)  # refuses what answers another question
            self._tally.keep(answer, self._ledger)
            self._back.add(answer.row)
            if len(self._tally.unread) > unread:
                self._broken_off.add(answer.row)
            self._told()

    def missing(self, tasks: Iterable[Task]) -> set[int]:
        """Rows of which nothing has been heard."""
        missing = set[int]()
        for part in (task.part for task in tasks):
            for row in range(part.first, part.first + part.count):
                if row in self._broken_off:
                    break
                if row not in self._back:
                    missing.add(row)
        return missing

    def give_up(self, asking: Asking, order: Order, alone: Iterable[Part]) -> None:
        """Say of rows that were asked alone and ended their worker that this is what they do."""
        reader = Reader(order.path, order.columns)
        failure = Failure(code="worker_died", detail=DIED, retryable=True)
        for part in alone:
            if part.first in self._back:
                continue
            for row in rows_of(reader.read(part), order.path.parent, order.columns, part.first):
                answer = refused(row, asking.asked(row), DIED, outcome="provider_error", failure=failure)
                self._tally.keep(answer, self._ledger)
                self._told()


def _task(part: Part, ledger: Ledger) -> Task:
    return Task(part, ledger.held(range(part.first, part.first + part.count)))


def _answers(
    ray: Any, work: Work, tasks: Sequence[Task], workers: int, at_a_time: int
) -> Iterator[dict[str, Any]]:
    """What workers say to tasks, in any order.

    A task that ends its worker is tried once more and then given up; where each has its worker alone, at once.
    """
    pool = ray.data.ActorPoolStrategy(
        size=min(workers, len(tasks)),
        max_concurrent_calls_per_actor=at_a_time,
        max_tasks_in_flight_per_actor=at_a_time + (at_a_time > 1),
        enable_true_multi_threading=True,
    )
    source = ray.data.from_items([task.packed() for task in tasks], override_num_blocks=len(tasks))
    with warnings.catch_warnings():
        # How often to try again has no other place yet; pyproject.toml names the version that takes this one away.
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")
        rows = source.flat_map(
            Worker,
            fn_constructor_args=(work,),
            compute=pool,
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=int(at_a_time > 1),
        )
    yield from rows.iter_rows()


@contextmanager
def _started() -> Iterator[Any]:
    """A Ray that was started for this run, or the cluster that the environment names."""
    elsewhere = os.environ.get(_ADDRESS)
    for name, value in (_QUIET if elsewhere else _QUIET | _ALONE).items():
        os.environ.setdefault(name, value)
    import ray  # noqa: PLC0415  seconds, and paid when used
    import ray.data  # noqa: PLC0415  likewise

    quiet = {"log_to_driver": False, "configure_logging": False}
    if elsewhere:
        ray.init(**quiet)
    else:
        ray.init(address="local", include_dashboard=False, object_store_memory=_STORE_BYTES, **quiet)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # what a worker took with it is asked again, and told
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield ray
    finally:
        signal.signal(signal.SIGTERM, before)
        ray.shutdown()
