"""Ask for more time. Intake checks what the clock's rule allows and asks; the escalation service grants it, once."""

from datetime import datetime

from services.intake.commands.record import record
from shared.db import clocks, marks
from shared.db.engine import Tx
from shared.domain.clock_record import Kind
from shared.domain.dispute import Dispute
from shared.domain.duration import Duration
from shared.domain.errors import NotFound
from shared.domain.extending import Wish, granted
from shared.domain.marks import NO_MARKS
from shared.domain.timekeeping import Calendars
from shared.messages.events import ExtensionRequested
from shared.runtime.ids import new_id


async def ask_for_time(
    tx: Tx, dispute: Dispute, kind: Kind, by: Duration | datetime, *, reason: str, calendars: Calendars, actor: str
) -> Dispute:
    """The dispute with the wish recorded; it is within what the clock's rule allows.

    Raises:
        NotFound: the dispute has no such clock.
        Conflict: the clock is over, its rule has no extension or none left, or a fact has to come first.
        InvalidValue: the reason or the length is not one that the rule allows.
    """
    clock = (await clocks.newest(tx, [dispute.id]))[dispute.id].get(kind)
    if clock is None:
        raise NotFound("clock", kind.value)
    known = (await marks.of_many(tx, [dispute])).get(dispute.id, NO_MARKS)
    wish = Wish(kind, clock.generation, by, reason, str(new_id()))
    granted(wish, clock, dispute, calendars, known, tx.now)
    asked = ExtensionRequested(
        request=wish.request,
        clock=kind.value,
        generation=clock.generation,
        by=None if isinstance(by, datetime) else str(by),
        until=by.isoformat().replace("+00:00", "Z") if isinstance(by, datetime) else None,
        reason=reason,
    )
    return await record(tx, dispute, dispute, asked, actor=actor)
