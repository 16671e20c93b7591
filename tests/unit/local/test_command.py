"""`judge-service local up` as it is typed, with a program in vLLM's place and a torch that sees what it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from judge_service.domain.judge import JudgeSpec
from judge_service.errors import ConfigurationError
from judge_service.local.command import python_of, setting
from judge_service.local.machine import Machine, look
from judge_service.local.server import served
from judge_service.local.weights import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FAKE = str(Path(__file__).parents[2] / "fake_vllm.py")
HOST = "127.0.0.1"
TORCH = """
from types import SimpleNamespace

class cuda:
    found = [SimpleNamespace(major=a, minor=b, total_memory=int(gib * 2**30)) for a, b, gib in FOUND]

    @classmethod
    def device_count(cls):
        return len(cls.found)

    @classmethod
    def get_device_properties(cls, at):
        return cls.found[at]
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a model, and a torch without devices."""
    (tmp_path / "torch.py").write_text(TORCH.replace("FOUND", "[]"), "utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"max_position_embeddings": 4096}', "utf-8")
    return tmp_path


@contextmanager
def started(home: Path, port: int, *more: str, **surroundings: str) -> Iterator[subprocess.Popen[str]]:
    words = ["local", "up", "--model", "model", "--port", str(port), "--vllm", FAKE, *more]
    with subprocess.Popen(
        [sys.executable, "-c", "from judge_service.cli import run; run()", *words],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home), **surroundings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def told(home: Path, port: int, *more: str, **surroundings: str) -> tuple[int, str, str]:
    """Exit code and both outputs of a call that ends by itself."""
    with started(home, port, *more, **surroundings) as process:
        out, err = process.communicate(timeout=40)
        return process.returncode, out, err


def name_in(home: Path) -> str:
    """Under which the folder's model is served."""
    return f"model-{digest_of(home / 'model')[:12]}"


def lines_until(process: subprocess.Popen[str], start: str) -> list[str]:
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(start):
            return lines
    raise AssertionError((lines, process.stderr and process.stderr.read()))


def binding(line: str) -> dict[str, dict[str, Any]]:
    name, _, value = line.partition("=")
    assert name == "JUDGE_SERVICE_JUDGES"
    found: dict[str, dict[str, Any]] = json.loads(value.strip("'"))
    return found


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_starts_tells_how_to_bind_a_judge_and_stops(
    home: Path, port: int, number: signal.Signals, code: int
) -> None:
    with started(home, port) as process:
        command, healthy, line = lines_until(process, "JUDGE_SERVICE_JUDGES=")
        assert "fake_vllm.py serve model " in command
        for told in (f"--served-model-name {name_in(home)}", f"--host {HOST} --port {port}"):
            assert told in command
        assert "--max-model-len 4096" in command
        assert healthy.startswith("Healthy after ")
        judge = {"kind": "openai", "base_url": f"http://{HOST}:{port}/v1", "model": name_in(home)}
        assert binding(line) == {"default": judge | {"text_cap": 400, "family": "model"}}
        assert served(HOST, port) == [name_in(home)]
        process.send_signal(number)
        assert process.wait(20) == code
    assert served(HOST, port) is None


def test_a_server_that_runs_is_used_as_it_is(home: Path, port: int) -> None:
    with started(home, port) as first:
        line = lines_until(first, "JUDGE_SERVICE_JUDGES=")[-1]
        code, out, _ = told(home, port)
        assert (code, out.splitlines()) == (0, ["A server runs there already.", line])
        code, _, err = told(home, port, "--name", "another")
        assert (code, f"{HOST}:{port} serves {name_in(home)}, not another" in err) == (2, True)
        (home / "model" / "model.safetensors").write_bytes(b"other weights")
        code, _, err = told(home, port)
        assert (code, f"not {name_in(home)}" in err) == (2, True)
        assert served(HOST, port) is not None  # none of them stopped it


def test_a_name_that_is_given_stays_and_the_family_is_told_beside_it(home: Path, port: int) -> None:
    (home / "model").rename(home / "Qwen2.5-7B")
    with started(home, port, "--model", "Qwen2.5-7B", "--name", "judge") as process:
        judge = binding(lines_until(process, "JUDGE_SERVICE_JUDGES=")[-1])["default"]
        assert (judge["model"], judge["family"]) == ("judge", "qwen")
        assert served(HOST, port) == ["judge"]


def test_the_family_is_told_only_where_the_name_does_not_tell_it() -> None:
    for name, model, family in (
        ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B", None),
        ("acme/medical", "acme/medical", None),
        ("judge", "acme/medical", "medical"),
        ("judge", f"acme/{'long-' * 30}", ("long-" * 30)[:64]),
        ("judge", "acme/DeepSeek-R1-Distill-Qwen-7B", "deepseek"),
    ):
        told = binding(setting(name, model, HOST, 8000))["default"]
        assert told.get("family") == family
        assert JudgeSpec.model_validate(told).model == name


def test_a_server_with_a_key_is_bound_with_it_and_hidden_from_who_has_none(home: Path, port: int) -> None:
    with started(home, port, VLLM_API_KEY="secret") as first:
        printed = lines_until(first, "JUDGE_SERVICE_JUDGES=")
        assert binding(printed[-1])["default"]["api_key_env"] == "VLLM_API_KEY"
        assert "secret" not in "".join(printed)
        assert told(home, port, VLLM_API_KEY="secret")[0] == 0
        code, _, err = told(home, port)
        assert (code, "is taken by a server that lists no models" in err) == (2, True)


@pytest.mark.parametrize(
    ("mode", "said"), [("dies", "ended by itself (exit code 7)"), ("never", "not healthy after 2 s")]
)
def test_one_that_does_not_come_up_is_a_failure_and_leaves_nothing(
    home: Path, port: int, mode: str, said: str
) -> None:
    code, _, err = told(home, port, "--wait-s", "2", FAKE_VLLM=mode)
    assert (code, said in err) == (2, True)
    assert served(HOST, port) is None


def test_the_command_can_be_looked_at_without_starting_anything(home: Path, port: int) -> None:
    code, out, _ = told(home, port, "--show", "--length", "1024")
    assert code == 0
    assert "VLLM_NO_USAGE_STATS=1" in out
    assert "--max-model-len 1024" in out
    assert served(HOST, port) is None


@pytest.mark.parametrize(
    ("broken", "text", "said"),
    [
        ("torch.py", "raise ImportError", "install the extra judge-service[local]"),
        ("model/config.json", "[", "no model"),
        ("model/config.json", "[]", "no model"),
    ],
)
def test_what_is_missing_is_named(home: Path, port: int, broken: str, text: str, said: str) -> None:
    (home / broken).write_text(text, "utf-8")
    code, _, err = told(home, port)
    assert (code, said in err) == (2, True)


def test_without_vllm_it_says_what_to_install(home: Path, port: int) -> None:
    code, _, err = told(home, port, "--vllm", "no-such-vllm")
    assert (code, "no-such-vllm is not here" in err) == (2, True)


@pytest.mark.parametrize(
    ("found", "machine"),
    [
        ([(9, 0, 79.0)], Machine(1, 79.0, (9, 0))),
        ([(9, 0, 79.0), (9, 0, 78.0)], Machine(2, 78.0, (9, 0))),  # the least of them bounds the model
        ([(9, 0, 79.0), (7, 5, 15.0)], Machine(1, 79.0, (9, 0))),  # one model is not spread over both
    ],
)
def test_the_machine_is_as_torch_sees_it(
    home: Path, found: list[tuple[int, int, float]], machine: Machine
) -> None:
    (home / "torch.py").write_text(TORCH.replace("FOUND", str(found)), "utf-8")
    assert look(["env", f"PYTHONPATH={home}", sys.executable]) == machine


def test_without_a_gpu_the_memory_is_the_machines(home: Path) -> None:
    found = look(["env", f"PYTHONPATH={home}", sys.executable])
    assert (found.gpus, found.capability) == (0, None)
    assert 0.1 < found.memory_gib < 100_000


@pytest.mark.parametrize("python", [["/nowhere/python"], ["env", "true"], [sys.executable]])
def test_a_python_without_torch_is_named(python: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=f"{python[0]}.* has no torch that works"):
        look(python)


def test_a_scripts_python_is_in_its_first_line(tmp_path: Path) -> None:
    for first, python in (("#!/opt/v/bin/python3.11", ["/opt/v/bin/python3.11"]), ("MZ", [sys.executable])):
        (tmp_path / "vllm").write_text(f"{first}\nrest\n", "utf-8")
        assert python_of(str(tmp_path / "vllm")) == python
    assert python_of(FAKE) == ["/usr/bin/env", "python3"]


def test_a_scripts_python_is_found_behind_the_shell_that_a_long_path_needs(tmp_path: Path) -> None:
    long = f"/{'very-' * 30}long path/bin/python3.11"
    beside = '"$(dirname -- "$(realpath -- "$0")")"'
    for exec_line, python in (
        (f'\'\'\'exec\' "{long}" "$0" "$@"', long),
        ("'''exec' /opt/v/bin/python3.11 \"$0\" \"$@\"", "/opt/v/bin/python3.11"),
        (f"'''exec' {beside}/'python3' \"$0\" \"$@\"", str(tmp_path / "python")),
    ):
        (tmp_path / "vllm").write_text(f"#!/bin/sh\n{exec_line}\n' '''\nimport sys\n", "utf-8")
        assert python_of(str(tmp_path / "vllm")) == [python]
