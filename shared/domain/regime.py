"""Regulatory regimes as values: milestones, each with the fact it starts on and the facts it is met by.

None of this is legal advice. The figures live in packs, `shared/policy/regimes/`; each names its source.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.clock_record import OnBreach
from shared.domain.clock_spec import ClockSpec
from shared.domain.duration import Term

_KIND_PREFIX: Final = "regime:"
_AFTER_PREFIX: Final = "milestone:"


class Marker(StrEnum):
    """A fact of a dispute with an instant of its own, on which a milestone may start or by which it may be met.

    Those of `OF_THE_DISPUTE` are read from the dispute, those of `LETTERS` from what was handed over or recorded as sent;
    all others are reported by whoever knows them.
    """

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    RESPONDED = "responded"
    INFORMED = "informed"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    STAGE_2_REQUESTED = "stage_2_requested"
    REFERRED_EXTERNAL = "referred_external"

    DECISION_SENT = "decision_sent"
    EXTENSION_NOTICE_SENT = "extension_notice_sent"
    UPDATE_SENT = "update_sent"
    ADR_LETTER_SENT = "adr_letter_sent"
    DELAY_NOTICE_SENT = "delay_notice_sent"
    FINAL_RESPONSE_SENT = "final_response_sent"
    OUTCOME_SENT = "outcome_sent"
    PORTAL_RESPONSE_SENT = "portal_response_sent"
    PROVISIONAL_CREDIT_TOLD = "provisional_credit_told"
    RESULTS_SENT = "results_sent"
    STAGE_2_ACKNOWLEDGED = "stage_2_acknowledged"
    SUMMARY_RESOLUTION_SENT = "summary_resolution_sent"

    AMOUNT_REVERSED = "amount_reversed"
    COLLABORATION_ANSWERED = "collaboration_answered"
    COLLABORATION_OPENED = "collaboration_opened"
    CUSTOMER_ANSWERED = "customer_answered"
    CUSTOMER_ASKED = "customer_asked"
    ERROR_CORRECTED = "error_corrected"
    ESCALATED_TO_CLAIM = "escalated_to_claim"
    EVIDENCE_REQUESTED = "evidence_requested"
    EVIDENCE_SUBMITTED = "evidence_submitted"
    FINDING_MADE = "finding_made"
    GOODS_DELIVERED = "goods_delivered"
    GOODS_REJECTED = "goods_rejected"
    INQUIRY_OPENED = "inquiry_opened"
    INVESTIGATION_FINISHED = "investigation_finished"
    MECHANISM_DECIDED = "mechanism_decided"
    MECHANISM_NOTIFIED = "mechanism_notified"
    PLAN_AGREED = "plan_agreed"
    PLAN_CARRIED_OUT = "plan_carried_out"
    PLAN_PROPOSED = "plan_proposed"
    PORTAL_COMPLAINT_SENT = "portal_complaint_sent"
    PROVISIONAL_CREDIT_GIVEN = "provisional_credit_given"
    REMEDY_AGREED = "remedy_agreed"
    REMEDY_EXECUTED = "remedy_executed"
    REPAIR_DONE = "repair_done"
    REPAIR_REQUESTED = "repair_requested"
    STATEMENT_SENT = "statement_sent"
    TRANSACTION_FAILED = "transaction_failed"
    TRANSACTION_POSTED = "transaction_posted"
    URGENT_MATTER_FIXED = "urgent_matter_fixed"
    WRITTEN_CONFIRMATION_RECEIVED = "written_confirmation_received"


OF_THE_DISPUTE: Final = frozenset(
    {
        Marker.RECEIVED,
        Marker.ACKNOWLEDGED,
        Marker.RESPONDED,
        Marker.INFORMED,
        Marker.RESOLVED,
        Marker.CLOSED,
        Marker.REOPENED,
        Marker.STAGE_2_REQUESTED,
        Marker.REFERRED_EXTERNAL,
    }
)
BY_ITSELF: Final = (
    Marker.ACKNOWLEDGED,
    Marker.DECISION_SENT,
    Marker.EXTENSION_NOTICE_SENT,
    Marker.UPDATE_SENT,
)
"""Letters that the product writes, or that any message to the customer is; they may be recorded as sent otherwise too."""
WRITTEN: Final = (
    Marker.ADR_LETTER_SENT,
    Marker.DELAY_NOTICE_SENT,
    Marker.FINAL_RESPONSE_SENT,
    Marker.OUTCOME_SENT,
    Marker.PORTAL_RESPONSE_SENT,
    Marker.PROVISIONAL_CREDIT_TOLD,
    Marker.RESULTS_SENT,
    Marker.STAGE_2_ACKNOWLEDGED,
    Marker.SUMMARY_RESOLUTION_SENT,
)
"""Letters that a person writes, and says which it is."""
LETTERS: Final = frozenset((*BY_ITSELF, *WRITTEN))
"""Facts that say a letter was handed over, or recorded as sent by other means."""
REPORTED: Final = frozenset(Marker) - OF_THE_DISPUTE - LETTERS


class After(NamedTuple):
    """The instant at which another milestone of the same regime was met, in time or late."""

    milestone: str

    def __str__(self) -> str:
        return f"{_AFTER_PREFIX}{self.milestone}"


Start = Marker | After


class Nature(StrEnum):
    """Whose step it is: what it means when the time runs out.

    A `duty` of the business that runs out is a broken promise. An `opportunity` lost is none: the longer road is
    taken. A `customer_window` is the customer's time to use a right. `third_party` is time that somebody else owes.
    """

    DUTY = "duty"
    OPPORTUNITY = "opportunity"
    CUSTOMER_WINDOW = "customer_window"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """When more time may be taken. A reason is always given: one of `reasons`, or any where the regime lists none.

    `by` is the most that one extension adds and `max_total` the latest end, counted from the milestone's start; None
    where the regime names no figure. The customer is told what `must_send` lists: `notice` before the time runs out
    where the regime says how long before, and in any case before it runs out when `before_expiry`. One of `letters` is
    what tells them. Every fact of `requires` has to be there first.
    """

    by: Term | None
    max_total: Term | None
    times_max: int
    reasons: tuple[str, ...]
    notice: Term | None = None
    before_expiry: bool = True
    must_send: tuple[str, ...] = ()
    letters: tuple[Marker, ...] = ()
    requires: tuple[Marker, ...] = ()


@dataclass(frozen=True, slots=True)
class PauseRule:
    """The only thing that stops a milestone's clock: from one fact to another, `free` so long after the first.

    `least_after` is what remains at least once the clock runs again, however little was left.
    """

    begins_on: Marker
    ends_on: Marker
    free: Term | None = None
    least_after: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One dated step of a regime: it starts on a fact, runs as `spec` says, and is met by the first of `met_by`.

    `void_on` are facts after which it is no longer owed, met or not. `only_if` are words of which the case needs one
    (circumstances, its product line, category or customer class); of several milestones of one name the first that
    applies is taken. `since` and `until` are the first and last day of receipt (UTC) to which it applies. `due_from` is the
    key of the dispute's metadata under which a date of its own, as an ISO 8601 instant, takes the place of the term.
    `consequence` is what the regime attaches to missing it. `spec.kind` is what `clock_kind` gives.

    `must_send` is what has to be sent, in words, and one of `letters` is what sends it: where there are any, the milestone is
    met only once one of them was sent as well. Nothing has to be sent for what was done within `no_letter_within` of the start.
    """

    name: str
    title: str
    nature: Nature
    starts_on: Start
    met_by: tuple[Marker, ...]
    spec: ClockSpec
    on_breach: OnBreach
    source: str
    void_on: tuple[Marker, ...] = ()
    extension: ExtensionRule | None = None
    pause: PauseRule | None = None
    must_send: tuple[str, ...] = ()
    letters: tuple[Marker, ...] = ()
    no_letter_within: Term | None = None
    only_if: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    due_from: str | None = None
    consequence: str | None = None
    enabled: bool = True
    note: str | None = None

    def applies(self, words: Collection[str], received_on: date) -> bool:
        """Whether it is switched on, in force for this day of receipt, and meant for such a case."""
        in_force = (self.since is None or self.since <= received_on) and (
            self.until is None or received_on <= self.until
        )
        return self.enabled and in_force and (not self.only_if or any(word in words for word in self.only_if))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A pack: for whom it is meant, what it asks for, and where that is written.

    `jurisdictions` and `categories` and `customer_classes` left empty mean any; `products` are never empty, so no
    regime applies to a case whose product line nobody told. `rules` are what it asks for without a clock.
    `precludes` are the regimes of lower priority that this one stands in for. `changes` are the business's own, each
    with its reason.
    """

    id: str
    title: str
    jurisdictions: tuple[str, ...]
    products: tuple[str, ...]
    categories: tuple[str, ...]
    customer_classes: tuple[str, ...]
    priority: int
    enabled: bool
    note: str | None
    source: str
    as_of: date
    milestones: tuple[Milestone, ...]
    rules: tuple[str, ...] = ()
    circumstances: tuple[tuple[str, str], ...] = ()
    precludes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def owed(self, words: Collection[str], received_on: date) -> tuple[Milestone, ...]:
        """The milestones for a case of these words: of each name the first that applies, in the pack's order."""
        found: dict[str, Milestone] = {}
        for each in self.milestones:
            if each.name not in found and each.applies(words, received_on):
                found[each.name] = each
        return tuple(found.values())


class KindOf(NamedTuple):
    """The regime and the milestone that a clock's kind names."""

    regime: str
    milestone: str


def clock_kind(regime: str, milestone: str) -> str:
    """The kind under which a milestone's clock is stored: `regime:<regime id>/<milestone>`."""
    return f"{_KIND_PREFIX}{regime}/{milestone}"


def kind_of(kind: str) -> KindOf | None:
    """The regime and milestone of a stored kind; None for a clock of the escalation matrix."""
    if not kind.startswith(_KIND_PREFIX):
        return None
    regime, _, milestone = kind.removeprefix(_KIND_PREFIX).partition("/")
    return KindOf(regime, milestone)


def parse_start(text: str) -> Start:
    """The fact, or with `milestone:<name>` the other milestone, that a pack names.

    Raises:
        ValueError: there is no such fact.
    """
    return After(text.removeprefix(_AFTER_PREFIX)) if text.startswith(_AFTER_PREFIX) else Marker(text)


def by_id(regimes: Iterable[Regime]) -> dict[str, Regime]:
    """The regimes by their ids."""
    return {regime.id: regime for regime in regimes}
