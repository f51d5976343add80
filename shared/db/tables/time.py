"""Time: the clocks of a dispute, the timers that are armed, and the policies that set them."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of

CLOCK_STATES = ("running", "paused", "met", "missed", "stopped")

clock = Table(
    "clock",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("phase", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("tier", SmallInteger),
    Column("spec", JSON, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("opened_at", INSTANT, nullable=False),
    Column("due_at", INSTANT),
    Column("extensions", JSON, nullable=False, server_default="[]"),
    Column("warned", ARRAY(SmallInteger), nullable=False, server_default="{}"),
    Column("met_at", INSTANT),
    Column("missed_at", INSTANT),
    Column("fired_at", INSTANT),
    Column("stopped_at", INSTANT),
    CheckConstraint(one_of("state", CLOCK_STATES), "state"),
    CheckConstraint("state <> 'running' or due_at is not null", "running_is_due"),
    Index("ix_clock_missed", "dispute_id", postgresql_where="state = 'missed' and met_at is null"),
    Index("uq_clock_open", "dispute_id", "kind", unique=True, postgresql_where="state in ('running', 'paused')"),
    postgresql_with={"fillfactor": "85"},
)
"""One promise of time each. `spec` is the specification it was made with, so a changed policy moves nothing silently.

A missed clock keeps `due_at` and `fired_at`; `met_at` may still follow, late. `phase` counts the stretches of the
dispute's life (reopened, with an outside body), so that each starts its clocks once.
"""

mark = Table(
    "mark",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("note", Text),
    Column("created_at", INSTANT, nullable=False),
)
"""Facts of a dispute that it does not carry itself, on which milestones of regimes start and by which they are met."""

timer = Table(
    "timer",
    METADATA,
    Column("dispute_id", ID, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", INSTANT, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Index("ix_timer_due", "due_at"),
    Index("ix_timer_failing", "dispute_id", postgresql_where="attempts > 0"),
    postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"},
)
"""A row exists only while armed: one open timer per dispute and kind. `attempts` counts firings that failed."""

policy = Table(
    "policy",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint("version > 0", "version"),
)

MIGRATION_STATES = ("queued", "running", "done", "cancelled", "failed")

policy_migration = Table(
    "policy_migration",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("to_version", Integer, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("allow_later", Boolean, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("after", ID, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("failures", JSON, nullable=False),
    Column("fault", Text),
    Column("created_at", INSTANT, nullable=False),
    Column("started_at", INSTANT),
    Column("finished_at", INSTANT),
    CheckConstraint(one_of("state", MIGRATION_STATES), "state"),
    CheckConstraint("(state in ('done', 'cancelled', 'failed')) = (finished_at is not null)", "finished"),
    Index("ix_policy_migration_listed", "created_at", "id"),
    Index("ix_policy_migration_waiting", "created_at", "id", postgresql_where="finished_at is null"),
)
"""Open disputes to be moved to a version, asked for by intake and carried out by escalation in slices.

`after` is the last dispute of the slices that are committed, so that a crash goes on from there.
"""
