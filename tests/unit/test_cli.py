"""The command line: what it prints, how it fails, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from serving import RUBRICS, command, environment
from typer.main import get_command
from typer.testing import CliRunner

from judge_service import __version__
from judge_service.cli import app, redacted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAVY = (
    "pydantic",
    "fastapi",
    "uvicorn",
    "aiohttp",
    "litellm",
    "instructor",
    "numpy",
    "PIL",
    "redis",
    "jinja2",
    "yaml",
)
RUNNER = "import judge_service.cli, typer.testing as t; t.CliRunner()"


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group of the command line."""
    yield words
    for name, each in sorted(getattr(group, "commands", {}).items()):
        yield from commands(each, (*words, name))


COMMANDS = tuple(commands(get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], prog_name="judge-service")
    assert done.exit_code == 0
    assert " ".join(("Usage: judge-service", *words)) in done.stdout
    assert "TODO" not in done.stdout


def test_the_program_explains_itself_when_it_is_called(tmp_path: Path) -> None:
    assert len(COMMANDS) > 40
    done = command(tmp_path, "--help")
    assert done.returncode == 0
    assert "Usage: judge-service" in done.stdout


def test_its_version(tmp_path: Path) -> None:
    assert command(tmp_path, "--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    "loads",
    [
        "import judge_service",
        "import judge_service.cli",
        f"{RUNNER}.invoke(judge_service.cli.app, ['--help'])",
        f"{RUNNER}.invoke(judge_service.cli.app, ['score', '--help'])",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(loads: str) -> None:
    code = f"{loads}\nimport sys\nprint(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    # Typer itself takes pydantic to check a number's range.
    assert set(done.stdout.split()) & set(HEAVY) <= ({"pydantic"} if "'score'" in loads else set())


def test_scoring_a_file_tells_its_exit_codes_and_what_it_asks_again(tmp_path: Path) -> None:
    told = " ".join(command(tmp_path, "score", "--help").stdout.replace("│", " ").split())
    assert "asks again where no answer was had" in told
    for code in ("0 every row is settled", "3 some rows are not", "130 stopped", "2 a mistake"):
        assert code in told


def test_the_application_loads_no_provider_library() -> None:
    code = "import judge_service.main, judge_service.serving, sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"litellm", "instructor", "openai", "numpy", "torch", "transformers", "PIL"})


def test_judges_are_listed(tmp_path: Path) -> None:
    judges: dict[str, Any] = {
        "default": {"kind": "embedded"},
        "big": {"kind": "openai", "base_url": "http://gpu:8000/v1", "model": "med-70b", "max_concurrency": 7},
    }
    lines = command(tmp_path, "judges", env=environment(tmp_path, judges)).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["judge", "kind", "model,", "or", "made", "of", "concurrency"],
        ["big", "openai", "med-70b", "7"],
        ["default", "embedded", "-", "64"],
    ]


def test_with_nothing_set_the_baseline_judges(tmp_path: Path) -> None:
    assert "default  embedded" in command(tmp_path, "judges").stdout


def test_rubrics_are_listed_with_their_digests(tmp_path: Path) -> None:
    listed = command(tmp_path, "rubrics", "list").stdout.splitlines()
    pinned = json.loads((RUBRICS / "digests.json").read_text())
    assert [line.split()[0] for line in listed[1:]] == sorted(pinned)
    assert [line.split()[-1] for line in listed[1:]] == [pinned[ref][:12] for ref in sorted(pinned)]


def test_a_rubric_is_shown_as_a_judge_gets_it(tmp_path: Path) -> None:
    shown = command(tmp_path, "rubrics", "show", "med-cmr").stdout
    assert "med-cmr@1, mode text" in shown
    assert "med-cmr@1, mode image" in shown
    for part in ("consistency", "ground_truth", "0", "5"):
        assert part in shown


def test_digests_are_the_pinned_ones(tmp_path: Path) -> None:
    printed = json.loads(command(tmp_path, "rubrics", "digest").stdout)
    assert printed == json.loads((RUBRICS / "digests.json").read_text())


def test_the_projects_rubrics_are_in_order(tmp_path: Path) -> None:
    done = command(tmp_path, "rubrics", "check")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "0 fault(s)", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copied = tmp_path / "rubrics"
    (copied / "prompts").mkdir(parents=True)
    for file in RUBRICS.rglob("*.*"):
        (copied / file.relative_to(RUBRICS)).write_text(file.read_text("utf-8"), "utf-8")
    return copied


def _rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_a_text_that_changed_without_its_version_is_a_fault(tmp_path: Path, folder: Path) -> None:
    env = environment(tmp_path, rubrics_dir=str(folder))
    _rewrite(folder / "medical-qa.yaml", "Clear throughout", "Clear everywhere")
    checked = command(tmp_path, "rubrics", "check", env=env)
    written = command(tmp_path, "rubrics", "digest", "--write", env=env)
    assert (checked.returncode, written.returncode) == (1, 2)
    assert "medical-qa@1: its text changed and its version did not" in checked.stderr
    assert "medical-qa@1: its text changed and its version did not" in written.stderr


def test_a_new_version_is_pinned_and_the_old_digest_stays(tmp_path: Path, folder: Path) -> None:
    env = environment(tmp_path, rubrics_dir=str(folder))
    _rewrite(folder / "medical-qa.yaml", "version: 1", "version: 2")
    before = command(tmp_path, "rubrics", "check", env=env)
    assert (before.returncode, "medical-qa@2 is not pinned" in before.stderr) == (1, True)
    assert command(tmp_path, "rubrics", "digest", "--write", env=env).returncode == 0
    assert command(tmp_path, "rubrics", "check", env=env).returncode == 0
    pinned = json.loads((folder / "digests.json").read_text())
    assert {"medical-qa@1", "medical-qa@2"} <= pinned.keys()


def test_the_settings_in_force_are_printed_without_their_secrets(tmp_path: Path) -> None:
    env = environment(
        tmp_path, store_url="redis://user:pa55word@cache:6379/0", fence_key="fence-s3cret", drain_s="7"
    )
    done = command(tmp_path, "config", "check", env=env)
    settings = json.loads(done.stdout)
    assert (settings["drain_s"], settings["store_url"]) == (7, "redis://***@cache:6379/0")
    assert settings["judges"]["default"]["kind"] == "embedded"
    assert "pa55word" not in done.stdout + done.stderr
    assert "fence-s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/0?password=s3cret", "redis://h:1/0?password=***"),
        ("redis://h:1/0?db=1&password=s3cret&s3cret", "redis://h:1/0?db=***&password=***&***"),
        ("redis://user:s3cret@h:1/0?db=1", "redis://***@h:1/0?db=***"),
        ("redis://:s3cret/s3cret@h:1", "redis://***@h:1"),
        ("redis://:s3cret@s3cret@h:1", "redis://***@h:1"),
        ("redis://:s3cret?s3cret@h:1", "redis://***"),
        ("redis://:s3cret#s3cret@h:1", "redis://***"),
        ("redis://h:1/0#s3cret", "redis://h:1/0?***"),
        ("redis://h/0?password=a@s3cret", "redis://***"),
        ("user:s3cret@h:1", "***@h:1"),
        ("redis://[s3cret@h", "redis://***@h"),
        ("memory://", "memory://"),
        ("file:///var/cache", "file:///var/cache"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    judges = {"a": {"base_url": url, "extra_body": {}}, "b": {"base_url": None, "extra_body": {}}}
    told = redacted({"store_url": url, "judges": judges})
    assert (told["store_url"], told["judges"]["a"]["base_url"]) == (shown, shown)
    assert told["judges"]["b"]["base_url"] is None


def test_of_further_fields_of_a_request_only_the_names_are_shown(tmp_path: Path) -> None:
    judge = {
        "kind": "openai",
        "base_url": "http://gpu:8000/v1?key=s3cret",
        "model": "m",
        "extra_body": {"headers": {"x-key": "s3cret"}, "top_k": 5},
    }
    done = command(tmp_path, "config", "check", env=environment(tmp_path, {"default": judge}))
    shown = json.loads(done.stdout)["judges"]["default"]
    assert (shown["extra_body"], shown["model"]) == (["headers", "top_k"], "m")
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"drain_s": "soon"}, "JUDGE_SERVICE_DRAIN_S: "),
        ({"drain_seconds": "7"}, "unknown setting JUDGE_SERVICE_DRAIN_SECONDS"),
        ({"log_level": "LOUD"}, "JUDGE_SERVICE_LOG_LEVEL: "),
        ({"judges": '{"a": {"kind": "oracle"}}'}, "JUDGE_SERVICE_JUDGES.a.kind: "),
        ({"judges": '{"a": {"kind": "embedded", "key": "s3cret"}}'}, "JUDGE_SERVICE_JUDGES.a.key: "),
        ({"judges": "/no/such/s3cret"}, "JUDGE_SERVICE_JUDGES: "),
    ],
)
@pytest.mark.parametrize("words", [["config", "check"], ["judges"]], ids=" ".join)
def test_a_setting_at_fault_is_named_in_one_line(
    tmp_path: Path, words: list[str], settings: dict[str, str], named: str
) -> None:
    done = command(tmp_path, *words, env=environment(tmp_path, **settings))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"judge-service: {named}")
    assert done.stderr.count("\n") == 1
    assert "s3cret" not in done.stderr


def test_a_rubric_file_at_fault_is_named_in_one_line(tmp_path: Path, folder: Path) -> None:
    _rewrite(folder / "medical-qa.yaml", "version: 1", "version: one")
    done = command(tmp_path, "rubrics", "list", env=environment(tmp_path, rubrics_dir=str(folder)))
    assert done.returncode == 2
    assert done.stderr.startswith("judge-service: rubric file medical-qa.yaml: version: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [["nonsense"], ["serve", "--port", "http"], ["serve", "--prot", "1"], ["rubrics", "show"], ["score"]],
)
def test_a_mistake_in_use_is_exit_code_2(tmp_path: Path, words: list[str]) -> None:
    done = command(tmp_path, *words)
    assert done.returncode == 2
    assert "Usage: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_rubric_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = command(tmp_path, "rubrics", "show", "no-such")
    assert done.returncode == 2
    assert done.stderr.startswith("judge-service: there is no rubric 'no-such' (known: ")


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"JUDGE_SERVICE_STORE_URL": "foo"}, "the store's address must begin with"),
        ({"JUDGE_SERVICE_RUBRICS_DIR": "/there/is/none"}, "no rubric"),
        (
            {"JUDGE_SERVICE_JUDGES": '{"a": {"kind": "litellm", "model": "m", "api_key_env": "NO_KEY"}}'},
            "reads its key from NO_KEY, which is not set",
        ),
    ],
)
def test_config_check_opens_what_is_named(tmp_path: Path, env: dict[str, str], told: str) -> None:
    done = command(tmp_path, "config", "check", env=environment(tmp_path) | env)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"JUDGE_SERVICE_STORE_URL": "memory://"}, "a worker needs a store that servers share"),
        ({"JUDGE_SERVICE_JOB_SLOTS": "0"}, "would take no item"),
    ],
)
def test_a_worker_that_no_job_could_reach_does_not_start(
    tmp_path: Path, env: dict[str, str], told: str
) -> None:
    done = command(tmp_path, "worker", "--port", "0", env=environment(tmp_path) | env)
    assert done.returncode == 2
    assert told in done.stderr
