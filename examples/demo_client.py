"""Takes a scripted model through the data set that ships, is killed on the way, goes on, and shows what came of it.

Everything is real but the model's knowledge: the service, its embedded judge, the sockets, the kill. The demo ends
with what it promised to show, and its exit code says whether it did.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from examples.demo import DemoFailed, leave, service

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
DATA = ROOT / "examples" / "medcmr_demo"
OUT = ROOT / ".run" / "client"
CLIENT = Path(sys.executable).with_name("judge-client")
KILLED_AFTER = 12
WITHIN_S = 60.0
SMALL, LARGE = "scripted-small", "scripted-large"


@contextmanager
def scripted_model() -> Iterator[str]:
    """The model under test on a port of its own; gives its address."""
    command = [sys.executable, str(ROOT / "examples" / "scripted_model.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def words_of(model: str, model_url: str, judge_url: str) -> list[str]:
    """The command: the same before and after the kill."""
    return [
        *(str(CLIENT), "run", str(DATA), "--model", model, "--model-url", model_url),
        *("--judge-url", judge_url, "--rubric", "med-cmr", "--out", str(OUT / model)),
        *("--model-concurrency", "4", "--price-in", "0.5", "--price-out", "1.5"),
    ]


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def killed_midway(command: list[str]) -> int:
    """Run the command until some answers are there, and kill it as no handler can hear; gives the answers kept."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + WITHIN_S
    while lines_in(OUT / SMALL / "predictions.jsonl") < KILLED_AFTER:
        if process.poll() is not None or time.monotonic() > until:
            raise DemoFailed("the run ended before it could be killed")
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return lines_in(OUT / SMALL / "predictions.jsonl")


def done(command: list[str]) -> None:
    code = subprocess.run(command, check=False).returncode
    if code:
        raise DemoFailed(f"{' '.join(command[:3])} … ended with {code}")


def counts(model_url: str) -> dict[str, int]:
    """How often the model was asked each question, as it says itself."""
    with urllib.request.urlopen(model_url, timeout=10) as answer:
        told: dict[str, int] = json.load(answer)
    return told


def findings(kept: int, asked: dict[str, int], summary: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """What the demo promised, and whether it is so."""
    cells = [summary[kind]["all"] for kind in ("mcq", "open")]
    yield "no item was lost: 40 items, 40 scores", sum(cell["scored"] for cell in cells) == 40
    lost, calls = summary["calls"]["under_way_when_cut"], summary["calls"]["model_calls"]
    yield f"the {kept} answers from before the kill were kept and not asked for again", calls == 40
    more = sum(asked.values()) - 40
    words = f"no call was paid twice but what was under way at the kill ({lost} in all), and that is told"
    yield words, len(asked) == 40 and 0 <= more <= lost


def main() -> int:
    signal.signal(signal.SIGTERM, leave)
    console = Console(highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    try:
        with service(console) as port, scripted_model() as model_url:
            failed = show(console, f"http://127.0.0.1:{port}", model_url)
    except DemoFailed as exc:
        console.print(f"FAILED {exc}", markup=False)
        return 1
    console.print(f"\nPages: {OUT / SMALL / 'page.html'}\n       {OUT / LARGE / 'page.html'}", soft_wrap=True)
    return 1 if failed else 0


def show(console: Console, judge_url: str, model_url: str) -> int:
    """Run, kill, go on, compare; gives the number of promises that were not kept."""
    command = words_of(SMALL, model_url, judge_url)
    console.rule("1. A dry run")
    done([*command, "--dry-run"])
    console.rule("2. The run, killed midway (kill -9)")
    kept = killed_midway(command)
    console.print(f"Killed. {kept} answers of 40 are in the folder.")
    console.rule("3. The same command goes on")
    done(command)
    asked = counts(model_url)
    summary = json.loads((OUT / SMALL / "summary.json").read_text("utf-8"))
    console.rule("4. Another model, and both beside each other")
    done(words_of(LARGE, model_url, judge_url))
    done([str(CLIENT), "compare", str(OUT / SMALL), str(OUT / LARGE)])
    console.rule("What was promised")
    told = list(findings(kept, asked, summary))
    for words, is_so in told:
        console.print(f"  {'yes' if is_so else 'NO '}  {words}")
    console.print(
        "The judge here is a lexical baseline, no language model: its scores are not to be reported."
    )
    return sum(not is_so for _, is_so in told)


if __name__ == "__main__":
    sys.exit(main())
