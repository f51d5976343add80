"""When a notification is owed, when it was overtaken, and what makes it unique. Pure; the catalogue's vocabulary."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.domain.dispute import ENDED, SETTLED, Dispute
from shared.domain.regime import Marker, kind_of
from shared.messages import events, expert_events

SPOKEN: Final = frozenset({"phone", "telephone", "voice", "in_person"})
"""Channels on which an agent's message was said aloud and is only recorded; the others are told by mail."""

Facts = Mapping[str, Any]


# When an event makes it owed.


def always(event: Any, dispute: Dispute) -> bool:
    return True


def active(event: Any, dispute: Dispute) -> bool:
    return dispute.active


def first_assigned(event: events.DisputeAssigned, dispute: Dispute) -> bool:
    return event.first


def another_handler(event: events.DisputeAssigned, dispute: Dispute) -> bool:
    return not event.first and event.handler is not None and dispute.active


def update_comes_due(event: events.DeadlineWarned, dispute: Dispute) -> bool:
    return event.clock == "next_update" and dispute.active


def deadline_comes_due(event: events.DeadlineWarned, dispute: Dispute) -> bool:
    return event.clock != "next_update" and (dispute.active or _of_a_regime(event.clock))


def written_to_the_customer(event: events.MessageAdded, dispute: Dispute) -> bool:
    written = event.direction == "out" and event.author == "agent" and event.channel not in SPOKEN
    return written and not event.internal and not event.automatic


def written_by_the_customer(event: events.MessageAdded, dispute: Dispute) -> bool:
    return event.direction == "in" and event.author == "customer" and not event.internal and not event.automatic


def withdrawn(event: events.DisputeClosed, dispute: Dispute) -> bool:
    return event.because == "withdrawn"


def known_case_closed(event: events.DisputeClosed, dispute: Dispute) -> bool:
    return event.because != "withdrawn" and dispute.acknowledged_at is not None


def given_up(event: events.CustomerNotified, dispute: Dispute) -> bool:
    return event.outcome == "failed"


# When the dispute has moved on before it was sent.


def never(dispute: Dispute, facts: Facts) -> bool:
    return False


def not_active(dispute: Dispute, facts: Facts) -> bool:
    return not dispute.active


def nothing_due(dispute: Dispute, facts: Facts) -> bool:
    """A deadline of the house ends with the dispute; a letter that a regime demands is owed beyond the decision."""
    return not dispute.active and not _of_a_regime(facts["clock"])


def ended(dispute: Dispute, facts: Facts) -> bool:
    return dispute.status in ENDED


def not_ended(dispute: Dispute, facts: Facts) -> bool:
    return dispute.status not in ENDED


def not_settled(dispute: Dispute, facts: Facts) -> bool:
    return dispute.status not in SETTLED


def not_resolved(dispute: Dispute, facts: Facts) -> bool:
    return dispute.resolved_at is None


def handler_changed_again(dispute: Dispute, facts: Facts) -> bool:
    return not dispute.active or dispute.handler != facts["handler"]


def promised_later(event: events.DeadlineExtended, dispute: Dispute) -> bool:
    """A tier's deadline is the house's own; all others are promises to the customer."""
    return event.clock != "tier" and dispute.active


def informed_since(dispute: Dispute, facts: Facts) -> bool:
    told = dispute.informed_at
    return not dispute.active or (told is not None and told >= datetime.fromisoformat(facts["fired_at"]))


# Which letter it is, for the milestones of regimes.


def no_letter(facts: Facts) -> str | None:
    return None


def an_update(facts: Facts) -> str | None:
    return Marker.UPDATE_SENT.value


def the_decision(facts: Facts) -> str | None:
    return Marker.DECISION_SENT.value


def extension_notice(facts: Facts) -> str | None:
    return (Marker.EXTENSION_NOTICE_SENT if _of_a_regime(facts["clock"]) else Marker.UPDATE_SENT).value


def what_it_says_it_is(facts: Facts) -> str | None:
    return facts.get("letter") or Marker.UPDATE_SENT.value


def _of_a_regime(clock: str) -> bool:
    return kind_of(clock) is not None


# What makes it unique beside the dispute and the recipient.


def once(event: Any, sequence: int) -> str:
    return "once"


def by_sequence(event: Any, sequence: int) -> str:
    return str(sequence)


def by_clock(event: Any, sequence: int) -> str:
    """A warning that an extension put ahead again is another one: it warns of another deadline."""
    return f"{event.clock}.{event.generation}.{getattr(event, 'percent', 'due')}.{event.due_at}"


def by_occasion(event: Any, sequence: int) -> str:
    return str(event.occasion)


def by_due(event: events.UpdateOwed, sequence: int) -> str:
    return event.due_at


def by_message(event: events.MessageAdded, sequence: int) -> str:
    return event.message_id


def by_reminder(event: expert_events.ExpertAsked, sequence: int) -> str:
    return f"{event.request_id}.{event.reminder}"


def by_letter(event: events.CustomerNotified, sequence: int) -> str:
    return f"{event.kind}.{event.occasion}"
