"""Every table, constraint and index. The constraints carry the product's invariants.

Who writes what: `dispute`, `dispute_private`, `event` and `outbox` only through `shared.db.disputes` and `shared.db.outbox`;
`inbox` and `parked` by consumers; `clock` and `timer` by escalation; `policy_migration` and `reassignment` by intake, their progress by escalation; `expert_request` and `referral` by both; `risk_score` by escalation, models of both kinds by command line; `delivery*` and `notice_window` by notify; the rest by intake, and `precedent_due` by triggers.
"""

from shared.db.tables.access import (
    api_key,
    idempotency,
    inbound_delivery,
    inbound_endpoint,
    principal,
    webhook_endpoint,
)
from shared.db.tables.casework import erasure_due, expert_request, reassignment, referral
from shared.db.tables.categorising import category_correction, category_model, category_publication
from shared.db.tables.dispute import dispute, dispute_private, event, feedback, message, thread
from shared.db.tables.likeness import (
    cluster,
    cluster_decision,
    cluster_member,
    dispute_link,
    likeness,
    likeness_progress,
)
from shared.db.tables.precedents import precedent, precedent_due, precedent_word
from shared.db.tables.queue import heartbeat, inbox, outbox, parked
from shared.db.tables.risk import risk_model, risk_publication, risk_score
from shared.db.tables.schema import METADATA
from shared.db.tables.sending import delivery, delivery_attempt, notice_window
from shared.db.tables.themes import theme, theme_count, theme_period
from shared.db.tables.time import clock, mark, policy, policy_migration, timer

__all__ = [
    "METADATA",
    "api_key",
    "category_correction",
    "category_model",
    "category_publication",
    "clock",
    "cluster",
    "cluster_decision",
    "cluster_member",
    "delivery",
    "delivery_attempt",
    "dispute",
    "dispute_link",
    "dispute_private",
    "erasure_due",
    "event",
    "expert_request",
    "feedback",
    "heartbeat",
    "idempotency",
    "inbound_delivery",
    "inbound_endpoint",
    "inbox",
    "likeness",
    "likeness_progress",
    "mark",
    "message",
    "notice_window",
    "outbox",
    "parked",
    "policy",
    "policy_migration",
    "precedent",
    "precedent_due",
    "precedent_word",
    "principal",
    "reassignment",
    "referral",
    "risk_model",
    "risk_publication",
    "risk_score",
    "theme",
    "theme_count",
    "theme_period",
    "thread",
    "timer",
    "webhook_endpoint",
]
