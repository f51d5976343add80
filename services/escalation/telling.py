"""What the domain decided, told as the events of the dispute's history."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from shared.domain import plan
from shared.domain.dispute import Dispute
from shared.domain.extending import times_extended
from shared.domain.plan import Climbed, Closed, Extended, FollowUpAsked, Missed, NewsOwed, Plan, TakenUp, Told, Warned
from shared.messages.assignment_events import HandedOver
from shared.messages.events import (
    DeadlineExtended,
    DeadlineMissed,
    DeadlineWarned,
    DisputeAssigned,
    DisputeClosed,
    DisputeEscalated,
    Event,
    FollowUpDue,
    UpdateOwed,
)


def events_of(decided: Plan, now: datetime) -> tuple[Event, ...]:
    """The events of a plan, in order; `now` is when its timers fired."""
    fired_at = text(now)
    return tuple(_EVENT[type(told)](told, decided.dispute, fired_at) for told in decided.told)


def text(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return orjson.dumps(moment, option=orjson.OPT_UTC_Z)[1:-1].decode()


def text_or_none(moment: datetime | None) -> str | None:
    """The same of a moment that may be unknown."""
    return None if moment is None else text(moment)


def _taken_up(told: TakenUp, _dispute: Dispute, _fired_at: str) -> Event:
    return DisputeAssigned(
        tier=told.tier,
        handler=told.handler,
        because=told.because,
        policy_version=told.policy_version,
        clocks={kind.value: text(due_at) for kind, due_at in told.clocks.items()},
        skipped=told.skipped,
        first=told.first,
    )


def _handed_over(told: plan.HandedOver, _dispute: Dispute, _fired_at: str) -> Event:
    return HandedOver(
        before=told.before,
        handler=told.handler,
        tier=told.tier,
        asked_by=told.wish.asked_by,
        message_id=told.wish.message_id,
        reassignment_id=told.wish.reassignment_id,
        override=told.wish.override,
    )


def _climbed(told: Climbed, _dispute: Dispute, fired_at: str) -> Event:
    return DisputeEscalated(
        from_tier=told.from_tier,
        to_tier=told.to_tier,
        handler=told.handler,
        because=told.because,
        skipped=told.skipped,
        policy_version=told.policy_version,
        clock=None if told.clock is None else told.clock.kind.value,
        due_at=None if told.clock is None else text_or_none(told.clock.due_at),
        fired_at=None if told.clock is None else fired_at,
        next_due_at=text_or_none(told.next_due_at),
    )


def _warned(told: Warned, dispute: Dispute, fired_at: str) -> Event:
    return DeadlineWarned(
        clock=told.clock.kind.value,
        generation=told.clock.generation,
        percent=told.percent,
        tier=dispute.tier,
        handler=dispute.handler,
        due_at=text_or_none(told.clock.due_at) or fired_at,
        warn_at=text(told.warn_at),
        fired_at=fired_at,
    )


def _missed(told: Missed, dispute: Dispute, fired_at: str) -> Event:
    return DeadlineMissed(
        clock=told.clock.kind.value,
        generation=told.clock.generation,
        tier=dispute.tier,
        handler=dispute.handler,
        due_at=text_or_none(told.clock.due_at) or fired_at,
        fired_at=fired_at,
    )


def _extended(told: Extended, _dispute: Dispute, _fired_at: str) -> Event:
    return DeadlineExtended(
        clock=told.clock.kind.value,
        generation=told.clock.generation,
        times=times_extended(told.clock),
        reason=told.clock.extensions[-1].reason,
        before=text_or_none(told.before),
        due_at=text_or_none(told.clock.due_at),
    )


def _news_owed(told: NewsOwed, _dispute: Dispute, fired_at: str) -> Event:
    due_at = text_or_none(told.clock.due_at) or fired_at
    return UpdateOwed(due_at=due_at, fired_at=fired_at, next_due_at=text_or_none(told.next_due_at))


def _follow_up(told: FollowUpAsked, _dispute: Dispute, fired_at: str) -> Event:
    due_at = text_or_none(told.clock.due_at) or fired_at
    return FollowUpDue(occasion=told.occasion, due_at=due_at, fired_at=fired_at)


def _closed(told: Closed, _dispute: Dispute, _fired_at: str) -> Event:
    return DisputeClosed(because=told.because)


_EVENT: Final[Mapping[type[Told], Callable[[Any, Dispute, str], Event]]] = {
    TakenUp: _taken_up,
    plan.HandedOver: _handed_over,
    Climbed: _climbed,
    Warned: _warned,
    Missed: _missed,
    Extended: _extended,
    NewsOwed: _news_owed,
    FollowUpAsked: _follow_up,
    Closed: _closed,
}
