"""API keys by command line: `python -m services keys create|list|rotate|revoke`."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from services.launch.start import database_address, told
from shared.db import keys, principals
from shared.db.engine import Database, Tx, make_engine
from shared.db.keys import Key
from shared.domain.errors import RecourseError
from shared.runtime.process import run

app = typer.Typer(no_args_is_help=True, help="API keys; the text of a key is shown once.")

T = TypeVar("T")
KeyId = Annotated[UUID, typer.Argument(help="The key's id, as `list` shows it.")]


@app.command()
def create(
    principal: Annotated[str, typer.Argument(help="The name of a new principal, such as `helpdesk`.")],
    scopes: Annotated[list[str], typer.Argument(help="disputes:read disputes:write cases:work ops:read admin …")],
    role: Annotated[str, typer.Option(help="agent, lead, manager, executive, integration, observer, admin")] = "agent",
    tier: Annotated[int | None, typer.Option(help="Tier of authority; none may promise no money.")] = None,
) -> None:
    """Makes a principal and its first key."""

    async def work(tx: Tx) -> tuple[Key, str]:
        made = await principals.create(tx, name=principal, role=role, tier=tier)
        return await keys.create_key(tx, made.id, name=principal, scopes=scopes)

    _show_new(*_within(work))


@app.command("list")
def list_() -> None:
    """Shows every key: id, prefix, name, scopes, state. Never its text."""

    async def work(tx: Tx) -> tuple[datetime, list[Key]]:
        return tx.now, await keys.list_keys(tx)

    now, found = _within(work)
    for key in found:
        state = "revoked" if key.revoked_at else "live" if key.live(now) else "expired"
        typer.echo(f"{key.id}  {key.prefix:12}  {state:8}  {key.name}  {' '.join(key.scopes)}")


@app.command()
def rotate(
    key_id: KeyId, hours: Annotated[float, typer.Option(min=0, max=720, help="How long the old key still works.")] = 24
) -> None:
    """Makes a successor; the old key works on for a while."""
    _show_new(*_within(lambda tx: keys.rotate_key(tx, key_id, overlap=timedelta(hours=hours))))


@app.command()
def revoke(key_id: KeyId) -> None:
    """Ends a key; processes that know it forget it within five seconds."""
    typer.echo(f"revoked {_within(lambda tx: keys.revoke_key(tx, key_id)).prefix}")


def _show_new(key: Key, text: str) -> None:
    typer.echo(f"{key.id}\n{text}")


def _within(work: Callable[[Tx], Awaitable[T]]) -> T:
    """Does the work in one transaction; a broken rule is a line and exit code 1, a missing address 78."""
    url = database_address()

    async def within() -> T:
        database = Database(make_engine(url, pool_size=1, application="recourse-keys"))
        try:
            async with database.transaction() as tx:
                return await work(tx)
        finally:
            await database.dispose()

    try:
        with told():
            return run(within())
    except RecourseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
