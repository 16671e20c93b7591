"""The guide to batches: its commands work as they stand, and give what it shows."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (Path(__file__).parents[2] / "docs" / "batches.md").read_text("utf-8")
WHOLE, LINES = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
LOST, END = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("service")) as service:
        yield service.url


def said(script: str, folder: Path, url: str) -> str:
    script = "\n".join(
        line.replace("curl ", "curl --retry 20 --retry-connrefused --retry-delay 1 ")
        for line in script.replace("http://127.0.0.1:8080", url).splitlines()
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def shortened(found: Any, shown: Any) -> Any:
    """Leave of an answer what the guide shows of it."""
    if not isinstance(shown, dict):
        return found
    return {key: shortened(found[key], shown[key]) for key in shown}


def test_the_commands_give_what_is_shown(tmp_path: Path, url: str) -> None:
    whole = json.loads(said(WHOLE, tmp_path, url))
    right, left, lost = whole["items"]
    assert [each["custom_id"] for each in (right, left)] == ["right", "left"]
    assert right["score"]["score"] > left["score"]["score"]
    assert shortened(lost, LOST) == LOST
    *lines, end = [json.loads(line) for line in said(LINES, tmp_path, url).splitlines()]
    assert shortened(end, END) == END
    assert sorted(line["custom_id"] for line in lines) == ["left", "lost", "right"]
