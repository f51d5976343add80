"""Where a service can be made to die: each failpoint wraps a function of the product in this process alone."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from tests.faults.victim import tell
from tests.faults.wrapping import put

COMMIT_SECONDS: Final = 0.0005
"""How long after a commit was begun the process dies in the middle of it: sent, and not yet answered."""

BREATH_SECONDS: Final = 1.5
"""How long a life handles events before it may die, so that what it was sent is settled: RabbitMQ gives a message up that
was twenty times in the hands of a process that died."""

_SENT_TURNS: Final = 2


class Trigger:
    """Ends this process at the nth pass, with SIGKILL and one line of report."""

    def __init__(self, at: int, report: Path, *, explored: bool = False) -> None:
        self.at = at
        self.explored = explored
        self._report = report
        self._passed = 0
        self._fed_at: float | None = None

    def fed(self) -> None:
        """The first batch of events has come."""
        self._fed_at = self._fed_at or time.monotonic()

    @property
    def awake(self) -> bool:
        """Whether this life has had time to settle what it was sent."""
        return self._fed_at is not None and time.monotonic() - self._fed_at > BREATH_SECONDS

    def begin_again(self) -> None:
        """Counts from the start."""
        self._passed = 0

    def passes(self) -> bool:
        """Whether this pass is the one."""
        self._passed += 1
        return self._passed == self.at

    def reached(self, where: str) -> None:
        """One more pass; the last thing this process does if it is the one."""
        if self.passes():
            self.die(where)

    def die(self, where: str, *, last: bool = False) -> None:
        tell(self._report, what="died", where=where, at=self.at, last=last, pid=os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)

    def freeze(self, where: str) -> None:
        tell(self._report, what="frozen", where=where, pid=os.getpid())
        os.kill(os.getpid(), signal.SIGSTOP)


def after_commit_before_answer(trigger: Trigger) -> None:
    """The API: the filings are committed, and nobody has been told."""
    from services.intake.commands.batcher import Batcher

    stored = Batcher._in_one

    async def dying(self: Batcher, batch: Any) -> Any:
        outcomes = await stored(self, batch)
        trigger.reached("between the commit of a filing and its answer")
        return outcomes

    put(Batcher, "_in_one", dying)


def after_confirm_before_delete(trigger: Trigger) -> None:
    """The relay: the broker has confirmed, and the outbox still holds the rows, a wish for a higher tier among them."""
    from shared.db import outbox

    take, confirm = outbox.take, outbox.confirm
    holding = ContextVar("holding", default=False)

    async def taking(*arguments: Any, **more: Any) -> Any:
        rows = await take(*arguments, **more)
        holding.set(any(row.message.topic == "dispute.escalation_requested" for row in rows))
        return rows

    async def dying(*arguments: Any, **more: Any) -> None:
        if holding.get():
            trigger.reached("between the broker's confirm and the delete")
        await confirm(*arguments, **more)

    put(outbox, "take", taking)
    put(outbox, "confirm", dying)


def after_250_before_record(trigger: Trigger) -> None:
    """The sender: the mail server has said 250, and nothing is recorded of it."""
    from services.notify.recorder import Recorder

    record = Recorder._recorded

    async def dying(self: Recorder, batch: Any) -> bool:
        if any(ending.state == "sent" and ending.claim.channel == "email" for ending in batch):
            trigger.reached("between the mail server's 250 and the record")
        return await record(self, batch)

    put(Recorder, "_recorded", dying)


def frozen_in_the_sweep(trigger: Trigger) -> None:
    """The sweep: everything is written, rows are locked, and the process stands still before its commit."""
    steps = _Steps()
    _arm_by_sweep(steps, trigger)
    _in_transactions(steps)

    def reached(where: str) -> None:
        if where == "before the commit" and trigger.passes():
            trigger.freeze("in a sweep, before its commit")

    steps.reached = reached


def steps_of_the_sweep(trigger: Trigger) -> None:
    """Every step of the transaction in which timers fire."""
    steps = _Steps()
    _arm_by_sweep(steps, trigger)
    _explore(steps, trigger, "sweep")


def steps_of_the_consumer(trigger: Trigger) -> None:
    """Every step of the transaction in which events are handled."""
    from shared.db import inbox

    steps = _Steps()
    _feeding(trigger)
    first_time = inbox.first_time

    async def arming(tx: Any, *arguments: Any) -> Any:
        new = await first_time(tx, *arguments)
        steps.armed = bool(new) and trigger.awake
        return new

    put(inbox, "first_time", arming)
    _explore(steps, trigger, "consumer")


class _Steps:
    """The steps of the transaction of this task, once it has work."""

    def __init__(self) -> None:
        self._armed = ContextVar("armed", default=False)
        self.reached: Callable[[str], None] = lambda _where: None
        self.dies_here: Callable[[str], bool] = lambda _where: False
        self.over: Callable[[bool], None] = lambda _whole: None
        self.die: Callable[[str], None] = lambda _where: None

    @property
    def armed(self) -> bool:
        return self._armed.get()

    @armed.setter
    def armed(self, value: bool) -> None:
        self._armed.set(value)


class _Counted:
    """A connection of which every statement is two steps: before it is sent, and while it is under way."""

    def __init__(self, raw: Any, steps: _Steps) -> None:
        self._raw = raw
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._raw, name)
        return self._stepping(method, name) if name in ("fetch", "fetchrow", "fetchval", "execute") else method

    def _stepping(self, method: Any, name: str) -> Callable[..., Any]:
        async def call(sql: str, *arguments: Any, **more: Any) -> Any:
            if not self._steps.armed:
                return await method(sql, *arguments, **more)
            told = f"{name} {' '.join(sql.split())[:40]!r}"
            self._steps.reached(f"before {told}")
            if not self._steps.dies_here(f"during {told}"):
                return await method(sql, *arguments, **more)
            asyncio.ensure_future(method(sql, *arguments, **more))  # noqa: RUF006 - nobody lives to see its end
            for _ in range(_SENT_TURNS):
                await asyncio.sleep(0)
            self._steps.die(f"during {told}")
            raise AssertionError("dead")

        return call


def _explore(steps: _Steps, trigger: Trigger, name: str) -> None:
    """Dies at the nth step; when a transaction that saved something has fewer, after its commit, and says so."""

    def over(whole: bool) -> None:  # noqa: FBT001 - the one thing there is to say
        if whole:
            trigger.die(f"{name}: after the commit", last=True)
        trigger.begin_again()

    steps.reached = lambda where: trigger.reached(f"{name}: {where}")
    steps.dies_here = lambda _where: trigger.passes()
    steps.die = lambda where: trigger.die(f"{name}: {where}")
    steps.over = over
    _in_transactions(steps)


def _feeding(trigger: Trigger) -> None:
    """Notes when the first batch of events comes."""
    from shared.db import inbox

    first_time = inbox.first_time

    async def noting(*arguments: Any) -> Any:
        trigger.fed()
        return await first_time(*arguments)

    put(inbox, "first_time", noting)


def _arm_by_sweep(steps: _Steps, trigger: Trigger) -> None:
    from shared.db import timers

    _feeding(trigger)
    take_due = timers.take_due

    async def arming(*arguments: Any) -> Any:
        due = await take_due(*arguments)
        steps.armed = bool(due) and trigger.awake
        return due

    put(timers, "take_due", arming)


def _in_transactions(steps: _Steps) -> None:
    from shared.db.engine import Database

    transaction = Database.transaction

    @contextlib.asynccontextmanager
    async def stepping(self: Database) -> AsyncIterator[Any]:
        armed = False
        async with transaction(self) as tx:
            tx.raw = _Counted(tx.raw, steps)
            yield tx
            armed, steps.armed = steps.armed, False
            if armed:
                steps.reached("before the commit")
                if steps.dies_here("during the commit"):
                    asyncio.get_running_loop().call_later(COMMIT_SECONDS, steps.die, "during the commit")
        if armed:
            steps.over("outbox" in tx.hints)

    put(Database, "transaction", stepping)


INSTALL: Final[Mapping[str, Callable[[Trigger], None]]] = {
    "answer": after_commit_before_answer,
    "relay": after_confirm_before_delete,
    "mail": after_250_before_record,
    "freeze": frozen_in_the_sweep,
    "sweep": steps_of_the_sweep,
    "consumer": steps_of_the_consumer,
}
