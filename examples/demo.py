"""Starts the service, puts the cases of `cases/med-cmr.jsonl` before it twice, and checks what comes back."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NoReturn

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CASES = Path(__file__).parent / "cases" / "med-cmr.jsonl"
HEADINGS = {"consistency": "consis-\ntency", "coherence": "coher-\nence"}
HEADINGS |= {"visual_accuracy": "visual\naccuracy", "ground_truth": "ground\ntruth"}
# Every other kind is scored, an empty response too. In a refusal the baseline may find nothing to read.
EXPECTED = {"missing_reference": ["missing_input"], "refusal": ["scored", "abstained"]}
WIDTH = 100
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
REAL_JUDGE = '{"default": {"kind": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": "your-model"}}'
ABOUT = f"""\
The judge of this demo is the [b]embedded lexical baseline. It is not a language model.[/b] \
It compares words by rule: findings, sides, denials, doses. It sees no image and follows no reasoning, \
so what it does not know can pass it. It lets the service run offline, in tests and here, and is a floor \
that a real judge has to beat. Do not report its scores.
One setting binds a real judge, and nothing else changes:
[cyan]JUDGE_SERVICE_JUDGES='{escape(REAL_JUDGE)}'[/cyan]"""


class DemoFailed(Exception):
    """The service did not do what this demo is there to show."""


@dataclass(frozen=True, slots=True)
class Example:
    """A case of the file, and what kind of answer it holds."""

    kind: str
    case: dict[str, Any]

    @property
    def body(self) -> str:
        return json.dumps({"rubric": "med-cmr", "case": self.case}, ensure_ascii=False, indent=1)


@dataclass(frozen=True, slots=True)
class Row:
    """An example, what the service answered, and how long that took."""

    example: Example
    score: dict[str, Any]
    took_ms: float

    @property
    def id(self) -> str:
        return str(self.example.case["id"])

    @property
    def cache(self) -> str:
        return str(self.score["provenance"]["cache"])


def examples() -> list[Example]:
    """Read the cases in their order."""
    return [Example(**json.loads(line)) for line in CASES.read_text("utf-8").splitlines()]


def environment(store: Path) -> dict[str, str]:
    """The service sees none of the caller's settings: its judge is the default and its store is ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUDGE_SERVICE_")}
    return kept | {"JUDGE_SERVICE_STORE_URL": f"file://{store}", "JUDGE_SERVICE_LOG_LEVEL": "WARNING"}


@contextmanager
def service(console: Console) -> Iterator[int]:
    """Run a service of our own on a free port; it and its folder are gone afterwards, come what may."""
    with tempfile.TemporaryDirectory(prefix="judge-service-demo-") as folder:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        binary, log = Path(sys.executable).with_name("judge-service"), Path(folder) / "service.log"
        with log.open("wb") as output:
            # In a session of its own: Ctrl-C reaches it through us only, so it stops once and in order.
            process = subprocess.Popen(
                [binary, "serve", "--host", "127.0.0.1", "--port", str(port)],
                env=environment(Path(folder)),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            await_ready(process, port, log, console)
            yield port
        finally:
            stop(process)


def await_ready(process: subprocess.Popen[bytes], port: int, log: Path, console: Console) -> None:
    console.print(f"Starting [b]judge-service serve[/b] on http://127.0.0.1:{port} …")
    started = time.monotonic()
    with console.status("waiting for /readyz") as status:
        while not is_ready(port):
            waited = time.monotonic() - started
            if process.poll() is not None or waited > READY_WITHIN_S:
                raise DemoFailed(
                    f"not ready after {waited:.0f} s:\n{log.read_text('utf-8', 'replace')[-2000:]}"
                )
            status.update(f"waiting for /readyz: {waited:.1f} s")
            time.sleep(0.05)
    console.print(f"Ready after {time.monotonic() - started:.1f} s.")


def is_ready(port: int) -> bool:
    address = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, http.client.HTTPException), closing(address) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def post_all(port: int, cases: Sequence[Example], console: Console, name: str) -> list[Row]:
    """Post one case after the other over one connection."""
    rows: list[Row] = []
    address = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(address) as connection, console.status(name) as status:
        for example in cases:
            status.update(f"{name}: {len(rows)} of {len(cases)}")
            rows.append(post(connection, example))
    return rows


def post(connection: http.client.HTTPConnection, example: Example) -> Row:
    started = time.perf_counter()
    connection.request("POST", "/v1/scores", example.body.encode(), {"Content-Type": "application/json"})
    response = connection.getresponse()
    raw = response.read()
    took_ms = (time.perf_counter() - started) * 1000
    if response.status != http.HTTPStatus.OK:
        raise DemoFailed(
            f"{example.case['id']}: status {response.status}: {raw[:500].decode('utf-8', 'replace')}"
        )
    return Row(example, json.loads(raw), took_ms)


def faults(first: Sequence[Row], second: Sequence[Row]) -> list[str]:
    """Everything that is not as it should be, in words."""
    found = [fault for row in (*first, *second) for fault in dishonest(row)]
    found += [f"{row.id}: asked again, a {row.cache}, no hit" for row in second if row.cache != "hit"]
    pairs = zip(first, second, strict=True)
    found += [
        f"{a.id}: asked again, other verdicts" for a, b in pairs if a.score["criteria"] != b.score["criteria"]
    ]
    found += [fault for right, other in compared(first) if (fault := misranked(right, other))]
    return list(dict.fromkeys(found))


def dishonest(row: Row) -> Iterator[str]:
    """An outcome that the kind does not lead to, or a number where there is none to be had."""
    outcome, expected = row.score["outcome"], EXPECTED.get(row.example.kind, ["scored"])
    if outcome not in expected:
        yield f"{row.id} ({row.example.kind}): the outcome is {outcome}, expected {' or '.join(expected)}"
    parts = {"total": (outcome, row.score["score"])}
    parts |= {name: (verdict["outcome"], verdict["value"]) for name, verdict in row.score["criteria"].items()}
    for name, (said, number) in parts.items():
        if (number is not None) != (said == "scored"):
            yield f"{row.id}: {name} is {said}, and its number is {number}"


def compared(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each right answer with each other answer to the same question."""
    rights = {row.example.case["prompt"]: row for row in rows if row.example.kind == "right"}
    others = [row for row in rows if row.example.kind not in {"right", "missing_reference"}]
    return [(rights[key], row) for row in others if (key := row.example.case["prompt"]) in rights]


def misranked(right: Row, other: Row) -> str | None:
    """A right answer stands above a wrong one on ground truth, and not below one that is partly right."""
    high, low = (row.score["criteria"]["ground_truth"]["value"] for row in (right, other))
    pair = f"{right.id} (right, {high}) and {other.id} ({other.example.kind}, {low})"
    if high is None or low is None:
        return f"{pair} cannot be ranked on ground truth"
    if high > low or (high == low and other.example.kind == "partly_right"):
        return None
    return f"{pair} are in the wrong order on ground truth"


def table(rows: Sequence[Row]) -> Table:
    shown = Table(title="First pass: levels 0-5 by criterion, total 0-100", box=None, padding=(0, 1, 0, 0))
    shown.add_column("case", no_wrap=True)
    shown.add_column("kind", no_wrap=True)
    for heading in (*HEADINGS.values(), "total"):
        shown.add_column(heading, justify="center")
    shown.add_column("outcome\ncache", no_wrap=True)
    shown.add_column("reason on ground truth,\nor for no total", ratio=1)
    for _, answers in groupby(rows, lambda row: row.example.case["prompt"]):
        shown.add_row()
        for row in answers:
            shown.add_row(*cells(row))
    return shown


def cells(row: Row) -> Iterator[Text]:
    total, verdicts = row.score["score"], row.score["criteria"]
    reason = row.score["reason"] or verdicts["ground_truth"]["rationale"]
    yield Text(row.id, style="bold")
    yield Text(row.example.kind, style="green" if row.example.kind == "right" else "")
    for criterion in HEADINGS:
        level = verdicts[criterion]["level"]
        yield Text("—" if level is None else str(level))
    yield Text("—" if total is None else str(round(total)), style="bold")
    yield Text(f"{row.score['outcome']}\n{row.cache}")
    yield Text(shorten(reason, WIDTH, placeholder=" …"), style="dim")


def show_second(console: Console, first: Sequence[Row], second: Sequence[Row]) -> None:
    console.print("\n[b]Second pass:[/b] the same cases again")
    console.print(Columns([f"{row.id} {row.cache}" for row in second], width=12, padding=(0, 2)))
    fresh, kept = (statistics.median(row.took_ms for row in rows) for rows in (first, second))
    console.print(f"Median per request: first pass {fresh:.1f} ms, second pass {kept:.1f} ms.")


def show_full(console: Console, port: int, row: Row) -> None:
    console.print(f"\n[b]One full answer[/b] ({row.id}, {row.example.kind}); the call, while this demo runs:")
    url, header = f"http://127.0.0.1:{port}/v1/scores", "'Content-Type: application/json'"
    for line in (f"curl -sS {url} -H {header} --data @- <<'EOF'", row.example.body, "EOF"):
        console.out(line, highlight=False)
    console.print("\n[b]and what it answered:[/b]")
    console.print_json(json.dumps(row.score))


def run(console: Console) -> list[str]:
    with service(console) as port:
        first = post_all(port, examples(), console, "first pass")
        console.print(table(first))
        second = post_all(port, examples(), console, "second pass")
        show_second(console, first, second)
        show_full(console, port, next(row for row in first if row.example.kind == "wrong_side"))
    console.print("\nThe service has been stopped and its folder removed.")
    found = faults(first, second)
    if not found:
        done = f"{len(first)} cases, {len(compared(first))} pairs in the right order on ground truth"
        console.print(f"[green]All as expected:[/green] {done}, every repeat a hit.")
    return found


def leave(number: int, _: object) -> NoReturn:
    """Turn a request to end into an exception, so that the service is stopped on the way out."""
    sys.exit(128 + number)


def main() -> int:
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    console = Console(highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    console.print(Panel(ABOUT, title="Judge Service: a demo"))
    try:
        found = run(console)
    except KeyboardInterrupt:
        console.print("Interrupted; the service has been stopped.")
        return 130
    except (DemoFailed, OSError, http.client.HTTPException) as exc:
        found = [str(exc)]
    for fault in found:
        console.print(f"[red]FAILED[/red] {escape(fault)}")
    console.print(Panel(ABOUT, title="What judged here"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
