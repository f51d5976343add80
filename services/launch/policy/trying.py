"""`policy diff`, `policy dry-run`, `policy replay`: what a change would do, before it is made."""

import os
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from services.launch.policy.difference import difference
from services.launch.policy.picture import picture
from services.launch.policy.report import of_dry_run, of_replay
from services.launch.policy.store import Source, Store, body_of, told, within
from services.launch.policy.whole import Order, replay_whole
from shared.db.dry_run import Bounds, DryRun, Proposal, dry_run
from shared.db.engine import Database
from shared.db.policies import Matrices
from shared.db.replaying import Replay
from shared.db.risk import Models
from shared.domain import breach_model
from shared.policy.matrix import parse_matrix

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
PROCESSES_MAX: Final = 64
DISPUTES_MAX: Final = 100_000_000
Seconds = Annotated[float, typer.Option(min=1, max=86_400, help="Longest time to look.")]


def diff(
    before: Source,
    after: Source,
) -> None:
    """Tells what changed from one matrix to another: tiers, thresholds, deadlines, people. Ends with 1 when anything did."""
    if before.isdigit() or after.isdigit():

        async def work(store: Store) -> list[str]:
            return difference(await store.document(before), await store.document(after))

        lines = within(work)
    else:
        lines = told(lambda: difference(body_of(Path(before)), body_of(Path(after))))
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
    typer.echo("They say the same.")


def try_on_open(
    source: Source,
    limit: Annotated[
        int, typer.Option(min=1, max=DISPUTES_MAX, help="Most disputes looked at, drawn evenly.")
    ] = 20_000,
    seconds: Seconds = 300,
    *,
    allow_later: Annotated[bool, typer.Option(help="As if promises to customers might move later too.")] = False,
) -> None:
    """Tells what migrating the open disputes to a matrix now would move, break and escalate. Changes nothing."""

    async def work(store: Store) -> DryRun:
        matrix, calendars = await store.proposed(source), store.calendars()
        proposal, matrices = Proposal(matrix, allow_later), Matrices(calendars)
        return await dry_run(store.database, matrices, calendars, proposal, Bounds(limit, seconds))

    for line in of_dry_run(within(work)):
        typer.echo(line)


def try_on_past(
    source: Source,
    since: Annotated[datetime | None, typer.Option(help="Only disputes received since then, UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=DISPUTES_MAX, help="Most disputes replayed.")] = DISPUTES_MAX,
    processes: Annotated[int, typer.Option(min=0, max=PROCESSES_MAX, help="0: one for each processor.")] = 0,
    picture_file: Annotated[Path | None, typer.Option("--picture", help="An SVG file to write.")] = None,
) -> None:
    """Replays past disputes under a matrix and under the newest version, and tells the difference. Changes nothing."""

    async def work(store: Store) -> tuple[str, Replay]:
        newest, document = await store.current(), await store.document(source)
        parse_matrix(document, version=newest.version + 1, calendars=store.calendars())
        order = Order(
            store.url, newest.body, document, store.calendars_dir, store.years, await _model_in_force(store.database)
        )
        start = LONG_AGO if since is None else since.replace(tzinfo=since.tzinfo or UTC)
        done = await replay_whole(
            store.database, order, since=start, limit=limit, processes=processes or os.cpu_count() or 1
        )
        return f"version {newest.version}", done

    try:
        present, done = within(work)
    except BrokenProcessPool as error:
        typer.echo("a process that replayed ended without an answer; nothing was changed", err=True)
        raise typer.Exit(1) from error
    for line in of_replay(done):
        typer.echo(line)
    typer.echo(f"{done.seconds:.1f} s, {done.a_minute:,.0f} disputes a minute", err=True)
    if picture_file is not None:
        name = f"version {source}" if source.isdigit() else Path(source).name
        _write(picture_file, picture(done.comparison, present, name))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(73) from error  # EX_CANTCREAT of sysexits.h
    typer.echo(f"picture: {file}")


async def _model_in_force(database: Database) -> Mapping[str, Any] | None:
    """The model of breach risk that answers now, as the processes are given it; None while the prior answers."""
    async with database.transaction() as tx:
        _, model = await Models().current(tx)
    return None if model is None else breach_model.document(model)
