"""File a dispute: read its text, open it, store it with its first event. One use case behind every channel."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from msgspec import Struct

from services.intake.categorise import Categorisation, Signal, read_complaint
from services.intake.categorise.categories import ENGLISH
from services.intake.categorise.languages import UNDETERMINED
from services.intake.commands.categoriser_in_use import CategoriserInUse
from services.intake.commands.new_dispute import NewDispute
from shared.db import disputes
from shared.db.disputes import EMPTY_HEAD, Filing, Private
from shared.db.engine import Stroke, Tx
from shared.domain.conditions import Circumstances, Facts
from shared.domain.dispute import Category, Dispute, Severity
from shared.domain.errors import InvalidValue
from shared.domain.lifecycle import Stage, Status
from shared.domain.matrix import Matrix
from shared.domain.severity import assess
from shared.messages.events import DisputeFiled
from shared.runtime.ids import new_id
from shared.runtime.metrics import Metrics

PRIOR_WITHIN: Final = timedelta(days=365)
PRIOR_MAX: Final = 100
"""Beyond this many earlier disputes the exact number decides nothing."""

# The parameters stand in selects of their own, where the planner does not look at them: else it would plan the statement
# anew at every execution, which takes longer than executing it.
_RESERVE: Final = (
    "select now() as instant, "
    "(select array_agg(nextval('dispute_reference_number')) from generate_series(1, (select $1::int))) as numbers, "
    "(select array_agg(prior order by place) from (select place, (select count(*) from (select from dispute d "
    f"where d.customer_id = c.id and d.received_at > (select now() + $3::interval) limit {PRIOR_MAX}) as earlier)::int "
    "as prior from unnest((select $2::uuid[])) with ordinality as c(id, place)) as counted) as priors"
)


class Brought(Struct, frozen=True, kw_only=True, gc=False):
    """A new dispute whose text was read, with who brings it. Making one costs time and needs no database."""

    new: NewDispute
    category: Categorisation
    signals: tuple[Signal, ...]
    model_version: int | None
    """The published model that read the category; None for the shipped one."""
    customer_id: UUID
    actor: str
    filed_by: UUID | None = None
    traceparent: str | None = None

    @property
    def language(self) -> str:
        """The customer's: the one that was filed, else the one of the text, else English."""
        if self.new.customer.language:
            return self.new.customer.language
        return ENGLISH if self.category.language == UNDETERMINED else self.category.language


class Filed(Struct, frozen=True, gc=False):
    """A dispute that was stored, with what was read in its text."""

    dispute: Dispute
    category: Categorisation
    signals: tuple[Signal, ...]
    created_at: datetime


def read(
    in_use: CategoriserInUse,
    new: NewDispute,
    *,
    customer_id: UUID,
    actor: str,
    filed_by: UUID | None = None,
    traceparent: str | None = None,
) -> Brought:
    """Reads the text for category and signals. `actor` is `principal:<uuid>`, `customer:<uuid>` or `system:intake`."""
    category, signals = read_complaint(in_use.categoriser, new.subject, new.description, product=new.product)
    return Brought(
        new=new,
        category=category,
        signals=signals,
        model_version=in_use.version,
        customer_id=customer_id,
        actor=actor,
        filed_by=filed_by,
        traceparent=traceparent,
    )


async def file_one(tx: Tx, matrix: Matrix, brought: Brought) -> Filed:
    """Files one dispute; raises InvalidValue when a date lies in the future."""
    (filed,) = await file_many(tx, matrix, [brought])
    if isinstance(filed, InvalidValue):
        raise filed
    return filed


async def file_many(tx: Tx | Stroke, matrix: Matrix, brought: Sequence[Brought]) -> list[Filed | InvalidValue]:
    """Files disputes in two statements; each answer is the dispute, or why this one cannot be. Order is kept.

    Only the second statement writes, so that it may be a transaction by itself. Numbers that are not used are lost, as a
    transaction that is rolled back loses them.

    Raises:
        TimeoutError: see `disputes.insert_many`.
    """
    if not brought:
        return []
    customers = list(dict.fromkeys(each.customer_id for each in brought))
    row = await tx.raw.fetchrow(_RESERVE, len(brought), customers, tx.offset - PRIOR_WITHIN)
    assert row is not None
    if isinstance(tx, Stroke):
        tx.instant = row["instant"]
    now = tx.now
    before = dict(zip(customers, row["priors"], strict=True))
    filings: list[Filing] = []
    answers: list[Filing | InvalidValue] = []
    for each, number in zip(brought, row["numbers"], strict=True):
        fault = _fault(each.new, now)
        if fault is not None:
            answers.append(fault)
            continue
        prior = before[each.customer_id]
        before[each.customer_id] = prior + 1
        filings.append(_filing(each, now, matrix, number=number, prior=min(PRIOR_MAX, prior)))
        answers.append(filings[-1])
    stored = iter(await disputes.insert_many(tx, filings))
    return [
        answer if isinstance(answer, InvalidValue) else Filed(next(stored), each.category, each.signals, now)
        for each, answer in zip(brought, answers, strict=True)
    ]


def count(metrics: Metrics, filed: Iterable[Filed | InvalidValue]) -> None:
    """Counts disputes that were filed, by channel and category."""
    kinds = Counter((f.dispute.channel, f.dispute.category.name) for f in filed if isinstance(f, Filed))
    for kind, number in kinds.items():
        metrics.disputes_filed.labels(*kind).inc(number)


def _fault(new: NewDispute, now: datetime) -> InvalidValue | None:
    tomorrow: date = (now + timedelta(days=1)).date()  # it may be tomorrow already where the customer is
    if new.purchased_on is not None and new.purchased_on > tomorrow:
        return InvalidValue("/purchased_on", "Lies in the future.")
    if new.received_at is not None and new.received_at > now:
        return InvalidValue("/received_at", "Lies in the future.")
    return None


def _filing(brought: Brought, now: datetime, matrix: Matrix, *, number: int, prior: int) -> Filing:
    new, read_as = brought.new, brought.category
    signals = tuple(signal.name for signal in brought.signals)
    category = Category(read_as.name, read_as.confidence, read_as.needs_person, read_as.secondary, read_as.issue)
    facts = Facts(
        category=category.name,
        needs_person=category.needs_person,
        signals=frozenset(signals),
        amount=new.amount,
        customer_class=new.customer.customer_class,
        prior_disputes=prior,
        contact_count=1,
        issue=category.issue,
        rest=_circumstances(new, brought.language),
    )
    dispute = _opened(
        brought, now, category, signals, assess(matrix, facts).severity, f"D-{now.year}-{number:06d}", prior
    )
    return Filing(
        dispute,
        _private(brought),
        (_event(dispute, read_as.language, brought.model_version),),
        brought.actor,
        brought.traceparent,
    )


def _circumstances(new: NewDispute, language: str) -> Circumstances:
    return Circumstances(
        channel=new.channel,
        product=new.product,
        remedy_sought=new.remedy_sought,
        jurisdiction=new.customer.jurisdiction,
        language=language,
        metadata=new.metadata,
    )


def _opened(
    brought: Brought,
    now: datetime,
    category: Category,
    signals: tuple[str, ...],
    severity: Severity,
    reference: str,
    prior: int,
) -> Dispute:
    new, customer = brought.new, brought.new.customer
    return Dispute(
        id=new_id(),
        reference=reference,
        version=1,
        sequence=0,
        head=EMPTY_HEAD,
        status=Status.RECEIVED,
        stage=Stage.INTERNAL_1,
        tier=None,
        handler=None,
        outcome=None,
        remedy=None,
        severity=severity,
        category=category,
        signals=signals,
        channel=new.channel,
        amount=new.amount,
        order_reference=new.order_reference,
        product=new.product,
        purchased_on=new.purchased_on,
        remedy_sought=new.remedy_sought,
        customer_id=brought.customer_id,
        customer_class=customer.customer_class,
        jurisdiction=customer.jurisdiction,
        language=brought.language,
        time_zone=customer.time_zone,
        filed_by=brought.filed_by,
        policy_version=None,
        prior_disputes=prior,
        contact_count=1,
        reopen_count=0,
        waits=(),
        received_at=new.received_at or now,
        updated_at=now,
        metadata=new.metadata,
    )


def _private(brought: Brought) -> Private:
    new, customer = brought.new, brought.new.customer
    return Private(
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        customer_reference=customer.reference,
        subject=new.subject,
        description=new.description,
        parties=_json(new.parties),
        reasons=_json(brought.category.reasons),
        evidence=orjson.dumps(brought.signals).decode(),
    )


def _json(value: Sequence[str] | Sequence[Mapping[str, str | None]]) -> str:
    return orjson.dumps(value).decode() if value else "[]"


def _event(dispute: Dispute, text_language: str, model_version: int | None) -> DisputeFiled:
    return DisputeFiled(
        reference=dispute.reference,
        channel=dispute.channel,
        category=dispute.category.name,
        confidence=dispute.category.confidence,
        needs_person=dispute.category.needs_person,
        secondary=dispute.category.secondary,
        issue=dispute.category.issue,
        signals=dispute.signals,
        severity=dispute.severity.value,
        amount=dispute.amount.value if dispute.amount else None,
        currency=dispute.amount.currency if dispute.amount else None,
        customer_id=str(dispute.customer_id),
        customer_class=dispute.customer_class,
        jurisdiction=dispute.jurisdiction,
        language=dispute.language,
        text_language=text_language,
        model_version=model_version,
    )
