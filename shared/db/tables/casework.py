"""Work on many disputes, and work others are asked for: reassignments, questions to experts, referrals."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, SmallInteger, String, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of
from shared.domain.experts import RequestState
from shared.domain.referral import ExternalOutcome, ReferralState

ERASED_BECAUSE = ("customer_asked", "kept_long_enough")
REASSIGNMENT_STATES = ("queued", "running", "done", "cancelled")

reassignment = Table(
    "reassignment",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("from_handler", Text, nullable=False),
    Column("to_handler", Text),
    Column("filter", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("after", ID, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("failures", JSON, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("started_at", INSTANT),
    Column("finished_at", INSTANT),
    CheckConstraint(one_of("state", REASSIGNMENT_STATES), "state"),
    CheckConstraint("(state in ('done', 'cancelled')) = (finished_at is not null)", "finished"),
    Index("ix_reassignment_listed", "created_at", "id"),
    Index("ix_reassignment_waiting", "created_at", "id", postgresql_where="finished_at is null"),
)
"""The open disputes of somebody who leaves, to be given to others: asked for by intake, carried out by escalation.

`after` is the last dispute of the slices that are committed, so that a crash goes on from there.
"""

expert_request = Table(
    "expert_request",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("desk", Text, nullable=False),
    Column("threshold", Text),
    Column("asked_by", Text, nullable=False),
    Column("question_id", ID, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    Column("due_at", INSTANT, nullable=False),
    Column("next_at", INSTANT, nullable=False),
    Column("reminders", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer_id", ID),
    Column("answered_by", Text),
    Column("answered_at", INSTANT),
    Column("overdue_at", INSTANT),
    Column("withdrawn_at", INSTANT),
    CheckConstraint(one_of("state", RequestState), "state"),
    CheckConstraint("(state = 'answered') = (answered_at is not null)", "answered"),
    CheckConstraint("state <> 'overdue' or overdue_at is not null", "overdue"),
    Index("ix_expert_request_dispute", "dispute_id", "asked_at", "id"),
    Index("ix_expert_request_due", "next_at", postgresql_where="state = 'open'"),
    Index(
        "uq_expert_request_called",
        "dispute_id",
        "threshold",
        unique=True,
        postgresql_where="threshold is not null",
    ),
)
"""Questions to expert desks, each with its own clock; the texts are messages of the dispute.

Asked, answered and withdrawn by intake; called by threshold, reminded and found overdue by escalation.
"""

referral = Table(
    "referral",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("body", Text),
    Column("reference", Text),
    Column("state", Text, nullable=False),
    Column("referred_at", INSTANT, nullable=False),
    Column("referred_by", Text, nullable=False),
    Column("expected_at", INSTANT),
    Column("decided_at", INSTANT),
    Column("outcome", Text),
    Column("remedy", Text),
    Column("remedy_amount", Numeric(20, 4)),
    Column("remedy_currency", String(3)),
    Column("comply_by", INSTANT),
    Column("ended_at", INSTANT),
    CheckConstraint(one_of("state", ReferralState), "state"),
    CheckConstraint(f"outcome is null or {one_of('outcome', ExternalOutcome)}", "outcome"),
    CheckConstraint("(remedy_amount is null) = (remedy_currency is null)", "amount_has_currency"),
    CheckConstraint("state <> 'decided' or comply_by is not null", "decided_is_due"),
    Index("ix_referral_dispute", "dispute_id", "referred_at", "id"),
    Index("ix_referral_due", "comply_by", postgresql_where="state = 'decided'"),
)
"""Disputes with outside bodies. Written by intake; whether a decision was carried out in time is found by escalation."""

erasure_due = Table(
    "erasure_due",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("because", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    CheckConstraint(one_of("because", ERASED_BECAUSE), "because"),
)
"""Disputes that were still open when their customer's erasure was asked for: each is erased once it is over."""
