"""`python -m services`, or `recourse`: see `services.launch.cli`."""

from services.launch.cli import app

app(prog_name="recourse")
