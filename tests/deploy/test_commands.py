"""The commands people and the CI call: what they stand for, and that a failure cannot pass for a success."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
CI = ROOT / ".ci" / "run"
REDIS = ROOT / ".ci" / "redis"
TOOLS = ["bash", "dirname", "env", "grep", "id", "mktemp", "rm", "tail", "tee"]

PASSED = "===== 3 passed in 1.20s ====="
FAILED = "===== 1 failed, 2 passed, 1 warning in 62.03s (0:01:02) ====="


def run(command: list[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run with a PATH that holds the folder and nothing else."""
    settings = {"PATH": str(folder), "TMPDIR": str(folder), **environment}
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Hold the few tools that the scripts stand on."""
    for tool in TOOLS:
        where = shutil.which(tool)
        assert where, tool
        (tmp_path / tool).symlink_to(where)
    return tmp_path


def add(folder: Path, tool: str, script: str) -> None:
    path = folder / tool
    path.unlink(missing_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n", "utf-8")
    path.chmod(0o755)


def would_run(target: str, **variables: str) -> str:
    """List the commands of a target as if nothing had been made yet."""
    make = shutil.which("make")
    assert make
    words = [make, "--dry-run", "--always-make", "--no-print-directory", "-C", str(ROOT), target]
    words += [f"{name}={value}" for name, value in variables.items()]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(words, env=clean, capture_output=True, text=True, check=True, timeout=30).stdout


def test_every_target_is_in_the_help() -> None:
    targets = set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE))
    documented = set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert targets == documented
    assert {"setup", "setup-dev", "demo", "serve", "test", "lint", "types", "layers", "fmt"} <= targets
    assert {"rubrics", "bench", "lock", "clean", "help"} <= targets


def test_test_runs_every_check_and_the_tests_last() -> None:
    said = would_run("test", COVERAGE="")  # whatever the make that runs this was told
    places = [
        said.index(word)
        for word in ("ruff check", "ruff format --check", "mypy", "lint-imports", "-m pytest")
    ]
    assert places == sorted(places)
    beside, alone = said[places[-1] :].strip().splitlines()
    assert '-m "not clocked" -n 4' in beside
    assert "-m clocked -n 2" in alone
    assert "--no-cov" in beside
    assert "--no-cov" in alone


def test_coverage_is_counted_over_both_runs_of_the_tests() -> None:
    beside, alone = would_run("test", COVERAGE="1").strip().splitlines()[-2:]
    assert "--cov --cov-report= --cov-fail-under=0 " in beside
    assert "--cov --cov-append -m clocked" in alone
    assert "--cov-fail-under" not in alone  # the bound on coverage is of both together
    assert "make --no-print-directory test COVERAGE=1" in CI.read_text("utf-8")


@pytest.mark.parametrize("uv", ["", "uv"])
def test_set_up_installs_only_what_is_locked(uv: str) -> None:
    said = would_run("setup-dev", UV=uv).replace("\\\n", " ")
    installs = [line for line in said.splitlines() if "pip install" in line]
    assert len(installs) == 4
    for line in installs:
        assert "--require-hashes --only-binary :all:" in line or "--no-deps --no-build-isolation" in line
    assert ("uv pip" in said) == bool(uv)


def test_lock_writes_no_address() -> None:
    said = would_run("lock", UV="uv").replace("\\\n", " ")
    compiled = [line for line in said.splitlines() if "pip compile" in line]
    assert [re.findall(r"-o requirements/(\w+)\.txt", line)[0] for line in compiled] == [
        "runtime",
        "dev",
        "ray",
        "build",
    ]
    for line in compiled:
        assert {"--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"} <= set(line.split())


def test_the_ci_calls_make_test_and_ends_with_the_closing_line(folder: Path) -> None:
    add(folder, "make", f'echo "$*"; echo "{PASSED}"')
    done = run([CI], folder)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split()[-2:] == ["test", "COVERAGE=1"]
    assert done.stdout.splitlines()[-1] == PASSED


def test_the_ci_fails_as_the_tests_do_and_still_ends_with_the_closing_line(folder: Path) -> None:
    add(folder, "make", f'echo "{FAILED}"; echo "make: *** [Makefile:1: test] Error 1" >&2; exit 2')
    done = run([CI], folder)
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == FAILED


def test_the_ci_fails_when_the_tests_are_never_reached(folder: Path) -> None:
    add(folder, "make", 'echo "Found 1 error."; exit 2')
    done = run([CI], folder)
    assert done.returncode == 2
    assert "before the tests" in done.stdout.splitlines()[-1]


def test_redis_is_left_alone_where_there_is_one(folder: Path) -> None:
    add(folder, "apt-get", "echo called; exit 1")
    add(folder, "redis-server", "exit 1")
    done = run([REDIS], folder)
    assert (done.returncode, done.stdout) == (0, "")


def test_redis_is_left_alone_where_the_environment_names_one(folder: Path) -> None:
    done = run([REDIS], folder, JUDGE_SERVICE_TEST_REDIS_URL="redis://elsewhere:6379/0")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ({}, "no apt-get"),
        ({"apt-get": "exit 0", "id": "echo 1000", "sudo": "exit 1"}, "may not install"),
        ({"apt-get": "exit 0", "id": "echo 1000"}, "may not install"),
        ({"apt-get": "exit 100", "id": "echo 0"}, "could not install"),
    ],
)
def test_redis_that_cannot_be_had_is_a_plain_error(folder: Path, tools: dict[str, str], reason: str) -> None:
    for tool, script in tools.items():
        add(folder, tool, script)
    done = run([REDIS], folder)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "JUDGE_SERVICE_TEST_REDIS_URL" in done.stderr
