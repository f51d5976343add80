"""One batch of messages, one transaction; and how a failure in it is judged."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.db import inbox
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE, is_away, is_transient, may_be_away, sqlstate
from shared.domain.errors import RecourseError
from shared.messages.envelope import Envelope

Handler = Callable[[Tx, Sequence[Envelope]], Awaitable[None]]
"""Handles a batch of events, none of them handled before, in one transaction."""

TRIES_AT_ONCE: Final = 4
"""How often work that lost a race in the database is done again at once, the first time counted."""


class DatabaseAway(Exception):
    """Nothing is wrong with the work; the database cannot be reached."""


class Failed(Exception):
    """The work failed; `reason` names the class and code of the failure, nothing a customer wrote."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Work = Callable[[Tx], Awaitable[None]]


async def transacted(database: Database, work: Work) -> None:
    """Does the work in a transaction of its own, again at once when it lost a race.

    Raises:
        DatabaseAway: the database cannot be reached.
        Failed: the work raised; the cause is attached.
    """
    tries = 0
    while True:
        tries += 1
        try:
            async with database.transaction() as tx:
                await work(tx)
        except Exception as error:
            if is_transient(error) and tries < TRIES_AT_ONCE:
                continue
            if is_away(error) or (may_be_away(error) and not await answers(database)):
                raise DatabaseAway from error
            raise Failed(reason_of(error)) from error
        else:
            return


async def handled(tx: Tx, consumer: str, handle: Handler, envelopes: Sequence[Envelope]) -> int:
    """Handles those of the events that are new to this consumer, per dispute in sequence; returns how many were."""
    new = await inbox.first_time(tx, consumer, [each.id for each in envelopes])
    fresh = {each.id: each for each in envelopes if each.id in new}
    if fresh:
        await handle(tx, sorted(fresh.values(), key=lambda each: (each.subject, each.sequence)))
    return len(fresh)


async def answers(database: Database) -> bool:
    """Whether the database can be reached now."""
    try:
        async with database.transaction():
            return True
    except RAISED_BY_DATABASE:
        return False


def reason_of(error: BaseException) -> str:
    """The class of a failure and its code, if it has one; its text may quote a customer and is left out."""
    code = error.code if isinstance(error, RecourseError) else sqlstate(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
