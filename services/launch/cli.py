"""The command line: `python -m services run`, one service alone, and what an operator does by hand."""

from typing import Annotated

import typer

from services.launch import keys, taxonomy
from services.launch.policy import app as policy
from services.launch.risk import app as risk
from services.launch.start import configure_logs, told
from services.launch.understanding import app as understanding
from services.launch.understanding import models
from services.launch.understanding.signals_shown import evaluate_signals
from shared.runtime.process import run as run_loop
from shared.runtime.settings import CommonSettings, load

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Recourse: disputes in, promises kept.",
)

app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")
app.add_typer(risk.app, name="risk")
app.add_typer(taxonomy.app, name="taxonomy")
app.command()(understanding.evaluate)
app.command()(understanding.train)
app.command()(evaluate_signals)
app.add_typer(models.app, name="model")


@app.command()
def run() -> None:
    """Runs the whole product in one process on an embedded PostgreSQL (or on RECOURSE_DATABASE_URL)."""
    from services.launch import embedded

    with told():
        configure_logs()
        raise typer.Exit(run_loop(embedded.run()))


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="A free one when left out.")] = None,
    speed: Annotated[float, typer.Option(min=0.5, max=5, help="How many times faster than a minute.")] = 1.0,
) -> None:
    """Shows a day at a complaints desk in a minute, on a database of its own, and ends by itself."""
    from services.launch import demo as shown

    raise typer.Exit(shown.run(load(CommonSettings).state_dir / "demo", port, speed=speed))


@app.command()
def intake() -> None:
    """Runs the HTTP door alone, on PostgreSQL and RabbitMQ."""
    _alone("intake")


@app.command()
def escalation() -> None:
    """Runs the clock door alone."""
    _alone("escalation")


@app.command()
def notify() -> None:
    """Runs the mouth alone."""
    _alone("notify")


@app.command()
def migrate(revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head") -> None:
    """Brings the database of RECOURSE_DATABASE_URL up to date."""
    from shared.db import migrate as migrations

    settings = load(CommonSettings)
    if settings.database_url is None:
        typer.echo("RECOURSE_DATABASE_URL must be set: `run` migrates its own embedded database.", err=True)
        raise typer.Exit(78)
    with told():
        migrations.upgrade(settings.database_url.get_secret_value(), revision)


def _alone(name: str) -> None:
    from services.launch import alone

    with told():
        configure_logs()
        raise typer.Exit(run_loop(alone.run(name)))
