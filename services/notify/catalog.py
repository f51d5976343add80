"""Every notification: who hears what, for which event, how often, and what must stand in it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.notify import conditions as on
from shared.domain.dispute import Dispute
from shared.messages import events, expert_events, referral_events
from shared.messages.events import Event


class Audience(StrEnum):
    """Who hears it. The handler stands for the tier's holders while nobody has the dispute by name."""

    CUSTOMER = "customer"
    HANDLER = "handler"
    TIER = "tier"
    EXPERT = "expert"
    INTEGRATION = "integration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing to tell.

    `occasion` makes it unique beside the dispute and the recipient: told once for each. `applies` judges when the event
    arrives, `overtaken` again right before sending. `must_say` names the elements whose text a letter may not lack.
    `news` counts as word to the customer; `alarm` calls a person when it cannot be sent; a letter that is not
    `automatic` was written by a person; one that is `urgent` says so to its reader's mail program. Notices to one of ours
    that may come in floods say `gathers`: many at once become one digest. `letter` is the fact for the milestones of regimes
    that its hand-over makes true.
    """

    kind: str
    audience: Audience
    cause: type[Event]
    occasion: Callable[[Any, int], str]
    must_say: tuple[str, ...] = ()
    applies: Callable[[Any, Dispute], bool] = on.always
    overtaken: Callable[[Dispute, on.Facts], bool] = on.never
    channel: str = "email"
    news: bool = False
    alarm: bool = False
    automatic: bool = True
    urgent: bool = False
    gathers: bool = False
    letter: Callable[[on.Facts], str | None] = on.no_letter

    @property
    def internal(self) -> bool:
        """Whether only our own people see it."""
        return self.audience in (Audience.HANDLER, Audience.TIER, Audience.EXPERT)

    @property
    def template(self) -> str:
        """The folder of its texts; an event for an integration has none."""
        return "" if self.audience is Audience.INTEGRATION else self.kind


C, H, T = Audience.CUSTOMER, Audience.HANDLER, Audience.TIER

CATALOG: Final[tuple[Notification, ...]] = (
    Notification(
        kind="acknowledgement",
        audience=C,
        cause=events.DisputeAssigned,
        applies=on.first_assigned,
        occasion=on.once,
        overtaken=on.ended,
        must_say=("reference", "handler", "next_step", "next_due", "how_to_add_evidence", "portal_link"),
        news=True,
        alarm=True,
        urgent=True,
    ),
    Notification(
        kind="agent_assigned",
        audience=C,
        cause=events.DisputeAssigned,
        applies=on.another_handler,
        occasion=on.by_sequence,
        overtaken=on.handler_changed_again,
        must_say=("reference", "handler"),
        news=True,
    ),
    Notification(
        kind="assigned",
        audience=H,
        cause=events.DisputeAssigned,
        occasion=on.by_sequence,
        overtaken=on.not_active,
        must_say=("reference", "severity"),
        gathers=True,
    ),
    Notification(
        kind="customer_wrote",
        audience=H,
        cause=events.MessageAdded,
        applies=on.written_by_the_customer,
        occasion=on.by_message,
        must_say=("reference", "contacts"),
    ),
    Notification(
        kind="escalated_customer",
        audience=C,
        cause=events.DisputeEscalated,
        occasion=on.by_sequence,
        overtaken=on.not_active,
        must_say=("reference", "handler", "next_step", "next_due"),
        news=True,
    ),
    Notification(
        kind="escalated",
        audience=T,
        cause=events.DisputeEscalated,
        occasion=on.by_sequence,
        overtaken=on.not_active,
        must_say=("reference", "severity", "because"),
        urgent=True,
        gathers=True,
    ),
    Notification(
        kind="update_owed",
        audience=H,
        cause=events.DeadlineWarned,
        applies=on.update_comes_due,
        occasion=on.by_clock,
        overtaken=on.not_active,
        must_say=("reference", "due"),
        gathers=True,
    ),
    Notification(
        kind="deadline_warning",
        audience=H,
        cause=events.DeadlineWarned,
        applies=on.deadline_comes_due,
        occasion=on.by_clock,
        overtaken=on.nothing_due,
        must_say=("reference", "clock", "due"),
        gathers=True,
    ),
    Notification(
        kind="deadline_missed",
        audience=T,
        cause=events.DeadlineMissed,
        occasion=on.by_clock,
        must_say=("reference", "clock", "due"),
        urgent=True,
        gathers=True,
    ),
    Notification(
        kind="deadline_extended",
        audience=C,
        cause=events.DeadlineExtended,
        applies=on.promised_later,
        occasion=on.by_sequence,
        overtaken=on.not_active,
        must_say=("reference", "due", "because"),
        news=True,
        letter=on.extension_notice,
    ),
    Notification(
        kind="update",
        audience=C,
        cause=events.UpdateOwed,
        occasion=on.by_due,
        overtaken=on.informed_since,
        must_say=("reference", "no_decision_yet", "standing", "next_due"),
        news=True,
        letter=on.an_update,
    ),
    Notification(
        kind="message",
        audience=C,
        cause=events.MessageAdded,
        applies=on.written_to_the_customer,
        occasion=on.by_message,
        must_say=("reference", "message"),
        news=True,
        letter=on.what_it_says_it_is,
        alarm=True,
        automatic=False,
        urgent=True,
    ),
    Notification(
        kind="resolution",
        audience=C,
        cause=events.DisputeResolved,
        occasion=on.by_occasion,
        overtaken=on.not_resolved,
        must_say=("reference", "outcome", "remedy", "follow_up", "how_to_disagree"),
        news=True,
        letter=on.the_decision,
        alarm=True,
    ),
    Notification(
        kind="follow_up",
        audience=C,
        cause=events.FollowUpDue,
        occasion=on.by_occasion,
        overtaken=on.not_settled,
        must_say=("reference", "solved_link", "not_solved_link"),
    ),
    Notification(
        kind="reopened",
        audience=C,
        cause=events.DisputeReopened,
        occasion=on.by_occasion,
        overtaken=on.not_active,
        must_say=("reference", "next_step"),
        news=True,
    ),
    Notification(
        kind="withdrawn",
        audience=C,
        cause=events.DisputeClosed,
        applies=on.withdrawn,
        occasion=on.by_sequence,
        overtaken=on.not_ended,
        must_say=("reference", "how_to_return"),
        news=True,
    ),
    Notification(
        kind="closed",
        audience=C,
        cause=events.DisputeClosed,
        applies=on.known_case_closed,
        occasion=on.by_sequence,
        overtaken=on.not_ended,
        must_say=("reference", "closed_because", "how_to_return"),
        news=True,
    ),
    Notification(
        kind="expert_request",
        audience=Audience.EXPERT,
        cause=expert_events.ExpertAsked,
        occasion=on.by_reminder,
        overtaken=on.not_active,
        must_say=("reference", "message", "due"),
    ),
    Notification(
        kind="expert_answer",
        audience=H,
        cause=expert_events.ExpertAnswered,
        occasion=on.by_sequence,
        must_say=("reference", "desk", "message"),
    ),
    Notification(
        kind="expert_overdue",
        audience=T,
        cause=expert_events.ExpertOverdue,
        occasion=on.by_sequence,
        overtaken=on.not_active,
        must_say=("reference", "desk", "due"),
        urgent=True,
    ),
    Notification(
        kind="compliance_missed",
        audience=T,
        cause=referral_events.ComplianceMissed,
        occasion=on.by_sequence,
        overtaken=on.not_active,
        must_say=("reference", "due"),
        urgent=True,
    ),
    Notification(
        kind="undeliverable",
        audience=H,
        cause=events.CustomerNotified,
        applies=on.given_up,
        occasion=on.by_letter,
        must_say=("reference", "reason"),
        urgent=True,
    ),
    Notification(
        kind="event",
        audience=Audience.INTEGRATION,
        cause=Event,
        occasion=on.by_sequence,
        channel="webhook",
        urgent=True,
    ),
)

BY_KIND: Final[Mapping[str, Notification]] = {entry.kind: entry for entry in CATALOG}
WITH_MESSAGE: Final = frozenset({"message", "expert_request", "expert_answer"})
"""Those that carry what somebody wrote, by the id of the message among their facts."""
LETTERS: Final = tuple(entry for entry in CATALOG if entry.template)
UNDELIVERABLE: Final = BY_KIND["undeliverable"]
TO_INTEGRATIONS: Final = BY_KIND["event"]


def owed(event: Event, dispute: Dispute) -> list[Notification]:
    """The letters that this event makes owed, as the dispute stands now."""
    return [entry for entry in LETTERS if type(event) is entry.cause and entry.applies(event, dispute)]
