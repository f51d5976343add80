"""Refer a dispute to an outside body, and take its decision back."""

from datetime import datetime
from typing import NamedTuple

from services.intake.commands.move import move_by_hand
from services.intake.commands.record import record
from shared.db import referrals
from shared.db.engine import Tx
from shared.db.keys import Caller
from shared.db.referrals import Referral
from shared.domain.dispute import Dispute, Remedy
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.frozen import altered
from shared.domain.lifecycle import Status, Trigger
from shared.domain.referral import BINDING, ExternalOutcome, ReferralState, comply_by
from shared.messages.referral_events import AnswerExpected, ExternallyDecided, Referred
from shared.runtime.ids import new_id


class Outside(NamedTuple):
    """To whom a dispute goes, under which reference of theirs, and by when they are expected to answer."""

    body: str | None = None
    reference: str | None = None
    expected_at: datetime | None = None


class Verdict(NamedTuple):
    """What the body decided, when, and by when it is to be carried out: an instant, or so long after the decision."""

    outcome: ExternalOutcome | None = None
    decided_at: datetime | None = None
    remedy: Remedy | None = None
    comply_by: datetime | None = None
    comply_within: str | None = None


async def refer(tx: Tx, dispute: Dispute, outside: Outside, *, reason: str | None, caller: Caller) -> Dispute:
    """The dispute with the body, saved; a referral before this one is closed.

    Raises:
        IllegalTransition: the lifecycle has no such move from here.
        InvalidValue: the answer is expected in the past.
    """
    _check_expected(outside.expected_at, tx.now)
    moved = await move_by_hand(tx, dispute, Trigger.REFER_EXTERNAL, reason=reason, by=caller.name, actor=caller.actor)
    before = await referrals.newest(tx, dispute.id)
    if before is not None and before.state in (ReferralState.REFERRED, ReferralState.DECIDED):
        await referrals.keep(tx, altered(before, state=ReferralState.CLOSED, ended_at=tx.now))
    made = _new(dispute, outside, tx.now, caller)
    await referrals.add(tx, made)
    told = Referred(referral_id=str(made.id), expected_at=_text(outside.expected_at))
    return await record(tx, moved, moved, told, actor=caller.actor)


async def expect(tx: Tx, dispute: Dispute, expected_at: datetime, caller: Caller) -> Dispute:
    """The dispute with another day for the body's answer; the same day again changes nothing.

    Raises:
        Conflict: the dispute lies with no outside body that was named.
        InvalidValue: the day lies in the past.
    """
    found = await referrals.newest(tx, dispute.id)
    if found is None or found.state is not ReferralState.REFERRED or dispute.status is not Status.REFERRED_EXTERNAL:
        raise Conflict("The dispute lies with no outside body of which an answer is expected.")
    if found.expected_at == expected_at:
        return dispute
    _check_expected(expected_at, tx.now)
    await referrals.keep(tx, altered(found, expected_at=expected_at))
    told = AnswerExpected(referral_id=str(found.id), expected_at=_text(expected_at) or "")
    return await record(tx, dispute, dispute, told, actor=caller.actor)


def _check_expected(expected_at: datetime | None, now: datetime) -> None:
    if expected_at is not None and expected_at <= now:
        raise InvalidValue("/expected_at", "An answer is expected in the future; this instant is not.")


async def take_back(tx: Tx, dispute: Dispute, verdict: Verdict, *, reason: str | None, caller: Caller) -> Dispute:
    """The dispute in the house again with the body's decision; what it asks for has until `comply_by`.

    Raises:
        IllegalTransition: the dispute is not with an outside body.
        InvalidValue: the decision lies in the future, or is to be carried out before it was made.
    """
    moved = await move_by_hand(
        tx, dispute, Trigger.RECORD_EXTERNAL_DECISION, reason=reason, by=caller.name, actor=caller.actor
    )
    decided_at = verdict.decided_at or tx.now
    if decided_at > tx.now:
        raise InvalidValue("/decided_at", "A decision is recorded once it was made; this instant is in the future.")
    due = _due(verdict, decided_at)
    open_one = await referrals.newest(tx, dispute.id)
    if open_one is None or open_one.state is not ReferralState.REFERRED:  # moved by hand, without saying to whom
        open_one = _new(dispute, Outside(), tx.now, caller)
        await referrals.add(tx, open_one)
    money = None if verdict.remedy is None else verdict.remedy.amount
    decided = altered(
        open_one,
        state=ReferralState.CLOSED if due is None else ReferralState.DECIDED,
        decided_at=decided_at,
        outcome=verdict.outcome,
        remedy=None if verdict.remedy is None else verdict.remedy.kind,
        remedy_amount=None if money is None else money.amount,
        remedy_currency=None if money is None else money.currency,
        comply_by=due,
        ended_at=tx.now if due is None else None,
    )
    await referrals.keep(tx, decided)
    told = ExternallyDecided(
        referral_id=str(decided.id),
        outcome=None if verdict.outcome is None else verdict.outcome.value,
        decided_at=_text(decided_at) or "",
        comply_by=_text(due),
    )
    return await record(tx, moved, moved, told, actor=caller.actor)


def _due(verdict: Verdict, decided_at: datetime) -> datetime | None:
    """By when the house has to comply; None where nothing is asked of it."""
    if verdict.comply_by is not None:
        if verdict.comply_by <= decided_at:
            raise InvalidValue("/comply_by", "A decision cannot be carried out before it was made.")
        return verdict.comply_by
    binding = verdict.outcome in BINDING or verdict.comply_within is not None
    return comply_by(decided_at, verdict.comply_within) if binding else None


def _new(dispute: Dispute, outside: Outside, now: datetime, caller: Caller) -> Referral:
    return Referral(
        id=new_id(),
        dispute_id=dispute.id,
        body=outside.body,
        reference=outside.reference,
        state=ReferralState.REFERRED,
        referred_at=now,
        referred_by=caller.actor,
        expected_at=outside.expected_at,
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
