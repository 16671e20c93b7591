"""The guide to deploying says what the manifests say."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from deploy.checks import BROUGHT, Deployed, spec_of
from deploy.kustomizing import build

from judge_service import __version__
from judge_service.main import SLOTS
from judge_service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
EXAMPLE = Deployed(build(ROOT / "deploy" / "kustomize" / "overlays" / "example"))


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 120


def test_every_path_it_names_is_there() -> None:
    named = set(re.findall(r"\bdeploy/[\w./-]*\w", TEXT)) - {"deploy/judges.env"}  # yours
    assert len(named) > 6
    assert {path for path in named if not (ROOT / path).exists()} == set()
    folders = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("deploy/**/kustomization.yaml")}
    assert folders <= named


def test_every_setting_it_names_exists() -> None:
    named = set(re.findall(rf"{PREFIX}(\w+)", TEXT))
    assert {name for name in named if name.lower() not in Settings.model_fields} == set()


def test_the_labels_are_those_of_the_policies() -> None:
    policies = yaml.safe_dump(EXAMPLE.of("NetworkPolicy"))
    assert set(re.findall(r"judge-service/\w+(?=')?(?=: 'true')", policies)) == set(
        re.findall(r"^\| `(judge-service/\w+)` \|", TEXT, re.MULTILINE)
    )


def test_the_secrets_have_the_keys_that_are_read() -> None:
    command = TEXT.partition("secret generic judge-store")[2].partition("kubectl")[0]
    assert set(re.findall(r"--from-literal=(\w+)=", command)) == BROUGHT["judge-store"]


def test_the_numbers_are_those_of_the_manifests() -> None:
    (scaled,) = EXAMPLE.of("ScaledObject")
    assert f'`target: "{scaled["spec"]["advanced"]["scalingModifiers"]["target"]}"`' in TEXT
    assert f"A worker holds {SLOTS}," in TEXT
    assert f"up to {scaled['spec']['maxReplicaCount']}," in TEXT
    assert f"`{PREFIX}DRAIN_S` ({EXAMPLE.settings()[PREFIX + 'DRAIN_S']} s)" in TEXT
    for one in EXAMPLE.ours:
        assert (
            f"{spec_of(one)['terminationGracePeriodSeconds']} s" in TEXT.partition("| killed after |")[2][:20]
        )
    assert f"`judge-service:{__version__}`" in TEXT
