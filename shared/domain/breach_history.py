"""A finished resolution clock looked at again at several instants of its life, with nothing that came later."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.domain.breach_features import Around, Features, features_of, share_used
from shared.domain.clock_record import Clock, ClockState
from shared.domain.clock_run import run
from shared.domain.conditions import Rates
from shared.domain.dispute import Category, Dispute
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger, allowed
from shared.domain.pausing import pauses_of
from shared.domain.story import Did, Step, Story
from shared.domain.timekeeping import Calendars

LANDMARKS: Final = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
"""Shares of the time first allowed at which a clock that still runs is looked at."""


class Turn(NamedTuple):
    """From this instant the dispute was at this tier; `climbed` when it climbed there."""

    at: datetime
    tier: int
    climbed: bool


class PastClock(NamedTuple):
    """A resolution clock that was met or missed, with the history of its dispute.

    `extended_at` holds when it was given more time, in the order of its extensions.
    """

    clock: Clock
    story: Story
    turns: tuple[Turn, ...] = ()
    extended_at: tuple[datetime, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether it ran out, even if what it watched was done later."""
        return self.clock.state is ClockState.MISSED

    @property
    def ended_at(self) -> datetime:
        """When it was known to be kept or broken."""
        ended = self.clock.missed_at or self.clock.met_at
        assert ended is not None
        return ended


class Landmark(NamedTuple):
    """What was known at an instant while the clock ran, and how it ended."""

    at: datetime
    features: Features
    broken: bool


class Backlog:
    """How many disputes were open at an instant, from when each opened and was decided or ended."""

    def __init__(self, opened: Sequence[datetime], ended: Sequence[datetime]) -> None:
        self._opened = sorted(opened)
        self._ended = sorted(ended)

    def at(self, now: datetime) -> int:
        """Open at this instant."""
        return max(0, bisect_right(self._opened, now) - bisect_right(self._ended, now))


def as_it_stood(past: PastClock, now: datetime) -> tuple[Dispute, Clock, int]:
    """The dispute, its resolution clock and how often it had climbed, as known at `now`."""
    dispute = past.story.dispute
    for step in past.story.steps:
        if step.at > now:
            break
        dispute = _lived(dispute, step)
    turns = [turn for turn in past.turns if turn.at <= now]
    if turns:
        dispute = altered(dispute, tier=turns[-1].tier)
    granted = sum(at <= now for at in past.extended_at)
    clock = altered(
        past.clock,
        state=ClockState.RUNNING,
        extensions=past.clock.extensions[:granted],
        due_at=None,
        met_at=None,
        missed_at=None,
        fired_at=None,
    )
    return dispute, clock, sum(turn.climbed for turn in turns)


def opened_and_ended(story: Story) -> tuple[list[datetime], list[datetime]]:
    """When the dispute came to be unresolved, at filing and with every reopening, and when that ended."""
    dispute, opened, ended = story.dispute, [story.dispute.received_at], list[datetime]()
    for step in story.steps:
        before, dispute = dispute.active, _lived(dispute, step)
        if dispute.active and not before:
            opened.append(step.at)
        elif before and not dispute.active:
            ended.append(step.at)
    return opened, ended


def landmarks(past: PastClock, calendars: Calendars, rates: Rates, backlog: Backlog) -> Iterator[Landmark]:
    """The clock at each landmark at which it still ran.

    Raises:
        PolicyFault: no calendar of the name its rule says.
        CannotPromise: the deadline never comes.
    """
    for now in _instants(past, calendars):
        if past.clock.opened_at <= now < past.ended_at:
            dispute, clock, climbs = as_it_stood(past, now)
            share = share_used(clock, dispute, calendars, now)
            around = Around(now, share, backlog.at(now), climbs)
            yield Landmark(now, features_of(dispute, around, rates), past.broken)


def _instants(past: PastClock, calendars: Calendars) -> Iterator[datetime]:
    """When each share of the time first allowed had passed, waits for the customer left out.

    A later wait moves no earlier instant, and extensions move none.
    """
    spec, start = past.clock.promise.spec, past.clock.started_at
    calendar = calendars[spec.calendar]
    planned = run(spec, calendar, started_at=start)
    end = past.story.dispute
    for step in past.story.steps:
        end = _lived(end, step)
    lived = run(spec, calendar, started_at=start, pauses=pauses_of(end))
    for share in LANDMARKS:
        at = max(start, past.clock.opened_at) if not share else lived.reached(planned.budget * share)
        if at is not None:
            yield at


def _lived(dispute: Dispute, step: Step) -> Dispute:
    """The dispute after something people did, as far as figures look at it."""
    match step.did:
        case Did.MOVED | Did.RESOLVED:
            trigger = Trigger.RESOLVE if step.did is Did.RESOLVED else step.value
            return dispute.after(trigger, step.at) if trigger in allowed(dispute.status) else dispute
        case Did.WROTE:
            return altered(dispute, contact_count=dispute.contact_count + 1)
        case Did.CORRECTED:
            return _corrected(dispute, step)
        case _:
            return dispute


def _corrected(dispute: Dispute, step: Step) -> Dispute:
    facts = dict(step.value)
    name, wants = facts.pop("category", (None, None))
    before = dispute.category
    needs_person = before.needs_person if wants is None else wants == "true"
    category = Category(name or before.name, before.confidence, needs_person, before.secondary)
    return altered(dispute, category=category, **facts)
