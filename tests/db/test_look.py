"""A look outside any transaction, for polling."""

from datetime import timedelta

from shared.db import timers
from shared.db.engine import Database, make_engine
from tests.builders import MONDAY_NINE
from tests.waiting import eventually


async def test_a_look_survives_the_loss_of_its_connection(database: str, db: Database) -> None:
    """The connection that polling uses is cut; whoever polls next must not be handed the dead one again and again."""
    polling = Database(make_engine(database, pool_size=1))
    try:
        async with polling.look() as look:
            drawn = look.raw
        async with db.transaction() as tx:
            await tx.raw.execute("select pg_terminate_backend($1)", drawn.get_server_pid())
        await eventually(drawn.is_closed)
        async with polling.look() as look:
            assert (await timers.look(look, MONDAY_NINE))[1] is None
    finally:
        await polling.dispose()


async def test_a_look_shows_the_clock_as_transactions_do(moved: Database, db: Database) -> None:
    async with moved.look() as look, db.transaction() as tx:
        assert (await timers.look(look, MONDAY_NINE))[0] - tx.now > timedelta(days=7)
