"""Every event of a dispute's history: frozen, past tense, versioned. The history is the message.

Events carry identifiers and facts, never names, addresses or free text, so that they may travel and may be kept.
Instants are RFC 3339 text in UTC, money is a decimal string with its currency.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from shared.messages import assignment_events, casework_events, event, expert_events, link_events, referral_events

Event = event.Event
"""Something that happened to one dispute; see the modules that tell of one side of it only."""


class DisputeFiled(Event, frozen=True, kw_only=True, gc=False):
    """A customer's dispute was taken in and categorised."""

    type: ClassVar[str] = "dispute.filed"
    reference: str
    channel: str
    category: str
    confidence: float
    needs_person: bool
    secondary: tuple[str, ...]
    issue: str | None = None
    signals: tuple[str, ...]
    severity: str
    amount: str | None
    currency: str | None
    customer_id: str
    customer_class: str
    jurisdiction: str | None
    language: str
    text_language: str | None = None
    model_version: int | None = None


class DisputeCorrected(Event, frozen=True, kw_only=True, gc=False):
    """Facts were corrected; `changes` maps each field to its value before and after (no free text)."""

    type: ClassVar[str] = "dispute.corrected"
    changes: Mapping[str, tuple[str | None, str | None]]
    reason: str | None = None


class DisputeAssigned(Event, frozen=True, kw_only=True, gc=False):
    """A tier and a handler took the dispute; `clocks` maps each clock started to its due instant."""

    type: ClassVar[str] = "dispute.assigned"
    tier: int
    handler: str | None
    because: tuple[str, ...]
    policy_version: int
    clocks: Mapping[str, str]
    skipped: tuple[str, ...] = ()
    first: bool = False


class MessageAdded(Event, frozen=True, kw_only=True, gc=False):
    """A message joined the conversation: `direction` in or out, `author` customer, agent or system.

    `letter` is the fact that its hand-over makes true, where it is a letter that a regime may demand.
    """

    type: ClassVar[str] = "dispute.message_added"
    message_id: str
    direction: str
    channel: str
    author: str
    internal: bool
    automatic: bool = False
    letter: str | None = None


class StatusChanged(Event, frozen=True, kw_only=True, gc=False):
    """The dispute moved along its lifecycle without one of the more telling events."""

    type: ClassVar[str] = "dispute.status_changed"
    before: str
    after: str
    trigger: str
    reason_code: str | None = None


class DisputeEscalated(Event, frozen=True, kw_only=True, gc=False):
    """The dispute climbed from one tier to another; `fired_at` minus `due_at` is the engine's lateness."""

    type: ClassVar[str] = "dispute.escalated"
    from_tier: int | None
    to_tier: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]
    policy_version: int
    clock: str | None = None
    due_at: str | None = None
    fired_at: str | None = None
    next_due_at: str | None = None


class EscalationRequested(Event, frozen=True, kw_only=True, gc=False):
    """Somebody asked for a higher tier by hand; the reason is an internal message, named by its id."""

    type: ClassVar[str] = "dispute.escalation_requested"
    reason_code: str
    message_id: str | None
    to_tier: int | None


class MilestoneMarked(Event, frozen=True, kw_only=True, gc=False):
    """A fact was reported on which a regulatory milestone starts or by which it is met; `at` is when it was so."""

    type: ClassVar[str] = "dispute.marked"
    name: str
    at: str


class ExtensionRequested(Event, frozen=True, kw_only=True, gc=False):
    """More time was asked for one generation of a clock: `by` a term, or `until` an instant, within its rule."""

    type: ClassVar[str] = "dispute.extension_requested"
    request: str
    clock: str
    generation: int
    by: str | None
    until: str | None
    reason: str


class DeadlineExtended(Event, frozen=True, kw_only=True, gc=False):
    """A clock was given more time; `due_at` is None while a pause hides the deadline. The customer is told."""

    type: ClassVar[str] = "dispute.deadline_extended"
    clock: str
    generation: int
    times: int
    reason: str
    before: str | None
    due_at: str | None


class DeadlineWarned(Event, frozen=True, kw_only=True, gc=False):
    """A clock reached one of its warning points, `percent` of its counted time."""

    type: ClassVar[str] = "dispute.deadline_warned"
    clock: str
    generation: int
    percent: int
    tier: int | None
    handler: str | None
    due_at: str
    warn_at: str
    fired_at: str


class DeadlineMissed(Event, frozen=True, kw_only=True, gc=False):
    """A clock ran out before it was met."""

    type: ClassVar[str] = "dispute.deadline_missed"
    clock: str
    generation: int
    tier: int | None
    handler: str | None
    due_at: str
    fired_at: str


class UpdateOwed(Event, frozen=True, kw_only=True, gc=False):
    """The customer was promised news by now; an update is owed even where there is none."""

    type: ClassVar[str] = "dispute.update_owed"
    due_at: str
    fired_at: str
    next_due_at: str | None


class FollowUpDue(Event, frozen=True, kw_only=True, gc=False):
    """Some days passed since the resolution; the customer is to be asked whether it holds."""

    type: ClassVar[str] = "dispute.follow_up_due"
    occasion: int
    due_at: str
    fired_at: str


class DisputeResolved(Event, frozen=True, kw_only=True, gc=False):
    """A decision was given."""

    type: ClassVar[str] = "dispute.resolved"
    outcome: str
    remedy: str | None
    amount: str | None
    currency: str | None
    occasion: int


class DisputeConfirmed(Event, frozen=True, kw_only=True, gc=False):
    """The customer said that the resolution arrived and holds."""

    type: ClassVar[str] = "dispute.confirmed"
    by: str


class DisputeClosed(Event, frozen=True, kw_only=True, gc=False):
    """The dispute ended; `because` is one of confirmed, silence, decided, withdrawn, not_a_dispute, forwarded."""

    type: ClassVar[str] = "dispute.closed"
    because: str


class DisputeReopened(Event, frozen=True, kw_only=True, gc=False):
    """The dispute is open again with its identifier and its first receipt date."""

    type: ClassVar[str] = "dispute.reopened"
    because: str
    occasion: int


class PolicyMigrated(Event, frozen=True, kw_only=True, gc=False):
    """The dispute was moved to another version of the policy that makes its promises, as somebody asked.

    `moved` maps each clock whose rule changed to its due instant before and after (null while paused, or withdrawn);
    `held` names promises to the customer that would have been later and stayed.
    """

    type: ClassVar[str] = "dispute.policy_migrated"
    migration_id: str
    from_version: int | None
    to_version: int
    moved: Mapping[str, tuple[str | None, str | None]]
    held: tuple[str, ...]
    severity: tuple[str, str] | None
    allow_later: bool
    reason: str
    requested_by: str


class FeedbackGiven(Event, frozen=True, kw_only=True, gc=False):
    """The customer answered how it went: `rating` 1 to 5 (CSAT), `effort` 1 to 7 (CES), whether it is solved."""

    type: ClassVar[str] = "dispute.feedback_given"
    rating: int | None
    effort: int | None
    solved: bool | None


class CustomerNotified(Event, frozen=True, kw_only=True, gc=False):
    """A message of this kind was handed over for the customer, or given up; the clocks of our promises stop on it.

    `letter` is the fact that it makes true for the milestones of regimes, when it was handed over.
    """

    type: ClassVar[str] = "dispute.notified"
    kind: str
    channel: str
    outcome: str
    delivery_id: str
    occasion: str
    reason: str | None = None
    letter: str | None = None


class InboundReceived(Event, frozen=True, kw_only=True, gc=False):
    """A webhook or mail was stored and waits to be understood; the subject is the delivery, not a dispute."""

    type: ClassVar[str] = "inbound.received"
    sender: str


EVENT_CLASSES: Final[tuple[type[Event], ...]] = (
    DisputeFiled,
    DisputeCorrected,
    DisputeAssigned,
    MessageAdded,
    StatusChanged,
    DisputeEscalated,
    EscalationRequested,
    *assignment_events.CLASSES,
    *expert_events.CLASSES,
    *referral_events.CLASSES,
    *link_events.CLASSES,
    *casework_events.CLASSES,
    MilestoneMarked,
    ExtensionRequested,
    DeadlineExtended,
    DeadlineWarned,
    DeadlineMissed,
    UpdateOwed,
    FollowUpDue,
    DisputeResolved,
    DisputeConfirmed,
    DisputeClosed,
    DisputeReopened,
    PolicyMigrated,
    FeedbackGiven,
    CustomerNotified,
    InboundReceived,
)
EVENTS: Final[Mapping[str, type[Event]]] = {event.type: event for event in EVENT_CLASSES}
