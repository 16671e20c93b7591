"""`judge-service calibration …`: the operations of the API on files. The statistics load when one runs."""

import typer

from judge_service.calibration_commands import maps, planning, studies, swapping

app = typer.Typer(
    help="Compare judges with physicians, and correct them. A study is a .json, .ndjson or .csv file.",
    no_args_is_help=True,
)
for part in (studies, maps, swapping, planning):
    app.add_typer(part.app)
