"""`python -m services policy …`: policies checked, compared and changed by command line."""

import typer

from services.launch.policy import changing, check, trying

app = typer.Typer(no_args_is_help=True, help="The escalation matrix: checked, tried, put.")
app.command("check")(check.check)
app.command("schema")(check.schema)
app.command("diff")(trying.diff)
app.command("dry-run")(trying.try_on_open)
app.command("replay")(trying.try_on_past)
app.command("publish")(changing.publish)
app.command("rollback")(changing.rollback)
app.command("migrate")(changing.migrate)
