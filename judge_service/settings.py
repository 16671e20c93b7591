"""Settings by environment (prefix JUDGE_SERVICE_): an argument everywhere, a global nowhere."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from judge_service.domain.judge import JudgeSpec
from judge_service.domain.panel import AnySpec, check_composites
from judge_service.errors import BodyRejected, ConfigurationError
from judge_service.strict_json import loads

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "JUDGE_SERVICE_"
_JUDGE_NAME_CAP = 64
# Kubernetes sets these in every pod beside a Service that is named like us.
_OF_A_CLUSTER = re.compile(rf"{PREFIX}([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d+_.*)?)")


def default_store_url() -> str:
    """A file under the user's cache folder, so that answers survive a restart without any set-up."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return f"file://{(base / 'judge-service').absolute()}"


def default_rubrics_dir() -> Path:
    """`rubrics` beside the package, as the repository and the image have it; else in the working folder."""
    beside = Path(__file__).parent.parent / "rubrics"
    return beside if beside.is_dir() else Path("rubrics")


def default_maps_dir() -> Path:
    """`calibration/maps` beside the package, as the repository and the image have it; else where we run."""
    beside = Path(__file__).parent.parent / "calibration" / "maps"
    return beside if beside.is_dir() else Path("calibration/maps")


class Settings(BaseSettings):
    """Everything that may differ between two installations."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    judges: Annotated[dict[str, AnySpec], NoDecode] = Field(
        default_factory=dict,
        description="JSON object of judge name → settings, or the path of a file that holds one. "
        "`default` is asked when a request names no judge; with nothing set it is the embedded judge.",
    )
    store_url: str = Field(
        default_factory=default_store_url,
        description="`memory://`, `file:///path`, `redis://…`, `rediss://…`, `unix://…`, or for a Redis that fails "
        "over `redis+sentinel://user:password@host:26379,host:26379/master-name/0`. Default: a file in the user's "
        "cache folder.",
    )
    rubrics_dir: Path = Field(default_factory=default_rubrics_dir, description="Folder of the rubric files.")
    calibration_maps_dir: Path = Field(
        default_factory=default_maps_dir, description="Folder of calibration maps that ship, read only."
    )
    prices: Path | None = Field(
        default=None, description="JSON file of prices that extends, or replaces, the list that ships."
    )
    cache_ttl_days: float = Field(default=30, gt=0, le=365, description="How long a judgement is kept.")
    body_cap_mib: int = Field(default=20, ge=1, le=200, description="Largest request body, in MiB.")
    image_budget_mib: int = Field(
        default=256, ge=16, le=16_384, description="Memory for images being decoded at one time, in MiB."
    )
    fence_key: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_hex(16)),
        description="Secret that names the fences around a case; random at each start when not set.",
    )
    drain_s: int = Field(
        default=25, ge=0, le=600, description="How long a stop waits for requests in flight."
    )
    job_slots: int | None = Field(
        default=None,
        ge=0,
        le=4096,
        description="Items of jobs that this process works on at one time. Default: 96, and 0 in a server whose "
        "store is Redis, where `judge-service worker` works on them.",
    )
    job_lease_s: float = Field(
        default=30.0, ge=0.2, le=3600, description="How long a worker may be silent before others take over."
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level logged."
    )

    @field_validator("judges", mode="before")
    @classmethod
    def _read_judges(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = value.strip()
        if text and not text.startswith("{"):
            text = Path(text).read_text("utf-8")
        try:
            return loads(text.encode()) if text else {}
        except BodyRejected as exc:
            raise ValueError(str(exc).replace("the body", "the text")) from None

    @field_validator("judges")
    @classmethod
    def _has_a_default(cls, judges: dict[str, AnySpec]) -> dict[str, AnySpec]:
        for name in judges:
            if not name.isprintable() or not 0 < len(name) <= _JUDGE_NAME_CAP:
                raise ValueError(f"a judge's name is printable and has 1 to {_JUDGE_NAME_CAP} characters")
        check_composites(judges)
        # The embedded judge is the default only when nobody said anything about judges: a service whose
        # judges are configured without a default must not fall back to a baseline in silence.
        return judges or {"default": JudgeSpec(kind="embedded")}


def _place(fault: ErrorDetails) -> str:
    first, *rest = fault["loc"]
    if first == "judges":
        # Which of the kinds a judge is comes after its name, though nobody has written it there.
        rest = [*rest, "kind"] if fault["type"].startswith("union_tag") else [*rest[:1], *rest[2:]]
    return ".".join([str(first).upper(), *map(str, rest)])


def load_settings(**overrides: object) -> Settings:
    """Read the environment; an unknown variable with our prefix is a mistake and is named."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = [
        name
        for name in os.environ
        if name.startswith(PREFIX)
        and name not in known
        and not name.startswith(PREFIX + "TEST_")
        and not _OF_A_CLUSTER.fullmatch(name)
    ]
    if unknown:
        raise ConfigurationError(f"unknown setting {min(unknown)} (known: {', '.join(sorted(known))})")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_input=False)
        named = "; ".join(f"{PREFIX}{_place(f)}: {f['msg']}" for f in faults[:5])
        raise ConfigurationError(named) from exc
    except (OSError, ValueError) as exc:
        raise ConfigurationError(
            f"{PREFIX}JUDGES: {type(exc).__name__}: not JSON and not a readable file"
        ) from exc
