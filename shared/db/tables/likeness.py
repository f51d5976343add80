"""Disputes that belong together: sketches of their texts, clusters of near duplicates, and what people said of pairs."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.types import BigInteger

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of
from shared.domain.likeness import BANDS
from shared.domain.relating import ClusterState, LinkKind

likeness = Table(
    "likeness",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute_private.dispute_id", ondelete="CASCADE"), primary_key=True),
    Column("customer_id", ID, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("runs", Integer, nullable=False),
    Column("minima", LargeBinary, nullable=False),
    *(Column(f"band_{n}", Integer) for n in range(BANDS)),
    *(Index(f"ix_likeness_band_{n}", f"band_{n}", "received_at") for n in range(BANDS)),
)
"""The sketch of a dispute's text. Only ever inserted and deleted; a trigger on `dispute_private` deletes it with the text.

An index for each band, not one table of bands: measured at 300,000 disputes it takes less than half the room and two
thirds of the time to fill, and of each band a fixed number of rows is read, the newest first. A band begins with a byte
for the sixty days in which the dispute was received, so that filling stays in one part of each index.
"""

likeness_progress = Table(
    "likeness_progress",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("front", ID, nullable=False),
    Column("behind", ID, nullable=False),
    Column("circle", ID, nullable=False),
    CheckConstraint("id = 1", "single"),
)
"""One row: how far sketching is. Who holds its lock sketches; the others leave it alone."""

cluster = Table(
    "cluster",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("seed_id", ID, ForeignKey("likeness.dispute_id", ondelete="SET NULL")),
    Column("state", Text, nullable=False),
    Column("label", Text),
    Column("size", Integer, nullable=False),
    Column("first_at", INSTANT, nullable=False),
    Column("last_at", INSTANT, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint(one_of("state", ClusterState), "state"),
    CheckConstraint("size > 0", "size"),
    Index("ix_cluster_listed", "state", "last_at", "id"),
    Index("ix_cluster_seed", "seed_id"),
    postgresql_with={"fillfactor": "85"},
)
"""Near duplicates from several customers: each is near the seed, so that a chain of small changes stays apart."""

cluster_member = Table(
    "cluster_member",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("cluster_id", ID, ForeignKey("cluster.id", ondelete="CASCADE"), nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("linked", Boolean, nullable=False),
    Index("ix_cluster_member_newest", "cluster_id", "received_at", "dispute_id"),
    Index("ix_cluster_member_unlinked", "cluster_id", "dispute_id", postgresql_where="not linked"),
)
"""A dispute is in one cluster at most; `linked` says that its history tells of it."""

cluster_decision = Table(
    "cluster_decision",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", ID, ForeignKey("cluster.id", ondelete="CASCADE"), nullable=False),
    Column("state", Text, nullable=False),
    Column("label", Text),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", INSTANT, nullable=False),
    Index("ix_cluster_decision_cluster", "cluster_id", "id"),
)
"""What people decided about a cluster, in order; rows are only ever added."""

dispute_link = Table(
    "dispute_link",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("other_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("ended_by", Text),
    Column("end_reason", Text),
    CheckConstraint(one_of("kind", LinkKind), "kind"),
    CheckConstraint("dispute_id <> other_id", "two_disputes"),
    CheckConstraint("(ended_at is null) = (ended_by is null)", "ended"),
    Index("uq_dispute_link_pair", "dispute_id", "other_id", unique=True, postgresql_where="ended_at is null"),
    Index(
        "uq_dispute_link_original",
        "dispute_id",
        unique=True,
        postgresql_where="kind = 'duplicate' and ended_at is null",
    ),
    Index("ix_dispute_link_dispute", "dispute_id", "created_at", "id"),
    Index("ix_dispute_link_other", "other_id", "created_at", "id"),
)
"""What a person said of two disputes: one is a duplicate or a repeat of the other, or they have nothing to do with it."""

__all__ = ["cluster", "cluster_decision", "cluster_member", "dispute_link", "likeness", "likeness_progress"]
