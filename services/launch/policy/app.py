"""`python -m services policy …`: policies checked, compared and changed by command line."""

import typer

from services.launch.policy import check

app = typer.Typer(no_args_is_help=True, help="The escalation matrix: checked, tried, put.")
app.command("check")(check.check)
app.command("schema")(check.schema)
