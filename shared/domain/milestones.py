"""The milestones of regulatory regimes as clocks of a dispute: begun on their facts, once for each time these come true."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from shared.domain.assignment import NO_BENCH, Bench
from shared.domain.clock_record import Clock, ClockState, Kind, Promise
from shared.domain.clock_terms import MayExtend, MayPause, Watch
from shared.domain.counting import Rules
from shared.domain.draft import Draft
from shared.domain.frozen import altered
from shared.domain.marks import DROPPED, NO_MARKS, REOPENED, Marks, first_of, latest_of
from shared.domain.referral import Expected
from shared.domain.regime import After, ExtensionRule, Milestone, Nature, PauseRule, clock_kind, kind_of
from shared.domain.regime_choice import Owing
from shared.domain.timekeeping import continued, settled

_KEPT: Final = 2048


class Beyond(NamedTuple):
    """What a dispute is decided on beyond its own facts and its clocks."""

    marks: Marks = NO_MARKS
    owing: Owing | None = None
    bench: Bench = NO_BENCH
    breach_risk: float | None = None
    expected: Expected | None = None


NOTHING_BEYOND: Final = Beyond()


def start_milestones(draft: Draft, owing: Owing) -> None:
    """Begins every milestone whose fact is there; one that starts on another waits until that was met."""
    if draft.dispute.status in DROPPED:
        return
    facts = draft.facts()
    waiting = list(owing.owed)
    while begun := [each for each in waiting if _begin(draft, each.milestone, facts, owing.version)]:
        waiting = [each for each in waiting if each not in begun]


def next_period(draft: Draft, over: Clock) -> None:
    """The next period of a recurring milestone begins where the one that ran out ended."""
    if over.promise.spec.recurring and over.due_at is not None and draft.dispute.active:
        draft.begin(
            over.kind,
            over.promise,
            continued(over.promise, over.due_at, draft.calendars),
            policy_version=over.policy_version,
        )


def promised(milestone: Milestone, metadata: Mapping[str, str]) -> Promise:
    """The rule of a milestone's clock; the case's own date takes the place of the term where it has one."""
    promise = _promise(milestone)
    due = _own_date(metadata.get(milestone.due_from)) if milestone.due_from is not None else None
    if due is None or promise.watch is None:
        return promise
    return altered(promise, watch=altered(promise.watch, due=due))


def _begin(draft: Draft, milestone: Milestone, facts: Marks, version: int) -> bool:
    kind = Kind(milestone.spec.kind)
    last = draft.clocks.get(kind)
    since = None if last is not None and last.open else _since(draft, milestone, facts, last)
    if since is None or first_of(facts, milestone.void_on, since) is not None:
        return False
    promise = _without_letter_until(promised(milestone, draft.dispute.metadata), milestone, since, draft)
    begun = draft.begin(kind, promise, since, policy_version=version)
    if begun is not None and (after := settled(begun, draft.dispute, draft.now, draft.marks)) is not begun:
        draft.keep(after)  # what it watches was done before anybody could begin it
    return True


def _without_letter_until(promise: Promise, milestone: Milestone, since: datetime, draft: Draft) -> Promise:
    """The promise with the instant up to which what is done needs no letter, where the regime has one."""
    calendar = draft.calendars.get(promise.spec.calendar)
    if milestone.no_letter_within is None or promise.watch is None or calendar is None:
        return promise  # without its calendar the clock itself cannot be worked out, and says so
    rules = Rules(calendar, promise.spec.billing_cycle, promise.spec.count_receipt_day)
    free = rules.first_end_of(milestone.no_letter_within, since)
    return altered(promise, watch=altered(promise.watch, letter_free_until=free))


def _since(draft: Draft, milestone: Milestone, facts: Marks, last: Clock | None) -> datetime | None:
    """When its next clock starts: with a fact that is newer than the last clock's, or where a recurring one ended."""
    first = _started_on(draft, milestone, facts)
    if first is None or last is None or first > last.started_at:
        return first
    if not milestone.spec.recurring or not draft.dispute.active:
        return None
    if last.stopped_at is not None:  # it ended with a resolution; a reopening begins it anew
        reopened = latest_of(facts, REOPENED, draft.now)
        return reopened if reopened is not None and reopened > last.started_at else None
    if last.state is ClockState.MET or last.due_at is None:
        return last.met_at
    return continued(last.promise, last.due_at, draft.calendars)


def _started_on(draft: Draft, milestone: Milestone, facts: Marks) -> datetime | None:
    start = milestone.starts_on
    if not isinstance(start, After):
        return latest_of(facts, start.value, draft.now)
    named = kind_of(milestone.spec.kind)
    assert named is not None
    other = draft.clocks.get(Kind(clock_kind(named.regime, start.milestone)))
    return None if other is None else other.met_at


@lru_cache(maxsize=_KEPT)
def _promise(milestone: Milestone) -> Promise:
    watch = Watch(
        title=milestone.title,
        duty=milestone.nature is Nature.DUTY,
        met_by=tuple(map(str, milestone.met_by)),
        void_on=tuple(map(str, milestone.void_on)),
        pause=None if milestone.pause is None else _pause(milestone.pause),
        sends=milestone.must_send,
        letters=tuple(map(str, milestone.letters)),
    )
    extension = None if milestone.extension is None else _extension(milestone.extension)
    return Promise(milestone.spec, milestone.on_breach, extension=extension, watch=watch)


def _extension(rule: ExtensionRule) -> MayExtend:
    return MayExtend(
        times=rule.times_max,
        by=rule.by,
        latest=rule.max_total,
        reasons=rule.reasons,
        before_expiry=rule.before_expiry,
        requires=tuple(map(str, rule.requires)),
        notice=rule.notice,
        letters=tuple(map(str, rule.letters)),
        sends=rule.must_send,
    )


def _pause(rule: PauseRule) -> MayPause:
    return MayPause(str(rule.begins_on), str(rule.ends_on), rule.free, rule.least_after)


def _own_date(text: str | None) -> datetime | None:
    """An ISO 8601 instant with an offset; anything else is no date, and the rule's term stands."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None
