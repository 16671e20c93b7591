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
        from judge_service.domain.judge import JudgeSpec  # noqa: PLC0415  pydantic
        from judge_service.domain.panel import concurrency, parts_of  # noqa: PLC0415  likewise

        bound = settings().judges
        rows = [
            (
                name,
                s.kind,
                (s.model or "-") if isinstance(s, JudgeSpec) else ", ".join(parts_of(s)),
                str(concurrency(bound, name)),
            )
            for name, s in sorted(bound.items())
        ]
        table(("judge", "kind", "model, or made of", "concurrency"), rows)
