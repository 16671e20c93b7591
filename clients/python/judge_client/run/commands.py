"""The commands, from their options to what they print."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from judge_client import JudgeClientError
from judge_client.run import comparing, dry, session, tabling
from judge_client.run.datasets import read_dataset
from judge_client.run.dry import LIMITS
from judge_client.run.folder import kept_in, write_whole
from judge_client.run.items import DatasetFault
from judge_client.run.journal import JournalFault
from judge_client.run.pipeline import GaveUp
from judge_client.run.plan import Judge, Model, Plan, Price
from judge_client.run.printing import Plain, printable
from judge_client.run.progress import Bars, Lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from judge_client.run.folder import Kept

EXPECTED = (JudgeClientError, DatasetFault, JournalFault, ValueError, OSError)
_WIDTH = 140


def run(chosen: argparse.Namespace) -> int:
    """`judge-client run`."""
    plan = plan_of(chosen)
    console = _console()
    for note in plan.dataset.notes:
        console.print(f"note: {note}")
    if chosen.dry_run:
        _show_dry(plan, kept_in(chosen.out, plan.settings({})), console)
        return 0
    watch = Bars(console) if console.is_terminal else Lines(console)
    try:
        with watch:
            summary = asyncio.run(session.run(plan, chosen.out, watch, told=console.print))
    except GaveUp as exc:
        sys.stderr.write(f"judge-client: given up: {printable(str(exc))}\n")
        return 1
    return _show(summary, chosen, console)


def _show(summary: Mapping[str, Any], chosen: argparse.Namespace, console: Console) -> int:
    for table in tabling.tables(summary):
        console.print(table)
    tracks = [track["all"] for track in (summary["mcq"], summary["open"]) if track]
    pending = sum(cell["pending"] for cell in tracks)
    failed = sum(
        count
        for cell in tracks
        for name, count in cell["unscored_reasons"].items()
        if name.endswith("_failed")
    )
    for each in summary["failures"]:
        paid = "" if each["paid"] == "no" else f" (paid: {each['paid']})"
        console.print(f"{each['stage']}, {each['count']} failed{paid}: {each['reason']}", markup=False)
    if pending or failed:
        console.print(f"{pending} items are still to do, {failed} calls failed. The same command goes on:")
        console.print(shlex.join(["judge-client", *sys.argv[1:]]), soft_wrap=True)
    console.print(f"Everything is in {chosen.out}", soft_wrap=True)
    if pending:
        return 130
    return 1 if failed else 0


def compare(chosen: argparse.Namespace) -> int:
    """`judge-client compare`."""
    told = comparing.compare(comparing.read(chosen.a), comparing.read(chosen.b))
    if not told["items_in_both"]:
        raise JournalFault("the two runs have no item in common")
    console = _console()
    if told["measured_otherwise"]:
        console.print(f"NOT MEASURED ALIKE: the runs differ in {', '.join(told['measured_otherwise'])}")
    console.print(tabling.comparison(told))
    counts = ("items_changed", "only_in_a", "only_in_b")
    console.print(", ".join(f"{name.replace('_', ' ')} {told[name]}" for name in counts))
    if told["mcq"]:
        _show_flips(told["mcq"], console)
    for row in told["open_flips"]:
        console.print(f"{row['key']}: {tabling.number(row['a'])} → {tabling.number(row['b'])}")
    if chosen.json:
        write_whole(chosen.json, json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
    return 0


def _show_flips(mcq: Mapping[str, Any], console: Console) -> None:
    for name in ("wrong_to_right", "right_to_wrong"):
        words = " ".join(mcq[name]) or "none"
        console.print(f"{name.replace('_', ' ')}, {len(mcq[name])}: {words}", soft_wrap=True)
    console.print(f"exact p of the flips (McNemar): {mcq['mcnemar_exact_p']:.3g}")


def _show_dry(plan: Plan, kept: Kept | None, console: Console) -> None:
    for item, prompt, picture in dry.examples(plan):
        console.rule(f"{item.key} ({picture})")
        console.print(prompt, highlight=False, soft_wrap=True)
    console.rule("What the run would take, roughly")
    for stage, each in dry.estimates(plan, kept).items():
        cost = "cost unknown (no price given)" if each.cost_usd is None else f"$ {each.cost_usd:.2f}"
        console.print(f"{stage}: {each.calls} calls, {each.read} tokens read, {each.written} written, {cost}")


def plan_of(chosen: argparse.Namespace) -> Plan:
    """The options as a plan; raises `DatasetFault`, and `ValueError` for an option that cannot be."""
    if chosen.model_url is None and chosen.provider != "litellm":
        raise ValueError("--model-url is missing: where is the model?")
    columns = dict(_pair(word, "--map") for word in chosen.map)
    fields = _fields(chosen.body)
    data = read_dataset(chosen.dataset, columns, chosen.images)
    return Plan(
        data.first(chosen.limit),
        Model(
            chosen.model,
            chosen.model_url,
            {name: value for name, value in {"temperature": 0, **fields}.items() if value is not None},
            _key(chosen.model_key_env, "--model-key-env"),
            chosen.model_concurrency,
            chosen.model_timeout,
            price=Price(chosen.price_in, chosen.price_out),
            provider=chosen.provider,
        ),
        Judge(
            chosen.judge_url,
            chosen.rubric,
            chosen.judge,
            chosen.mode,
            _key(chosen.judge_key_env, "--judge-key-env"),
            chosen.tenant,
            chosen.judge_concurrency,
            chosen.judge_timeout,
            price=Price(chosen.judge_price_in, chosen.judge_price_out),
        ),
        chosen.give_up_after,
        chosen.again_unscored,
        chosen.in_flight,
    )


def _fields(words: Sequence[str]) -> dict[str, Any]:
    fields = {name: _json(value) for name, value in (_pair(word, "--body") for word in words)}
    for name in LIMITS:
        limit = fields.get(name)
        if limit is not None and (type(limit) is not int or limit < 1):
            raise ValueError(f"--body {name}={limit}: a limit is a whole number from 1 on")
    return fields


def _pair(word: str, option: str) -> tuple[str, str]:
    name, mark, value = word.partition("=")
    if not mark or not name:
        raise ValueError(f"{option} {word}: it goes NAME=VALUE")
    return name, value


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _key(variable: str | None, option: str) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise ValueError(f"the environment variable {variable} holds no key")
    if not (key.isascii() and key.isprintable()):
        raise ValueError(f"{option}: the key in {variable} holds a line break, or else what no header takes")
    return key


def _console() -> Console:
    console = Plain()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    return console


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {"run": run, "compare": compare}
