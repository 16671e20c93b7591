"""Runs the driver as a person would, between a stub model that is counted and a real service."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections import Counter
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import openai_judge, serving
from stubjudge import SHAPES, Call, Shape, StubJudge

from judge_client.run.cli import main

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATA = Path(__file__).parents[1] / "examples" / "medcmr_demo"
SILENCE = Shape(wire="silence")
WITHIN_S = 60.0


def completion(text: str, **more: Any) -> Shape:
    """What a chat endpoint answers."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    body = {"model": "stub-001", "choices": [choice | more], "usage": usage}
    return Shape(body=json.dumps(body).encode())


def question_in(call: Call, questions: list[str]) -> str:
    """Which of the questions a request is about, whoever asks it."""
    text = call.raw.decode()
    return max((each for each in questions if each in text), key=len)


@dataclass
class Counted:
    """Answers so many calls and then none, until it is told to go on; counts by question."""

    answer: Any
    questions: list[str]
    until: int | None = None
    answered: Counter[str] = field(default_factory=Counter)

    def __call__(self, call: Call) -> Shape:
        if self.until is not None and self.answered.total() >= self.until:
            return SILENCE
        question = question_in(call, self.questions)
        self.answered[question] += 1
        shape: Shape = self.answer(question)
        return shape


@dataclass
class Stage:
    """A model, a service with a judge behind it, and a folder to run in."""

    model: StubJudge
    judge: StubJudge
    service: str
    out: Path

    def words(self, *more: str, data: Path = DATA) -> list[str]:
        """The command."""
        return [
            *(sys.executable, "-m", "judge_client.run.cli", "run", str(data), "--model", "stub"),
            *("--model-url", self.model.url, "--judge-url", self.service, "--out", str(self.out), *more),
        ]

    async def start(self, *more: str, data: Path = DATA) -> asyncio.subprocess.Process:
        """Begin a run in a process of its own."""
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *self.words(*more, data=data), stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )

    async def run(self, *more: str, data: Path = DATA) -> tuple[int, str]:
        """Run to the end, in this process; gives the exit code and what was printed."""
        told = io.StringIO()
        words = self.words(*more, data=data)[3:]
        with redirect_stdout(told), redirect_stderr(told):
            code = await asyncio.wait_for(asyncio.to_thread(main, words), WITHIN_S)
        return code, told.getvalue()

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of one of the run's files."""
        path = self.out / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    async def has(self, name: str, count: int) -> None:
        """Wait until a file has so many lines."""
        async with asyncio.timeout(WITHIN_S):
            while self._count(name) < count:  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.01)

    def _count(self, name: str) -> int:
        path = self.out / f"{name}.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    @property
    def summary(self) -> dict[str, Any]:
        """What the run came to."""
        told: dict[str, Any] = json.loads((self.out / "summary.json").read_text("utf-8"))
        return told


def rows(kind: str) -> list[dict[str, Any]]:
    """The demo's items of a kind, as they are in its file."""
    told: list[dict[str, Any]] = json.loads((DATA / f"{kind}.json").read_text("utf-8"))
    return told


QUESTIONS = [row["question"] for row in [*rows("mcq"), *rows("open")]]
RIGHT = {row["question"]: row["answer"] for row in [*rows("mcq"), *rows("open")]}


@asynccontextmanager
async def stage(out: Path, *, latency_s: float = 0.0) -> AsyncIterator[Stage]:
    """Set it up: the model is right throughout, the judge gives what the stub gives."""
    async with StubJudge(latency_s=latency_s) as model, StubJudge(latency_s=latency_s) as judge:
        model.choose = Counted(lambda question: completion(RIGHT[question]), QUESTIONS)
        judge.choose = Counted(lambda _: SHAPES["normal"], QUESTIONS)
        async with serving({"default": openai_judge(judge.url)}) as service:
            yield Stage(model, judge, service.url, out)
