"""Decided disputes as they can be searched by what their texts say, and what keeps that in step."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from shared.db.tables.schema import ID, INSTANT, METADATA

precedent = Table(
    "precedent",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("category", Text, nullable=False),
    Column("issue", Text),
    Column("decided_at", INSTANT, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_precedent_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    Index("ix_precedent_newest", "category", "decided_at"),
)
"""One row for each dispute that is decided and not erased. `words` has no numbers and no addresses.

Written behind the product, in batches, so that the index may do without a list of what is still to be sorted in, which
every question would have to read through.
"""

precedent_due = Table(
    "precedent_due",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dispute_id", ID, nullable=False),
    postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"},
)
"""Disputes whose precedent is to be looked at again.

Added by triggers in the transaction that changes a decided dispute or its texts, so that no change is missed, in whatever
order transactions commit; a dispute that is filed or worked on adds nothing.
"""

precedent_word = Table(
    "precedent_word",
    METADATA,
    Column("word", Text, primary_key=True),
    Column("documents", Integer, nullable=False),
)
"""How many precedents have a word, estimated from a sample; a word that is not here is rare. Replaced as a whole."""

__all__ = ["precedent", "precedent_due", "precedent_word"]
