"""Breach risk: models that were learned, which of them answers, and the scores that thresholds and lists look at."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, ForeignKey, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from shared.db.tables.schema import ID, INSTANT, METADATA

risk_model = Table(
    "risk_model",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint("version > 0", "version"),
)
"""A learned model is never changed; `body` carries its own digest, `report` says how well it did on what it had not seen."""

risk_publication = Table(
    "risk_publication",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("version", Integer, ForeignKey("risk_model.version")),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
)
"""Which model answers is what the newest row says; without a version the prior answers. Rows are only ever added."""

risk_score = Table(
    "risk_score",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("probability", Double, nullable=False),
    Column("model_version", Integer),
    Column("as_of", INSTANT, nullable=False),
    CheckConstraint("probability between 0 and 1", "probability"),
    Index("ix_risk_score_probability", "probability", "dispute_id"),
    postgresql_with={"fillfactor": "85"},
)
"""The whole percent a dispute with a running resolution clock was last scored at; written when that changes."""

__all__ = ["risk_model", "risk_publication", "risk_score"]
