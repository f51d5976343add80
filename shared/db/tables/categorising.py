"""Categorisation as it is kept: models in versions, which of them answers, and what agents corrected."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of
from shared.domain.dispute import CATEGORIES

category_model = Table(
    "category_model",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("report", JSON, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint("version > 0", "version"),
    CheckConstraint("octet_length(body) <= 5000000", "body"),
)
"""A learnt model is never changed; `digest` is the SHA-256 of its file, `report` how it did on what it had not seen."""

category_publication = Table(
    "category_publication",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("version", Integer, ForeignKey("category_model.version")),
    Column("restores", BigInteger),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
)
"""Which model answers is what the newest row says; without a version the shipped one does. Rows are only ever added.

A rollback names in `restores` the row it went back to, 0 for the state before the first.
"""

category_correction = Table(
    "category_correction",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("subject", Text),
    Column("description", Text),
    Column("read_as", Text, nullable=False),
    Column("read_confidence", Double, nullable=False),
    Column("read_needs_person", Boolean, nullable=False),
    Column("category", Text, nullable=False),
    Column("corrected_at", INSTANT, nullable=False),
    CheckConstraint(one_of("read_as", CATEGORIES), "read_as"),
    CheckConstraint(one_of("category", CATEGORIES), "category"),
    Index("ix_category_correction_corrected", "corrected_at"),
)
"""What was read and what a person says is right, with a masked copy of the text and nobody's name or address.

The dispute's id is there for its erasure alone: a trigger takes the text away when `dispute_private.erased_at` is set.
"""

__all__ = ["category_correction", "category_model", "category_publication"]
