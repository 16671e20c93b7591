"""What the commands on judges share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from judge_service.settings import Settings

JudgeName = Annotated[str, typer.Argument(metavar="NAME", help="Name of a configured judge.")]


def settings() -> Settings:
    """The settings in force."""
    from judge_service.settings import load_settings  # noqa: PLC0415  pydantic

    return load_settings()


def bound(found: Settings, name: str) -> None:
    """Raise `ConfigurationError` unless a judge is bound to that name."""
    if name not in found.judges:
        known = ", ".join(sorted(found.judges))
        raise ConfigurationError(f"no judge is configured under {name!r} (known: {known})")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows under a head, in columns."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def write(path: Path, document: object) -> None:
    """Write JSON, or say in one line why not."""
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n", "utf-8")
    except OSError as exc:
        raise ConfigurationError(f"--out {path.name} cannot be written ({type(exc).__name__})") from exc
