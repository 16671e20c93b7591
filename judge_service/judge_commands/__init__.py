"""`judge-service judges …`: what is bound, what its endpoints can do, how repeatable its scores are."""

from __future__ import annotations

import typer

from judge_service.judge_commands import checking, repeating
from judge_service.judge_commands.common import settings, table

app = typer.Typer(
    help="List the configured judges; find out what they can do, and how repeatable they are.",
    invoke_without_command=True,
)
for part in (checking, repeating):
    app.add_typer(part.app)


@app.callback()
def judges(context: typer.Context) -> None:
    """List the configured judges; find out what they can do, and how repeatable they are."""
    if context.invoked_subcommand is None:
        bound = sorted(settings().judges.items())
        rows = [(name, s.kind, s.model or "-", str(s.max_concurrency)) for name, s in bound]
        table(("judge", "kind", "model", "concurrency"), rows)
