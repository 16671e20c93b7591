"""What is installed: the package and nothing beside it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from house.tree import ROOT, files, name
from packaging.requirements import Requirement


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as an installer would, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {entry for entry in archive.namelist() if ".dist-info/" not in entry}
    named = {name(path).removeprefix("calibration/") for path in files()}
    ours = {path for path in named if path.startswith(("judge_service/", "judge_calibration/"))}
    assert held == ours


def test_the_wheel_checker_finds_nothing(wheel: Path) -> None:
    checker = Path(sys.executable).with_name("check-wheel-contents")
    done = subprocess.run([checker, wheel], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_carries_its_licence_and_its_command_and_is_not_to_be_uploaded(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        about = {entry.partition(".dist-info/")[2]: entry for entry in archive.namelist()}
        metadata = message_from_string(archive.read(about["METADATA"]).decode())
        assert "judge-service = judge_service.cli:" in archive.read(about["entry_points.txt"]).decode()
        assert b"Apache License" in archive.read(about["licenses/LICENSE"])
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])


def test_every_direct_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {requirement.split(">")[0].split("[")[0] for requirement in project["dependencies"]}
    locked = (ROOT / "requirements" / "runtime.txt").read_text("utf-8").splitlines()
    names = {line.partition("==")[0].split("[")[0] for line in locked if "==" in line}
    assert wanted
    assert wanted <= names


@pytest.mark.parametrize("lock", ["runtime", "dev", "build"])
def test_the_command_that_made_a_lock_is_the_one_that_makes_it_anew(lock: str) -> None:
    head = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8").splitlines()[1]
    asked = head.partition("--no-emit-find-links ")[2]
    assert asked
    assert asked in (ROOT / "Makefile").read_text("utf-8")
    assert "--all-extras" not in asked  # vLLM and the lock of the service ask for two versions of fastapi


def test_the_service_may_stand_beside_vllm() -> None:
    """vLLM 0.32 asks for `fastapi<0.137`, and the extra `local` puts both into one environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {one.name: one for one in map(Requirement, project["dependencies"])}
    assert wanted["fastapi"].specifier.contains("0.136.3")
