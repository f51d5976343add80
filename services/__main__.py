"""`python -m services`: see `services.launch.cli`."""

from services.launch.cli import app

app()
