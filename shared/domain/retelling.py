"""What the steps of a story leave on a dispute that is told again: marks, corrected facts, severity by a matrix."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from shared.domain.conditions import SEVERITY_ORDER, Facts
from shared.domain.dispute import Category, Dispute, Severity
from shared.domain.escalation import climbs
from shared.domain.frozen import altered
from shared.domain.matrix import Matrix
from shared.domain.severity import assess
from shared.domain.story import Did, Step, Story

_JOINED: Final = frozenset({"severity", "category", "issue"})
"""Corrected facts that are not fields of the dispute by themselves."""
_PRESSES: Final = frozenset({"category", "amount", "customer_class"})


def marked(dispute: Dispute, did: Did, at: datetime) -> Dispute:
    """The dispute with the mark that something done leaves on it."""
    match did:
        case Did.WROTE:
            return altered(dispute, contact_count=dispute.contact_count + 1)
        case Did.ANSWERED | Did.RESOLVED:
            return altered(dispute, responded_at=dispute.responded_at or at, informed_at=at)
        case Did.ACKNOWLEDGED:
            return altered(dispute, acknowledged_at=dispute.acknowledged_at or at, informed_at=at)
        case Did.INFORMED:
            return altered(dispute, informed_at=at)
        case _:
            return dispute


def aged(story: Story, matrix: Matrix) -> list[Step]:
    """The steps and, between them, the instants at which an age is reached that a threshold looks at."""
    ages = matrix.ages()
    if not ages:
        return list(story.steps)
    received = story.dispute.received_at
    reached = [Step(received + age, Did.AGED) for age in ages if received + age < story.until]
    return sorted((*story.steps, *reached), key=attrgetter("at"))


def not_taken_up(dispute: Dispute) -> Dispute:
    """The dispute before escalation heard of it."""
    if dispute.tier is None and dispute.handler is None and dispute.policy_version is None:
        return dispute
    return altered(dispute, tier=None, handler=None, policy_version=None)


def judged_by(dispute: Dispute, matrix: Matrix) -> Dispute:
    """The dispute with the severity that this matrix gives it."""
    return altered(dispute, severity=assess(matrix, Facts.of(dispute)).severity)


def corrected(dispute: Dispute, facts: Mapping[str, Any], matrix: Matrix) -> Dispute:
    """The corrected facts; what presses harder raises the severity by this matrix, and one given by hand stands."""
    given: Severity | None = facts.get("severity")
    after = altered(dispute, **{name: fact for name, fact in facts.items() if name not in _JOINED})
    if "category" in facts:
        name, needs_person = facts["category"]
        after = altered(after, category=_category(dispute.category, name, needs_person))
    if "issue" in facts:
        after = altered(after, category=altered(after.category, issue=facts["issue"]))
    if not _PRESSES.isdisjoint(facts):
        judged = assess(matrix, Facts.of(after)).severity
        return altered(after, severity=max(judged, after.severity, key=SEVERITY_ORDER.__getitem__))
    return after if given is None else altered(after, severity=given)


def _category(before: Category, name: str | None, needs_person: str | None) -> Category:
    wants = before.needs_person if needs_person is None else needs_person == "true"
    return Category(name or before.name, before.confidence, wants, before.secondary, before.issue)


def weighed_by_tables(dispute: Dispute) -> tuple[object, ...] | None:
    """What tables of a matrix look at and may change, while tiers have a hold on the dispute; None while they have none."""
    if dispute.tier is None or not climbs(dispute):
        return None
    return (
        dispute.category,
        dispute.severity,
        dispute.signals,
        dispute.amount,
        dispute.customer_class,
        dispute.contact_count,
        dispute.reopen_count,
    )
