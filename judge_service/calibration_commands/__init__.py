"""`judge-service calibration …`: the operations of the API on files. The statistics load when one runs."""

import typer

from judge_service.calibration_commands import keeping, maps, planning, studies, swapping, watching

app = typer.Typer(
    help="Compare judges with physicians, and correct them. A study is a .json, .ndjson or .csv file, "
    "or the id of a kept one.",
    no_args_is_help=True,
)
for part in (studies, keeping, watching, maps, swapping, planning):
    app.add_typer(part.app)
