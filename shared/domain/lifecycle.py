"""The lifecycle: statuses, triggers, and the one table of moves.

Status, tier, stage, clocks and outcome are orthogonal; this module knows the status alone. The road follows the steps
of ISO 10002 (receipt, assessment, investigation, response, closing), with the acknowledgement as a milestone beside it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.domain.errors import IllegalTransition


class Status(StrEnum):
    """Where a dispute stands."""

    RECEIVED = "received"
    TRIAGED = "triaged"
    FORWARDED = "forwarded"
    INVESTIGATING = "investigating"
    AWAITING_CUSTOMER = "awaiting_customer"
    AWAITING_DEPARTMENT = "awaiting_department"
    AWAITING_THIRD_PARTY = "awaiting_third_party"
    ASSESSED = "assessed"
    STAGE_2_REVIEW = "stage_2_review"
    REFERRED_EXTERNAL = "referred_external"
    EXTERNAL_DECIDED = "external_decided"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    NOT_A_DISPUTE = "not_a_dispute"


class Trigger(StrEnum):
    """What makes a dispute move."""

    TRIAGE = "triage"
    FORWARD = "forward"
    REJECT_AS_NO_DISPUTE = "reject_as_no_dispute"
    INVESTIGATE = "investigate"
    WAIT_FOR_CUSTOMER = "wait_for_customer"
    WAIT_FOR_DEPARTMENT = "wait_for_department"
    WAIT_FOR_THIRD_PARTY = "wait_for_third_party"
    RESUME = "resume"
    ASSESS = "assess"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    ASK_FOLLOW_UP = "ask_follow_up"
    CLOSE = "close"
    REOPEN = "reopen"
    REQUEST_STAGE_2 = "request_stage_2"
    REFER_EXTERNAL = "refer_external"
    RECORD_EXTERNAL_DECISION = "record_external_decision"
    WITHDRAW = "withdraw"


class Stage(StrEnum):
    """Which review a dispute is in: two internal ones, then an outside body."""

    INTERNAL_1 = "internal_1"
    INTERNAL_2 = "internal_2"
    EXTERNAL = "external"


class Outcome(StrEnum):
    """What was found; goodwill without a finding counts as upheld (FCA DISP 1.10)."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"


S, T = Status, Trigger

AWAITING: Final = frozenset({S.AWAITING_CUSTOMER, S.AWAITING_DEPARTMENT, S.AWAITING_THIRD_PARTY})
WORKING: Final = frozenset({S.INVESTIGATING, S.ASSESSED, S.STAGE_2_REVIEW, S.EXTERNAL_DECIDED}) | AWAITING
"""Somebody in the house owes the next step, or waits for an answer they asked for."""
ACTIVE: Final = WORKING | {S.RECEIVED, S.TRIAGED, S.FORWARDED, S.REFERRED_EXTERNAL}
"""Not yet resolved: clocks run, tiers climb."""
SETTLED: Final = frozenset({S.RESOLVED, S.CONFIRMED, S.FOLLOW_UP})
"""A decision was given; only the follow-up is still owed."""
ENDED: Final = frozenset({S.CLOSED, S.WITHDRAWN, S.NOT_A_DISPUTE})

_WAITS: Final = {
    T.WAIT_FOR_CUSTOMER: S.AWAITING_CUSTOMER,
    T.WAIT_FOR_DEPARTMENT: S.AWAITING_DEPARTMENT,
    T.WAIT_FOR_THIRD_PARTY: S.AWAITING_THIRD_PARTY,
}
_EARLY: Final = (S.RECEIVED, S.TRIAGED, S.FORWARDED)

TRANSITIONS: Final[Mapping[tuple[Status, Trigger], Status]] = {
    (S.RECEIVED, T.TRIAGE): S.TRIAGED,
    **{(s, T.FORWARD): S.FORWARDED for s in (S.RECEIVED, S.TRIAGED)},
    **{(s, T.REJECT_AS_NO_DISPUTE): S.NOT_A_DISPUTE for s in (S.RECEIVED, S.TRIAGED)},
    **{(s, T.INVESTIGATE): S.INVESTIGATING for s in (*_EARLY, S.ASSESSED, S.EXTERNAL_DECIDED)},
    **{
        (s, trigger): awaiting
        for s in (*_EARLY, S.INVESTIGATING, S.ASSESSED, S.STAGE_2_REVIEW)
        for trigger, awaiting in _WAITS.items()
    },
    **{(s, T.RESUME): S.INVESTIGATING for s in AWAITING},
    (S.INVESTIGATING, T.ASSESS): S.ASSESSED,
    **{(s, T.RESOLVE): S.RESOLVED for s in (*_EARLY, *WORKING)},
    (S.RESOLVED, T.CONFIRM): S.CONFIRMED,
    (S.FOLLOW_UP, T.CONFIRM): S.CONFIRMED,
    **{(s, T.ASK_FOLLOW_UP): S.FOLLOW_UP for s in (S.RESOLVED, S.CONFIRMED)},
    **{(s, T.CLOSE): S.CLOSED for s in (*SETTLED, S.EXTERNAL_DECIDED)},
    **{(s, T.REOPEN): S.INVESTIGATING for s in (*SETTLED, *ENDED)},
    **{(s, T.REQUEST_STAGE_2): S.STAGE_2_REVIEW for s in (*SETTLED, S.CLOSED)},
    **{(s, T.REFER_EXTERNAL): S.REFERRED_EXTERNAL for s in (*ACTIVE - {S.REFERRED_EXTERNAL}, *SETTLED, S.CLOSED)},
    (S.REFERRED_EXTERNAL, T.RECORD_EXTERNAL_DECISION): S.EXTERNAL_DECIDED,
    **{(s, T.WITHDRAW): S.WITHDRAWN for s in ACTIVE},
}
"""Every legal move. What is not here is illegal."""

_ALLOWED: Final[Mapping[Status, frozenset[Trigger]]] = {
    status: frozenset(trigger for s, trigger in TRANSITIONS if s is status) for status in Status
}


def allowed(status: Status) -> frozenset[Trigger]:
    """The triggers that a dispute in this status may meet."""
    return _ALLOWED[status]


def move(status: Status, trigger: Trigger) -> Status:
    """The status that follows.

    Raises:
        IllegalTransition: the table has no such move; the error names those it has.
    """
    target = TRANSITIONS.get((status, trigger))
    if target is None:
        raise IllegalTransition(status, trigger, allowed(status))
    return target
