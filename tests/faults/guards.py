"""The guards that hold the promises, each with a way to do without it: a check that cannot fail proves nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from tests.faults.wrapping import put


def hasten() -> None:
    """A dead sender's mails come due again after seconds; otherwise the service is as it is shipped."""
    from services.notify.channels import email
    from services.notify.channels.ports import Terms

    put(email, "Terms", partial(Terms, margin_seconds=2.0))
    put(email, "CONNECT_SECONDS_MAX", 1.0)


def no_idempotency() -> None:
    """Keys are neither held nor looked up nor kept."""
    from shared.db import idempotency

    async def hold(_tx: Any, wanted: Any) -> Any:
        return set(wanted)

    async def find(_tx: Any, _wanted: Any) -> Any:
        return {}

    async def keep(_tx: Any, _replies: Any) -> None:
        return None

    for name, value in (("hold_many", hold), ("find", find), ("keep", keep)):
        put(idempotency, name, value)


def no_single_transaction() -> None:
    """Disputes with their events are committed before the clocks and timers that belong to them."""
    from shared.db import decisions
    from shared.db.decisions import Decisions

    save = decisions.save

    async def split(tx: Any, decided: Any) -> None:
        await save(tx, Decisions(decided.changes))
        if decided.changes:
            await tx.raw.execute("commit")
            await tx.raw.execute("begin")
        await save(tx, decided._replace(changes=()))

    put(decisions, "save", split)


def no_inbox() -> None:
    """Every delivery of a message is taken for the first."""
    from shared.db import inbox

    first_time = inbox.first_time

    async def always(tx: Any, consumer: str, message_ids: Any) -> Any:
        await first_time(tx, consumer, message_ids)
        return set(message_ids)

    put(inbox, "first_time", always)


def no_stable_name() -> None:
    """A mail that is tried again gets a new Message-ID."""
    from services.notify.parcels import Packer
    from shared.runtime.ids import new_id

    pack = Packer.pack

    def renamed(self: Packer, claim: Any, material: Any) -> Any:
        return pack(self, replace(claim, id=new_id()) if claim.attempt > 1 else claim, material)

    put(Packer, "pack", renamed)


def no_idle_limit() -> None:
    """PostgreSQL does not end the transaction of a process that stands still."""
    from shared.db import engine

    put(engine, "IDLE_IN_TRANSACTION_MS_MAX", 0)


def no_confirms() -> None:
    """What was written to the socket counts as published."""
    from shared.broker.rabbit_publisher import Publisher
    from shared.broker.rabbit_window import forget, send

    async def at_once(_self: Any, channel: Any, messages: Any) -> Any:
        await send(channel, messages)
        forget(channel, messages)
        return [None] * len(messages)

    put(Publisher, "_answers", at_once)


def no_mandatory() -> None:
    """A message that no queue wants is confirmed all the same."""
    from aiormq import spec

    from shared.broker import rabbit_window
    from shared.messages.topology import EXCHANGE

    def optional(topic: str) -> Any:
        return spec.Basic.Publish(exchange=EXCHANGE, routing_key=topic, mandatory=False)

    put(rabbit_window, "_publish", optional)


def no_second_look() -> None:
    """A timer that is due fires, whatever has become of its dispute."""
    from shared.domain import escalation, firing

    def still_owed(clock: Any, *_facts: Any) -> Any:
        return clock

    put(firing, "settled", still_owed)
    for module in (firing, escalation):
        put(module, "climbs", bool)


REMOVE: Final[Mapping[str, Callable[[], None]]] = {
    "idempotency": no_idempotency,
    "one transaction": no_single_transaction,
    "inbox": no_inbox,
    "stable Message-ID": no_stable_name,
    "limit of idle transactions": no_idle_limit,
    "publisher confirms": no_confirms,
    "mandatory routing": no_mandatory,
    "second look": no_second_look,
}
