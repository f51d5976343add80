"""Expert desks: who is asked when a case needs somebody who knows, and how long they have to answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.counting import Rules
from shared.domain.duration import Term
from shared.domain.errors import PolicyFault

DESKS_MAX: Final = 100


class RequestState(StrEnum):
    """Where a question to an expert stands; one that is overdue may still be answered, late."""

    OPEN = "open"
    ANSWERED = "answered"
    OVERDUE = "overdue"
    WITHDRAWN = "withdrawn"


ANSWERABLE: Final = frozenset({RequestState.OPEN, RequestState.OVERDUE})


@dataclass(frozen=True, slots=True)
class ExpertDesk:
    """Somebody outside the tiers who answers questions of one kind, within `term` counted on `calendar`.

    They are reminded when `remind_at`, a fraction of that time as it passes on the clock, is over; None never.
    """

    name: str
    title: str
    email: str | None
    skill: str | None
    term: Term
    calendar: str
    remind_at: float | None


def desk_for(skill: str, desks: Mapping[str, ExpertDesk], waiting: Mapping[str, int]) -> ExpertDesk | None:
    """The desk with this skill that has the fewest questions waiting, by `waiting`; of equals the first by name."""
    able = [each for each in desks.values() if each.skill == skill]
    return min(able, key=lambda each: (waiting.get(each.name, 0), each.name), default=None)


class Times(NamedTuple):
    """When an answer is due, and when the desk is reminded of it; both UTC."""

    remind_at: datetime | None
    due_at: datetime


def times(desk: ExpertDesk, asked_at: datetime, calendars: Mapping[str, Calendar]) -> Times:
    """By when a question asked at this instant is to be answered.

    Raises:
        PolicyFault: the desk's calendar is gone.
        CannotPromise: the time never ends.
    """
    calendar = calendars.get(desk.calendar)
    if calendar is None:
        raise PolicyFault(f"experts.{desk.name}.calendar", f"There is no calendar named {desk.calendar}.")
    due_at = Rules(calendar).first_end_of(desk.term, asked_at)
    if desk.remind_at is None:
        return Times(None, due_at)
    return Times(asked_at + (due_at - asked_at) * desk.remind_at, due_at)
