"""A message arrived: each event is a nudge to look at its dispute and do what is owed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation.deciding import ACTOR, Decided, save
from services.escalation.expert_calls import Calling, call
from services.escalation.figures import Figures
from services.escalation.staffing import Staff, bench_of
from shared.db import clocks, disputes, marks, referrals, risk
from shared.db.engine import Tx
from shared.db.policies import Matrices
from shared.db.regimes import RegimeBooks
from shared.domain.calendar import Calendar
from shared.domain.clock_record import Clocks, Kind
from shared.domain.dispute import Dispute
from shared.domain.duration import MinOf, parse_term
from shared.domain.errors import Conflict, RecourseError
from shared.domain.escalation import Asked
from shared.domain.extending import Wish, extended
from shared.domain.handover import ByHand, HandOver
from shared.domain.lifecycle import Status
from shared.domain.marks import NO_MARKS
from shared.domain.matrix import Matrix
from shared.domain.milestones import Beyond
from shared.domain.reconcile import reconcile
from shared.domain.regime_choice import RegimeBook
from shared.domain.timekeeping import phase_of
from shared.messages.assignment_events import AssignmentRequested
from shared.messages.envelope import Envelope
from shared.messages.events import EscalationRequested, ExtensionRequested
from shared.runtime.logs import logger

log = logger(__name__)


class Handlers:
    """Brings the disputes of a batch of events in line with what they are owed."""

    def __init__(
        self, matrices: Matrices, calendars: Mapping[str, Calendar], figures: Figures, staff: Staff | None = None
    ) -> None:
        self._matrices = matrices
        self._calendars = calendars
        self._figures = figures
        self._books = RegimeBooks(calendars)
        self._staff = Staff(calendars) if staff is None else staff

    async def __call__(self, tx: Tx, envelopes: Sequence[Envelope]) -> None:
        """Handles a batch in this transaction, with few statements whatever its size."""
        # What escalation itself told has been acted on already.
        heard = [each for each in envelopes if each.actor != ACTOR]
        asked = _asked(heard)
        traces = {each.subject: each.traceparent for each in heard}
        await self.attend(tx, traces, asked, wishes=_wishes(heard))

    async def attend(
        self,
        tx: Tx,
        traces: Mapping[UUID, str | None],
        asked: Mapping[UUID, Sequence[ByHand]] | None = None,
        *,
        rearm: bool = False,
        wishes: Mapping[UUID, Sequence[Wish]] | None = None,
    ) -> list[Decided]:
        """Reconciles these disputes; each is named with the trace its changes belong to."""
        if not traces:
            return []
        locked = await disputes.lock_many(tx, traces)
        known = await clocks.newest(tx, locked)
        newest = await self._matrices.current(tx)
        beyond = await self._beyond(tx, locked, known, newest)
        decided: list[Decided] = []
        callings: list[Calling] = []
        for dispute_id, dispute in locked.items():
            each = Decided(dispute, known[dispute_id], traces[dispute_id])
            matrix = await self._matrices.for_case(tx, dispute.policy_version, newest)
            self._decide(tx, each, matrix, beyond[dispute_id], (asked or {}).get(dispute_id, ()), rearm=rearm)
            for wish in (wishes or {}).get(dispute_id, ()):
                self._extend(tx, each, matrix, beyond[dispute_id], wish)
            self._staff.took(dispute.handler, each.dispute.handler)
            decided.append(each)
            callings.append(Calling(each, matrix, beyond[dispute_id].breach_risk))
        await call(tx, callings, self._calendars)
        await save(tx, decided)
        # Counted just before the commit: should that fail, the batch is handled and counted once more.
        for each in decided:
            for clock in each.changed.values():
                self._figures.ended(clock)
        return decided

    async def _beyond(
        self, tx: Tx, locked: Mapping[UUID, Dispute], known: Mapping[UUID, Clocks], matrix: Matrix
    ) -> dict[UUID, Beyond]:
        """The milestones each is owed, its marks and its people, read only for those that have any use for them."""
        newest = await self._books.current(tx)
        owing = {
            dispute_id: (await self._book(tx, known[dispute_id], newest)).owing(dispute)
            for dispute_id, dispute in locked.items()
        }
        marked = [each for each in locked.values() if owing[each.id] or phase_of(each) or _watched(known[each.id])]
        found = await marks.of_many(tx, marked)
        benches = await self._staff.benches(tx, matrix, locked.values())
        risks = await self._risks(tx, locked.values(), matrix)
        outside = [each.id for each in locked.values() if each.status is Status.REFERRED_EXTERNAL]
        expected = await referrals.expected(tx, outside) if outside else {}
        return {
            dispute_id: Beyond(
                found.get(dispute_id, NO_MARKS),
                owed,
                bench_of(benches, dispute_id),
                risks.get(dispute_id),
                expected.get(dispute_id),
            )
            for dispute_id, owed in owing.items()
        }

    async def _risks(self, tx: Tx, locked: Iterable[Dispute], newest: Matrix) -> Mapping[UUID, float]:
        """The stored breach risk of those whose matrix looks at it; where none does, as shipped, nothing is read."""
        asked: list[UUID] = []
        for each in locked:
            matrix = await self._matrices.for_case(tx, each.policy_version, newest)
            if matrix.weighs_risk:
                asked.append(each.id)
        return await risk.scores(tx, asked) if asked else {}

    async def _book(self, tx: Tx, clocks_of: Clocks, newest: RegimeBook) -> RegimeBook:
        """The version that a case's milestones came from at first, else the newest."""
        known = [each.policy_version for each in clocks_of.values() if each.of_a_regime]
        return await self._books.version(tx, min(known)) if known else newest

    def _decide(
        self, tx: Tx, each: Decided, matrix: Matrix, beyond: Beyond, asked: Sequence[ByHand], *, rearm: bool
    ) -> None:
        for wish in asked or (None,):
            facts: dict[str, Any] = {"rearm": rearm, "beyond": beyond}
            try:
                plan = reconcile(each.dispute, each.clocks, matrix, self._calendars, tx.now, asked=wish, **facts)
            except Conflict as refused:
                if not isinstance(wish, HandOver):
                    raise
                log.warning("not_handed_over", dispute_id=str(each.before.id), reason=str(refused))
                plan = reconcile(each.dispute, each.clocks, matrix, self._calendars, tx.now, **facts)
            each.add(plan, tx.now)

    def _extend(self, tx: Tx, each: Decided, matrix: Matrix, beyond: Beyond, wish: Wish) -> None:
        """Grants more time as its rule allows; what has become impossible since it was asked for is put on record."""
        try:
            plan = extended(each.dispute, each.clocks, matrix, self._calendars, tx.now, beyond.marks, wish)
        except RecourseError as refused:
            reason = f"{type(refused).__name__}: {refused}"
            log.warning("extension_not_granted", dispute_id=str(each.before.id), kind=wish.kind.value, reason=reason)
        else:
            each.add(plan, tx.now)


def _wishes(envelopes: Sequence[Envelope]) -> dict[UUID, list[Wish]]:
    wishes: dict[UUID, list[Wish]] = {}
    for each in envelopes:
        if isinstance(each.event, ExtensionRequested):
            asked = each.event
            by = parse_term(asked.by) if asked.by is not None else datetime.fromisoformat(asked.until or "")
            assert not isinstance(by, MinOf)
            wish = Wish(Kind(asked.clock), asked.generation, by, asked.reason, asked.request)
            wishes.setdefault(each.subject, []).append(wish)
    return wishes


def _watched(clocks_of: Clocks) -> bool:
    return any(each.promise.watch is not None for each in clocks_of.values())


def _asked(envelopes: Sequence[Envelope]) -> dict[UUID, list[ByHand]]:
    asked: dict[UUID, list[ByHand]] = {}
    for each in envelopes:
        if isinstance(each.event, EscalationRequested):
            asked.setdefault(each.subject, []).append(Asked(each.event.to_tier))
        elif isinstance(each.event, AssignmentRequested):
            event = each.event
            wish = HandOver(event.handler, each.actor, message_id=event.message_id, override=event.override)
            asked.setdefault(each.subject, []).append(wish)
    return asked
