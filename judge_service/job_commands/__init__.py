"""`judge-service jobs …`: hand over a file of cases, follow it, fetch what came out, end it."""

from __future__ import annotations

import typer

from judge_service.job_commands import looking, submitting

app = typer.Typer(help="Hand jobs over to a service, follow them, fetch their results.", no_args_is_help=True)
for part in (submitting, looking):
    app.add_typer(part.app)
