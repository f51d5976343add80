"""Work on many disputes, and work others are asked for: reassignments, expert requests, referrals."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of

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
