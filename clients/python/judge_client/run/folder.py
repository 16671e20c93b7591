"""The folder of a run: what it was asked, every call that was begun, every answer, every score.

`run.json` holds the settings; a folder goes on with the same settings only. `calls.jsonl` has a line before each
call, `predictions.jsonl` and `scores.jsonl` one behind it: what has the first and not the second was under way when
the run was killed, and may have been paid.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from judge_client.run.digests import digest_of, encoded
from judge_client.run.journal import Journal, JournalFault, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FORMAT = 1
FAILED = "failed"


class OtherSettings(JournalFault):
    """The folder is of a run with other settings, or another process is at work in it."""


def now() -> str:
    """The time of day, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Kept:
    """Answers and scores that a folder has, by the keys of their items."""

    def __init__(self, answers: Mapping[str, dict[str, Any]], scores: Mapping[str, dict[str, Any]]) -> None:
        self._answers = answers
        self._scores = scores

    def answered(self, key: str) -> dict[str, Any] | None:
        """The model's answer to an item, if there is one; a call that failed gave none."""
        line = self._answers.get(key)
        return None if line is None or line["outcome"] == FAILED else line

    def judged(self, key: str) -> dict[str, Any] | None:
        """What was made of that answer, if the judge was heard; a call that failed is none."""
        line, answer = self._scores.get(key), self.answered(key)
        if line is None or answer is None or line["outcome"] == FAILED:
            return None
        return line if line["response"] == answer["response_digest"] else None


class RunFolder(Kept):
    """The folder while a run is at work in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls = Journal(path / "calls.jsonl")
        self.predictions = Journal(path / "predictions.jsonl")
        self.scores = Journal(path / "scores.jsonl")
        super().__init__(self.predictions.last, self.scores.last)

    def begun(self, stage: str, key: str, digest: str) -> None:
        """Note a call before it is made."""
        self.calls.append({"key": key, "stage": stage, "request": digest, "called": True, "at": now()})

    def under_way(self, *stages: str) -> int:
        """Calls of these stages, or of both, that were begun and of which nothing is known: a kill came between."""
        told = {"model": self.predictions.after_calls, "judge": self.scores.after_calls}
        return sum(self.calls.stages[stage] - told[stage] for stage in stages or told)

    def close(self) -> None:
        """Close the files."""
        for journal in (self.calls, self.predictions, self.scores):
            journal.close()


@contextmanager
def opened(path: Path, settings: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[RunFolder]:
    """Open the folder of a run, or begin it; raises `OtherSettings` where it is another run's.

    `about` is told along with the settings and may differ from session to session: addresses, limits.
    """
    path.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        _agree(path, settings, about)
        folder = RunFolder(path)
        try:
            yield folder
        finally:
            folder.close()


def kept_in(path: Path, settings: Mapping[str, Any]) -> Kept | None:
    """What a run with these settings would find in its folder, `None` where there is none; changes nothing there.

    What the judge measures with is not compared: only the service knows it. Raises `JournalFault`.
    """
    if not (path / "run.json").exists():
        return None
    other = [name for name in differing(told_of(path)["settings"], settings) if name != "instrument"]
    if other:
        raise OtherSettings(_of_another(path, other))
    names = ("predictions.jsonl", "scores.jsonl")
    answers, scores = ({str(line["key"]): line for line in lines_of(path / name)} for name in names)
    return Kept(answers, scores)


def told_of(path: Path) -> dict[str, Any]:
    """What `run.json` says; raises `JournalFault` where there is none, or none of a run of this version."""
    try:
        told: Any = json.loads((path / "run.json").read_text("utf-8"))
    except FileNotFoundError:
        raise JournalFault(f"{path} is no folder of a run: it has no run.json") from None
    except ValueError:
        raise JournalFault(f"{path / 'run.json'} is no JSON") from None
    if not isinstance(told, dict) or "format" not in told:
        raise JournalFault(f"{path / 'run.json'} is of no run")
    if told["format"] != FORMAT:
        raise OtherSettings(f"{path} was written by another version of this program")
    settings = told.get("settings")
    if not isinstance(settings, dict) or "model" not in settings:
        raise JournalFault(f"{path / 'run.json'} tells no settings of a run")
    return told


def _of_another(path: Path, other: Sequence[str]) -> str:
    return f"{path} is of a run with other settings ({', '.join(other)}): choose another --out"


def write_whole(path: Path, text: str) -> None:
    """Replace a file as a whole: a reader sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(encoded(text))
    beside.replace(path)


def _agree(path: Path, settings: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    told: dict[str, Any] = {"format": FORMAT, "settings": dict(settings), "sessions": []}
    if (path / "run.json").exists():
        told = told_of(path)
        other = differing(told["settings"], settings)
        if other:
            raise OtherSettings(_of_another(path, other))
    told["digest"] = digest_of(settings)
    told["sessions"].append({"began": now(), **about})
    write_whole(path / "run.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of the settings that are not the same."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time: two would pay for each call twice. The lock ends with its process, however it ends."""
    try:
        import fcntl  # noqa: PLC0415  not on every system
    except ImportError:
        yield
        return
    lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OtherSettings(f"another run is at work in {path}") from None
        yield
    finally:
        os.close(lock)
