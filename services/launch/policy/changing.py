"""`policy publish`, `policy rollback`, `policy migrate`: changes, each with its reason."""

import asyncio
import time
from typing import Annotated, Final
from uuid import UUID

import typer

from services.intake.commands.put_policy import put_policy
from services.launch.policy.store import AUTHOR, Reason, Source, Store, within
from shared.db import policies, policy_migrations
from shared.db.policies import Policy
from shared.db.policy_migrations import Filter, Migration, Wanted
from shared.policy.matrix import NAME, parse_matrix

LOOK_SECONDS: Final = 0.5
Version = Annotated[int, typer.Argument(min=1, help="The number of a stored version.")]


def publish(source: Source, reason: Reason) -> None:
    """Puts a matrix as the next version. New cases begin with it; running deadlines stay until they are migrated."""

    async def work(store: Store) -> Policy:
        document, calendars = await store.document(source), store.calendars()
        async with store.database.transaction() as tx:
            expected = await policies.current_version(tx)
            return await put_policy(
                tx, NAME, document, expected=expected, calendars=calendars, author=AUTHOR, reason=reason
            )

    typer.echo(f"version {within(work).version} is the policy now; running deadlines did not move")


def rollback(version: Version, reason: Reason) -> None:
    """Puts the text of an older version as the next one."""
    publish(str(version), reason)


def migrate(
    version: Version,
    reason: Reason,
    from_version: Annotated[list[int] | None, typer.Option(help="Only disputes of these versions.")] = None,
    tier: Annotated[list[int] | None, typer.Option(help="Only disputes in these tiers.")] = None,
    *,
    allow_later: Annotated[bool, typer.Option(help="Promises to customers may move later, or be withdrawn.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until it is carried out.")] = 0,
) -> None:
    """Asks escalation to move open disputes to a version. Promises to customers move earlier or stay."""
    parts = Filter(from_versions=tuple(from_version) if from_version else None, tiers=tuple(tier) if tier else None)
    wanted = Wanted(version, parts, reason, allow_later, AUTHOR)

    async def work(store: Store) -> Migration:
        calendars = store.calendars()
        async with store.database.transaction() as tx:
            stored = await policies.get(tx, NAME, version)
            parse_matrix(stored.body, version=version, calendars=calendars)
            made = await policy_migrations.create(tx, NAME, wanted)
        return await _awaited(store, made.id, wait)

    found = within(work)
    counts = ", ".join(f"{name} {count:,}" for name, count in found.counts.items()) or "nothing yet"
    typer.echo(f"migration {found.id} to version {version} is {found.state}: {counts}")
    for failure in found.failures:
        typer.echo(f"not migrated: {failure['reference']}: {failure['reason']}", err=True)
    if found.fault is not None or found.failures:
        typer.echo(found.fault or "some disputes stay with their version", err=True)
        raise typer.Exit(1)


async def _awaited(store: Store, migration_id: UUID, seconds: float) -> Migration:
    """The migration once it is over, or as it stands when the time is."""
    ends = time.monotonic() + seconds
    while True:
        async with store.database.transaction() as tx:
            found = await policy_migrations.get(tx, NAME, migration_id)
        if found.finished_at is not None or time.monotonic() >= ends:
            return found
        await asyncio.sleep(LOOK_SECONDS)
