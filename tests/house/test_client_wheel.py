"""The client as it is installed: one package, its types, and few others with it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from house.tree import ROOT, files, name
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CLIENT = ROOT / "clients" / "python"
MOST_PACKAGES = 14


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as an installer would, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CLIENT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def installed_with(project: str) -> set[str]:
    """The packages that a plain installation brings, here and now, the project among them."""
    found, open_ones = set(), [project]
    while open_ones:
        one = open_ones.pop()
        if one in found:
            continue
        found.add(one)
        wanted = map(Requirement, requires(one) or ())
        open_ones += [
            canonicalize_name(w.name) for w in wanted if not w.marker or w.marker.evaluate({"extra": ""})
        ]
    return found


def test_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {entry for entry in archive.namelist() if ".dist-info/" not in entry}
    prefix = "clients/python/"
    ours = {
        name(path).removeprefix(prefix) for path in files() if name(path).startswith(f"{prefix}judge_client/")
    }
    assert held == ours
    assert "judge_client/py.typed" in held


def test_the_wheel_checker_finds_nothing(wheel: Path) -> None:
    checker = Path(sys.executable).with_name("check-wheel-contents")
    done = subprocess.run([checker, wheel], cwd=CLIENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_installation_brings_few_packages() -> None:
    found = installed_with("judge-client")
    assert {"httpx", "pydantic", "pydantic-core", "anyio"} <= found
    assert len(found) <= MOST_PACKAGES, sorted(found)


def test_the_version_is_told_alike_everywhere() -> None:
    from judge_client import __version__

    project = tomllib.loads((CLIENT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__ == version("judge-client")
