"""Conclude: decide, confirm, close, open again, withdraw. Who may promise money is a matter of tiers, not of API keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.intake.commands.converse import add_message, note
from services.intake.commands.escalate import request
from services.intake.commands.move import step
from services.intake.commands.record import record
from shared.db import messages
from shared.db.engine import Tx
from shared.db.keys import Caller
from shared.domain.authority import MONEY_REMEDIES
from shared.domain.dispute import Dispute, Remedy
from shared.domain.errors import AuthorityExceeded, InvalidValue
from shared.domain.escalation import climbs
from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome, Status, Trigger, move
from shared.domain.matrix import Matrix
from shared.domain.money import Money
from shared.domain.promising import Allowed, NeedsTier, may_promise
from shared.messages.events import DisputeClosed, DisputeConfirmed, DisputeResolved, Event
from shared.runtime.ids import new_id

WITHOUT_TIER: Final = frozenset({"integration", "observer"})
"""Roles that promise no money unless their principal was given a tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was found and what is given; `explanation` is told to the customer."""

    outcome: Outcome
    explanation: str
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class BeyondAuthority:
    """The remedy needs a higher tier, which was asked for; nothing was decided."""

    dispute: Dispute
    error: AuthorityExceeded


async def resolve(
    tx: Tx, dispute: Dispute, matrix: Matrix, decision: Decision, caller: Caller
) -> Dispute | BeyondAuthority:
    """The dispute with its decision, saved; the notify service tells the customer.

    A remedy above the caller's limit is escalated at once and decides nothing: the answer is then BeyondAuthority, and the
    transaction is to be committed all the same.

    Raises:
        IllegalTransition: the lifecycle has no decision from here.
        InvalidValue: a remedy that moves money lacks its amount, is nothing, or is in another currency than the dispute.
    """
    move(dispute.status, Trigger.RESOLVE)
    _check_remedy(dispute, decision.remedy)
    verdict = judge(matrix, dispute, decision.remedy, caller)
    if isinstance(verdict, NeedsTier):
        return await _refused(tx, dispute, matrix, decision, verdict, caller)
    after = altered(
        dispute.after(Trigger.RESOLVE, tx.now),
        outcome=decision.outcome,
        remedy=decision.remedy,
        responded_at=dispute.responded_at or tx.now,
        informed_at=tx.now,
    )
    saved = await record(tx, dispute, after, _resolved(after), actor=caller.actor)
    await messages.add_decision(tx, _explanation(saved, decision.explanation, caller.name, tx.now))
    return saved


def authority_of(caller: Caller, matrix: Matrix) -> int:
    """The tier whose limits bind a caller: its own, else the highest for an administrator and the front line for people.

    0, which may promise no money, is that of integrations and observers without a tier.
    """
    if caller.tier is not None:
        return min(max(caller.tier, 0), matrix.top)
    if caller.role == "admin":
        return matrix.top
    return 0 if caller.role in WITHOUT_TIER else 1


def judge(matrix: Matrix, dispute: Dispute, remedy: Remedy | None, caller: Caller) -> Allowed | NeedsTier:
    """Whether the caller may promise this remedy for this dispute, and if not, the lowest tier that may."""
    if remedy is None or remedy.amount is None:
        return Allowed()
    tier = authority_of(caller, matrix)
    verdict = may_promise(
        matrix,
        tier=max(tier, 1),
        category=dispute.category.name,
        customer_class=dispute.customer_class,
        remedy=remedy.kind,
        amount=remedy.amount,
        prior_disputes=dispute.prior_disputes,
    )
    if tier:
        return verdict
    able = 1 if isinstance(verdict, Allowed) else verdict.tier
    nothing = Money.of("0", remedy.amount.currency)
    return NeedsTier(able, nothing, f"{caller.name} has no tier and may promise no money")


def _check_remedy(dispute: Dispute, remedy: Remedy | None) -> None:
    if remedy is None:
        return
    if remedy.amount is None:
        if remedy.kind in MONEY_REMEDIES:
            raise InvalidValue("/amount", f"State the amount: a {remedy.kind} without one fits no limit.")
        return
    if not remedy.amount.amount:
        raise InvalidValue("/amount/value", "A remedy of nothing is none; leave the amount out.")
    if dispute.amount is not None and dispute.amount.currency != remedy.amount.currency:
        raise InvalidValue("/amount/currency", f"The dispute is about {dispute.amount.currency}.")


async def _refused(
    tx: Tx, dispute: Dispute, matrix: Matrix, decision: Decision, verdict: NeedsTier, caller: Caller
) -> BeyondAuthority:
    needed = verdict.tier if verdict.tier is not None else matrix.top
    reason = _proposal(decision, verdict, caller)
    if climbs(dispute) and (dispute.tier or 0) < needed:
        dispute = await request(
            tx, dispute, reason=reason, to_tier=needed, reason_code="authority", by=caller.name, actor=caller.actor
        )
        passed = f"the dispute was escalated to tier {needed}"
    else:
        dispute, _ = await add_message(tx, dispute, note(reason, caller.name), caller.actor)
        passed = f"the proposal was noted for tier {dispute.tier}, which has the dispute"
    able = "No tier may promise it" if verdict.tier is None else f"Tier {verdict.tier} may promise it"
    detail = f"{verdict.because[0].upper()}{verdict.because[1:]}. {able}; {passed}."
    limit = None if verdict.limit is None else str(verdict.limit)
    return BeyondAuthority(dispute, AuthorityExceeded(detail, limit=limit, tier=verdict.tier))


def _proposal(decision: Decision, verdict: NeedsTier, caller: Caller) -> str:
    given = decision.remedy
    what = "" if given is None else f" with {given.kind} of {given.amount}"
    return f"{caller.name} proposed {decision.outcome}{what}: {verdict.because}.\n\n{decision.explanation}"


def _resolved(after: Dispute) -> DisputeResolved:
    assert after.outcome is not None
    amount = None if after.remedy is None else after.remedy.amount
    return DisputeResolved(
        outcome=after.outcome.value,
        remedy=None if after.remedy is None else after.remedy.kind,
        amount=None if amount is None else amount.value,
        currency=None if amount is None else amount.currency,
        occasion=after.reopen_count,
    )


def _explanation(dispute: Dispute, text: str, by: str, now: datetime) -> messages.Message:
    """The explanation as the conversation shows it; its event is the decision itself, and its letter notify's."""
    return messages.Message(
        id=new_id(),
        dispute_id=dispute.id,
        direction="out",
        channel="decision",
        author="agent",
        author_name=by,
        body=text,
        internal=False,
        automatic=False,
        inbound_delivery_id=None,
        created_at=now,
    )


async def confirm(tx: Tx, dispute: Dispute, *, by: str, actor: str) -> Dispute:
    """The dispute confirmed, saved; one whose follow-up was already asked is closed with it.

    Raises:
        IllegalTransition: there is no decision to confirm, or it was confirmed.
    """
    after = dispute.after(Trigger.CONFIRM, tx.now)
    events: tuple[Event, ...] = (DisputeConfirmed(by=by),)
    if dispute.status is Status.FOLLOW_UP:  # nothing more would be asked
        after = altered(after.after(Trigger.CLOSE, tx.now), version=after.version)
        events = (*events, DisputeClosed(because="confirmed"))
    return await record(tx, dispute, after, *events, actor=actor)


async def close(tx: Tx, dispute: Dispute, *, because: str, actor: str) -> Dispute:
    """The dispute closed, saved.

    Raises:
        IllegalTransition: no decision was given yet, or it is closed.
    """
    return await step(tx, dispute, Trigger.CLOSE, actor, reason_code=because)


async def reopen(tx: Tx, dispute: Dispute, *, because: str, reason: str | None, by: str | None, actor: str) -> Dispute:
    """The dispute open again with its identifier and first receipt date, saved; no limit binds a person.

    Raises:
        IllegalTransition: it is open.
    """
    opened = await step(tx, dispute, Trigger.REOPEN, actor, reason_code=because)
    return opened if reason is None else (await add_message(tx, opened, note(reason, by), actor))[0]


async def withdraw(tx: Tx, dispute: Dispute, *, reason: str | None, by: str | None, actor: str) -> Dispute:
    """The dispute withdrawn by its customer, saved.

    Raises:
        IllegalTransition: it has its decision, or ended.
    """
    ended = await step(tx, dispute, Trigger.WITHDRAW, actor)
    return ended if reason is None else (await add_message(tx, ended, note(reason, by), actor))[0]
